"""API Gateway, HTTP and WebSocket APIs: their stages."""

from __future__ import annotations

from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import answered, kept, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.tagging import create_params
from sandbox.aws.types.apigateway import execution_arn, gateway_arn, invoke_url
from sandbox.aws.types.apigatewayv2 import api_of, find_in_api, gateway_tags, part_of


def _stage_path(subject: Subject) -> str:
    return f"/apis/{api_of(subject)}/stages/{subject.id}"


_STAGE_CHANGED = (
    "accessLogSettings",
    "autoDeploy",
    "clientCertificateId",
    "defaultRouteSettings",
    "deploymentId",
    "description",
    "routeSettings",
    "stageVariables",
)


def _route_settings(subject: Subject) -> Params:
    settings = {}
    for item in subject.inputs.get("routeSettings") or ():
        settings[item["routeKey"]] = {
            name[0].upper() + name[1:]: int(value) if name == "throttlingBurstLimit" else value
            for name, value in item.items()
            if name != "routeKey" and value is not None
        }
    return {"RouteSettings": settings} if settings else {}


_STAGE_NAMES = {"name": "StageName", "routeSettings": ""}


def _websocket(subject: Subject) -> bool:
    api = subject.cloud.call("apigatewayv2", "GetApi", {"ApiId": api_of(subject)})
    return bool(api["ProtocolType"] == "WEBSOCKET")


def _execution(subject: Subject) -> str:
    return execution_arn(subject, api_of(subject), subject.id)


def _stage_url(subject: Subject) -> str:
    stage = "" if subject.id == "$default" else subject.id
    url = invoke_url(subject, api_of(subject), stage)
    return url.replace("https://", "wss://") if _websocket(subject) else url


_CREATE_STAGE = Call(operation="CreateStage", names=_STAGE_NAMES, adds=_route_settings)


def _restage(subject: Subject) -> None:
    """The emulator has no UpdateStage: the stage is made again under its name."""
    subject.cloud.call("apigatewayv2", "DeleteStage", part_of("StageName")(subject))
    perform(STAGE, _CREATE_STAGE, subject, create_params(STAGE, subject.inputs))


STAGE = ResourceType(
    type="aws:apigatewayv2/stage:Stage",
    service="apigatewayv2",
    tier="native",
    create=_CREATE_STAGE,
    id=answered("StageName"),
    read=reading("apigatewayv2", "GetStage", part_of("StageName")),
    delete=Call(operation="DeleteStage", sends=(), adds=part_of("StageName")),
    steps=(Step(on=_STAGE_CHANGED, do=_restage, at_create=False),),
    outputs={
        "arn": lambda s: gateway_arn(s, _stage_path(s)),
        "deploymentId": kept("deploymentId", "DeploymentId"),
        "executionArn": _execution,
        "invokeUrl": _stage_url,
    },
    echoes={"name": "StageName"},
    find=find_in_api("GetStages", "StageName", lambda s, stage: bool(stage["StageName"] == s.inputs["name"])),
    auto_name=AutoName(prefix_property=None, limit=128),
    place=("apiId", "name"),
    unordered=("routeSettings",),
    tags=gateway_tags(_stage_path),
)

TYPES = (STAGE,)
