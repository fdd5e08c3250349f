"""API Gateway, HTTP and WebSocket APIs: the API, its routes, integrations and stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.aws.types.apigateway import execution_arn, gateway_arn, invoke_url
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def gateway_tags(path: Callable[[Subject], str]) -> Tags:
    return Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": gateway_arn(s, path(s))},
    )


def api_of(subject: Subject) -> str:
    """The API that a part belongs to: an input, or the first part of an imported id."""
    return str(subject.inputs.get("apiId") or subject.outputs.get("apiId") or subject.id.split("/")[0])


def part_of(member: str) -> Callable[[Subject], Params]:
    return lambda s: {"ApiId": api_of(s), member: s.id.rsplit("/", 1)[-1]}


def find_in_api(
    operation: str, member: str, same: Callable[[Subject, Params], bool]
) -> Callable[[Subject, frozenset[str]], str | None]:
    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        params = {"ApiId": subject.inputs["apiId"]} if "apiId" in subject.inputs else {}
        for item in (reading("apigatewayv2", operation, lambda _: params)(subject) or {}).get("Items", ()):
            if item[member] not in taken and same(subject, item):
                return str(item[member])
        return None

    return find


def _check_api(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("protocolType") == "WEBSOCKET":
        if inputs.get("routeSelectionExpression") is None:
            yield CheckFailure("routeSelectionExpression", "is required for WEBSOCKET and was not given")
        for name in ("corsConfiguration", "target", "routeKey", "credentialsArn", "body"):
            if inputs.get(name) is not None:
                yield CheckFailure(name, "cannot be given for WEBSOCKET")


_API_CHANGED = (
    "apiKeySelectionExpression",
    "corsConfiguration",
    "credentialsArn",
    "description",
    "disableExecuteApiEndpoint",
    "ipAddressType",
    "name",
    "routeKey",
    "routeSelectionExpression",
    "target",
    "version",
)


def _quick_create(subject: Subject) -> None:
    """`target` makes a route, an integration and the stage $default beside the API, on AWS all at once.

    The emulator keeps the target alone, so they are made here.
    """
    target = subject.inputs.get("target")
    api = {"ApiId": subject.id}
    held = subject.cloud.call("apigatewayv2", "GetRoutes", api)["Items"]
    if not target or held:
        return
    proxy = "AWS_PROXY" if ":lambda:" in str(target) else "HTTP_PROXY"
    integration: Params = {"IntegrationType": proxy, "IntegrationUri": target, "PayloadFormatVersion": "2.0"}
    if proxy == "HTTP_PROXY":
        integration |= {"IntegrationMethod": "ANY", "PayloadFormatVersion": "1.0"}
    made = subject.cloud.call("apigatewayv2", "CreateIntegration", {**api, **integration})
    key = subject.inputs.get("routeKey") or "$default"
    route = {"RouteKey": key, "Target": f"integrations/{made['IntegrationId']}"}
    subject.cloud.call("apigatewayv2", "CreateRoute", {**api, **route})
    subject.cloud.call("apigatewayv2", "CreateStage", {**api, "StageName": "$default", "AutoDeploy": True})


API = ResourceType(
    type="aws:apigatewayv2/api:Api",
    service="apigatewayv2",
    tier="native",
    create=Call(operation="CreateApi"),
    id=answered("ApiId"),
    read=reading("apigatewayv2", "GetApi", lambda s: {"ApiId": s.id}),
    delete=Call(operation="DeleteApi", sends=(), adds=lambda s: {"ApiId": s.id}),
    steps=(
        Step(
            on=_API_CHANGED,
            do=Call(operation="UpdateApi", sends=_API_CHANGED, adds=lambda s: {"ApiId": s.id}),
            at_create=False,
        ),
        Step(on=("target",), do=_quick_create),
    ),
    local=("failOnWarnings",),
    outputs={
        "apiEndpoint": lambda s: s.at("ApiEndpoint") or invoke_url(s, s.id, "").rstrip("/"),
        "apiKeySelectionExpression": lambda s: (
            s.inputs.get("apiKeySelectionExpression") or "$request.header.x-api-key"
        ),
        "arn": lambda s: gateway_arn(s, f"/apis/{s.id}"),
        "executionArn": lambda s: execution_arn(s, s.id),
        "ipAddressType": lambda s: s.inputs.get("ipAddressType") or "ipv4",
        "routeSelectionExpression": lambda s: (
            s.inputs.get("routeSelectionExpression") or "$request.method $request.path"
        ),
    },
    echoes={"name": "Name", "protocolType": "ProtocolType"},
    find=find_in_api("GetApis", "ApiId", lambda s, api: bool(api["Name"] == s.inputs["name"])),
    auto_name=AutoName(prefix_property=None, limit=128),
    tags=gateway_tags(lambda s: f"/apis/{s.id}"),
    unsupported=("body",),
    checks=_check_api,
)


def _check_route(inputs: PropertyMap) -> Iterable[CheckFailure]:
    target = inputs.get("target")
    if isinstance(target, str) and not target.startswith("integrations/"):
        yield CheckFailure("target", f"{target!r} is no integration: it has the form integrations/ID")
    kind = inputs.get("authorizationType")
    if kind in ("CUSTOM", "JWT") and inputs.get("authorizerId") is None:
        yield CheckFailure("authorizerId", f"is required for {kind} and was not given")


_ROUTE_CHANGED = (
    "apiKeyRequired",
    "authorizationScopes",
    "authorizationType",
    "authorizerId",
    "modelSelectionExpression",
    "operationName",
    "requestModels",
    "routeKey",
    "routeResponseSelectionExpression",
    "target",
)

ROUTE = ResourceType(
    type="aws:apigatewayv2/route:Route",
    service="apigatewayv2",
    tier="native",
    create=Call(operation="CreateRoute", omits=("requestParameters",)),
    id=answered("RouteId"),
    read=reading("apigatewayv2", "GetRoute", part_of("RouteId")),
    delete=Call(operation="DeleteRoute", sends=(), adds=part_of("RouteId")),
    steps=(
        Step(
            on=_ROUTE_CHANGED,
            do=Call(operation="UpdateRoute", sends=_ROUTE_CHANGED, adds=part_of("RouteId")),
            at_create=False,
        ),
    ),
    echoes={"routeKey": "RouteKey", "target": "Target"},
    find=find_in_api(
        "GetRoutes", "RouteId", lambda s, route: bool(route["RouteKey"] == s.inputs["routeKey"])
    ),
    place=("apiId", "routeKey"),
    unsupported=("requestParameters",),
    checks=_check_route,
)


def _response_parameters(subject: Subject) -> Params:
    found = {
        str(item["statusCode"]): dict(item["mappings"])
        for item in subject.inputs.get("responseParameters") or ()
    }
    return {"ResponseParameters": found} if found else {}


_INTEGRATION_NAMES = {"timeoutMilliseconds": "TimeoutInMillis", "responseParameters": ""}
_INTEGRATION_CHANGED = (
    "connectionId",
    "connectionType",
    "contentHandlingStrategy",
    "credentialsArn",
    "description",
    "integrationMethod",
    "integrationUri",
    "passthroughBehavior",
    "payloadFormatVersion",
    "requestParameters",
    "requestTemplates",
    "responseParameters",
    "templateSelectionExpression",
    "timeoutMilliseconds",
    "tlsConfig",
)


def _check_integration(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("integrationType")
    proxy = kind in ("AWS_PROXY", "HTTP_PROXY") and inputs.get("integrationSubtype") is None
    if proxy and inputs.get("integrationUri") is None:
        yield CheckFailure("integrationUri", f"is required for {kind} and was not given")
    if inputs.get("connectionType") == "VPC_LINK" and inputs.get("connectionId") is None:
        yield CheckFailure("connectionId", "is required for VPC_LINK and was not given")


INTEGRATION = ResourceType(
    type="aws:apigatewayv2/integration:Integration",
    service="apigatewayv2",
    tier="native",
    create=Call(operation="CreateIntegration", names=_INTEGRATION_NAMES, adds=_response_parameters),
    id=answered("IntegrationId"),
    read=reading("apigatewayv2", "GetIntegration", part_of("IntegrationId")),
    delete=Call(operation="DeleteIntegration", sends=(), adds=part_of("IntegrationId")),
    steps=(
        Step(
            on=_INTEGRATION_CHANGED,
            do=Call(
                operation="UpdateIntegration",
                sends=_INTEGRATION_CHANGED,
                names=_INTEGRATION_NAMES,
                adds=lambda s: {**part_of("IntegrationId")(s), **_response_parameters(s)},
            ),
            at_create=False,
        ),
    ),
    outputs={
        "integrationResponseSelectionExpression": lambda s: (
            s.at("IntegrationResponseSelectionExpression") or ""
        ),
        "timeoutMilliseconds": lambda s: int(s.inputs.get("timeoutMilliseconds", 30000)),
    },
    echoes={"integrationType": "IntegrationType", "integrationUri": "IntegrationUri"},
    find=find_in_api(
        "GetIntegrations",
        "IntegrationId",
        lambda s, item: item.get("IntegrationUri") == s.inputs.get("integrationUri"),
    ),
    unordered=("responseParameters",),
    checks=_check_integration,
)

TYPES = (API, ROUTE, INTEGRATION)
