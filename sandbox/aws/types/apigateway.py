"""API Gateway, REST APIs: the API, its deployments and stages."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws import openapi
from sandbox.aws.documents import policy_failures
from sandbox.aws.patches import patching
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_TARGET = {"restApi": "restApiId"}


TAGS = Tags(style="map", at_create="tags", listed="")
"""Sent at the create alone: the emulator has none of API Gateway's operations on tags."""


def gateway_arn(subject: Subject, path: str) -> str:
    """API Gateway's ARNs name no account."""
    cloud = subject.cloud
    return f"arn:{cloud.partition}:apigateway:{cloud.region}::{path.format(id=subject.id)}"


def execution_arn(subject: Subject, api: str, stage: str = "") -> str:
    """What a permission to be called names."""
    return subject.cloud.arn("execute-api", f"{api}/{stage}" if stage else api)


def invoke_url(subject: Subject, api: str, stage: str) -> str:
    return f"https://{api}.execute-api.{subject.cloud.region}.{subject.cloud.dns_suffix}/{stage}"


def _put_body(subject: Subject) -> None:
    """Makes what the document describes, in place of what is there.

    By the operations of each part: the emulator's PutRestApi reads no Swagger 2 and gives a new root.
    """
    if subject.inputs.get("body") is None:
        return
    api = {"restApiId": subject.id}
    call = subject.cloud.call
    known: dict[str, str] = {}
    merges = subject.inputs.get("putRestApiMode") == "merge"
    held = call("apigateway", "GetResources", api)["items"]
    for item in sorted(held, key=lambda one: -len(one["path"])):  # A child before its parent.
        if item["path"] == "/":
            known["/"] = item["id"]
            for method in item.get("resourceMethods") or {}:
                call("apigateway", "DeleteMethod", {**api, "resourceId": item["id"], "httpMethod": method})
        elif merges:
            known[item["path"]] = item["id"]
        else:
            call("apigateway", "DeleteResource", {**api, "resourceId": item["id"]})
    for method in openapi.methods(openapi.read(str(subject.inputs["body"]))):
        _put_method(subject, known, method)


def _put_method(subject: Subject, known: dict[str, str], method: openapi.Method) -> None:
    call = subject.cloud.call
    path, parent = "", known["/"]
    for part in method.path.strip("/").split("/"):
        path = f"{path}/{part}"
        if path not in known:
            child = {"restApiId": subject.id, "parentId": parent, "pathPart": part}
            known[path] = call("apigateway", "CreateResource", child)["id"]
        parent = known[path]
    key = {"restApiId": subject.id, "resourceId": parent, "httpMethod": method.http_method}
    wish = {"authorizationType": "NONE", "apiKeyRequired": method.api_key_required}
    call("apigateway", "PutMethod", {**key, **wish})
    for status in method.statuses:
        call("apigateway", "PutMethodResponse", {**key, "statusCode": status})
    if method.integration is not None:
        call("apigateway", "PutIntegration", {**key, **method.integration})
        for response in method.integration_responses:
            call("apigateway", "PutIntegrationResponse", {**key, **response})


def _root(subject: Subject) -> str | None:
    listed = subject.cloud.call("apigateway", "GetResources", {"restApiId": subject.id})
    return next((str(item["id"]) for item in listed["items"] if item.get("path") == "/"), None)


def _find_api(subject: Subject, taken: frozenset[str]) -> str | None:
    for api in subject.cloud.call("apigateway", "GetRestApis")["items"]:
        if api["name"] == subject.inputs["name"] and api["id"] not in taken:
            return str(api["id"])
    return None


def _check_api(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from policy_failures(inputs, "policy", principals=True)
    body = inputs.get("body")
    if isinstance(body, str):
        try:
            openapi.read(body)
        except openapi.DocumentError as error:
            yield CheckFailure("body", str(error))


_API_PATHS = {
    "apiKeySource": "/apiKeySource",
    "binaryMediaTypes": "/binaryMediaTypes",
    "description": "/description",
    "disableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
    "minimumCompressionSize": "/minimumCompressionSize",
    "name": "/name",
    "policy": "/policy",
}

REST_API = ResourceType(
    type="aws:apigateway/restApi:RestApi",
    service="apigateway",
    tier="native",
    create=Call(operation="CreateRestApi", omits=("body", "parameters")),
    id=answered("id"),
    read=reading("apigateway", "GetRestApi", lambda s: {"restApiId": s.id}),
    delete=Call(operation="DeleteRestApi", sends=(), adds=lambda s: {"restApiId": s.id}),
    steps=(
        Step(
            on=tuple(_API_PATHS),
            do=patching("apigateway", "UpdateRestApi", lambda s: {"restApiId": s.id}, _API_PATHS),
            at_create=False,
        ),
        Step(on=("body", "parameters"), do=_put_body),
    ),
    local=("failOnWarnings", "putRestApiMode"),
    outputs={
        "apiKeySource": lambda s: s.inputs.get("apiKeySource") or s.at("apiKeySource") or "HEADER",
        "arn": lambda s: gateway_arn(s, "/restapis/{id}"),
        "createdDate": lambda s: s.at("createdDate").isoformat(),
        "description": lambda s: s.inputs.get("description") or "",
        "executionArn": lambda s: execution_arn(s, s.id),
        "rootResourceId": _root,
    },
    echoes={"name": lambda s: s.inputs.get("name") if s.inputs.get("body") else s.at("name")},
    find=_find_api,
    auto_name=AutoName(prefix_property=None),
    documents=("body", "policy"),
    unordered=("binaryMediaTypes",),
    tags=TAGS,
    checks=_check_api,
)


def _find_deployment(subject: Subject, taken: frozenset[str]) -> str | None:
    params = {"restApiId": subject.inputs["restApi"]}
    listed = reading("apigateway", "GetDeployments", lambda _: params)(subject) or {}
    for deployment in reversed(listed.get("items", ())):
        if deployment["id"] not in taken:
            return str(deployment["id"])
    return None


def _deployment_key(subject: Subject) -> Params:
    return {
        "restApiId": subject.inputs.get("restApi") or subject.outputs.get("restApi"),
        "deploymentId": subject.id,
    }


def _read_deployment(subject: Subject) -> Params | None:
    """By its id alone, as in an import, it cannot be found: the API is part of its name on AWS too."""
    api, slash, id = subject.id.partition("/")
    key = {"restApiId": api, "deploymentId": id} if slash else _deployment_key(subject)
    if key["restApiId"] is None:
        return None
    api_only = {"restApiId": key["restApiId"]}
    listed = reading("apigateway", "GetDeployments", lambda _: api_only)(subject)
    found = (item for item in (listed or {}).get("items", ()) if item["id"] == key["deploymentId"])
    return next(found, None)


DEPLOYMENT = ResourceType(
    type="aws:apigateway/deployment:Deployment",
    service="apigateway",
    tier="native",
    create=Call(operation="CreateDeployment", names={**_TARGET, "triggers": ""}),
    id=answered("id"),
    read=_read_deployment,
    delete=Call(operation="DeleteDeployment", sends=(), adds=_deployment_key),
    steps=(
        Step(
            on=("description",),
            do=patching("apigateway", "UpdateDeployment", _deployment_key, {"description": "/description"}),
            at_create=False,
        ),
    ),
    outputs={"createdDate": lambda s: s.at("createdDate").isoformat()},
    find=_find_deployment,
)


def _stage_id(subject: Subject) -> str:
    return f"ags-{subject.inputs['restApi']}-{subject.inputs['stageName']}"


def _stage_key(subject: Subject) -> Params:
    _, api, stage = subject.id.split("-", 2)
    return {"restApiId": api, "stageName": stage}


_STAGE_PATHS = {
    "cacheClusterEnabled": "/cacheClusterEnabled",
    "cacheClusterSize": "/cacheClusterSize",
    "deployment": "/deploymentId",
    "description": "/description",
    "documentationVersion": "/documentationVersion",
    "variables": "/variables",
    "xrayTracingEnabled": "/tracingEnabled",
}


def _log(subject: Subject) -> None:
    settings = subject.inputs.get("accessLogSettings")
    if not settings:
        operations = [{"op": "remove", "path": "/accessLogSettings"}]
    else:
        operations = [
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": str(settings[name])}
            for name in ("destinationArn", "format")
        ]
    params = {**_stage_key(subject), "patchOperations": operations}
    subject.cloud.call("apigateway", "UpdateStage", params)


STAGE = ResourceType(
    type="aws:apigateway/stage:Stage",
    service="apigateway",
    tier="overlay",
    create=Call(
        operation="CreateStage",
        names={**_TARGET, "deployment": "deploymentId", "xrayTracingEnabled": "tracingEnabled"},
    ),
    id=_stage_id,
    read=reading("apigateway", "GetStage", _stage_key),
    delete=Call(operation="DeleteStage", sends=(), adds=_stage_key),
    steps=(
        Step(
            on=tuple(_STAGE_PATHS),
            do=patching("apigateway", "UpdateStage", _stage_key, _STAGE_PATHS),
            at_create=False,
        ),
        Step(on=("accessLogSettings",), do=_log),
    ),
    outputs={
        "arn": lambda s: gateway_arn(s, _stage_path(s)),
        "executionArn": lambda s: execution_arn(s, *_stage_key(s).values()),
        "invokeUrl": lambda s: invoke_url(s, *_stage_key(s).values()),
        "webAclArn": lambda s: s.at("webAclArn") or "",
    },
    echoes={
        "restApi": lambda s: _stage_key(s)["restApiId"],
        "stageName": "stageName",
        "deployment": "deploymentId",
    },
    known_id=_stage_id,
    place=("restApi", "stageName"),
    tags=TAGS,
    unsupported=("canarySettings", "clientCertificateId"),
)


def _stage_path(subject: Subject) -> str:
    key = _stage_key(subject)
    return f"/restapis/{key['restApiId']}/stages/{key['stageName']}"


TYPES = (REST_API, DEPLOYMENT, STAGE)
