"""API Gateway, REST APIs: resources, methods, what they integrate and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sandbox.aws.rows import answered, reading
from sandbox.aws.table import Action, Call, Params, ResourceType, Step, Subject, at
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_API = {"restApi": "restApiId"}
_KINDS = ("HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK")


def _find_resource(subject: Subject, taken: frozenset[str]) -> str | None:
    api = {"restApiId": subject.inputs["restApi"]}
    listed = reading("apigateway", "GetResources", lambda _: api)(subject) or {}
    for item in listed.get("items", ()):
        same = (item.get("parentId"), item.get("pathPart")) == (
            subject.inputs["parentId"],
            subject.inputs["pathPart"],
        )
        if same and item["id"] not in taken:
            return str(item["id"])
    return None


def _resource_key(subject: Subject) -> Params:
    api, slash, id = subject.id.partition("/")
    held = subject.inputs.get("restApi") or subject.outputs.get("restApi")
    return {"restApiId": api, "resourceId": id} if slash else {"restApiId": held, "resourceId": subject.id}


def _read_resource(subject: Subject) -> Params | None:
    key = _resource_key(subject)
    return reading("apigateway", "GetResource", lambda _: key)(subject) if key["restApiId"] else None


RESOURCE = ResourceType(
    type="aws:apigateway/resource:Resource",
    service="apigateway",
    tier="native",
    create=Call(operation="CreateResource", names=_API),
    id=answered("id"),
    read=_read_resource,
    delete=Call(operation="DeleteResource", sends=(), adds=_resource_key),
    outputs={"path": "path"},
    echoes={"parentId": "parentId", "pathPart": "pathPart"},
    find=_find_resource,
    place=("restApi", "parentId", "pathPart"),
)

_KEY = {"restApiId": "restApi", "resourceId": "resourceId", "httpMethod": "httpMethod"}


def _id(prefix: str, *, status: bool) -> Callable[[Subject], str]:
    names = [*_KEY.values(), *(["statusCode"] if status else [])]
    return lambda subject: "-".join([prefix, *(str(subject.inputs[name]) for name in names)])


def _key(status: bool) -> Callable[[Subject], Params]:
    members = [*_KEY, *(["statusCode"] if status else [])]
    return lambda subject: dict(zip(members, subject.id.split("-")[1:], strict=False))


def _read_part(inside: str, status: bool) -> Callable[[Subject], Params | None]:
    """Through GetMethod: the emulator breaks over the other reads where there is nothing to read."""

    def read(subject: Subject) -> Params | None:
        key = _key(status)(subject)
        code = key.pop("statusCode", None)
        method = reading("apigateway", "GetMethod", lambda _: key)(subject)
        if method is None or not inside:
            return method
        found = at(method, f"{inside}.{code}" if code else inside)
        return dict(found) if found else None

    return read


def _part(
    token: str,
    prefix: str,
    word: str,
    inside: str,
    *,
    names: Mapping[str, str] | None = None,
    changes: tuple[str, ...],
    status: bool = False,
    checks: Callable[[PropertyMap], Iterable[CheckFailure]] = lambda _: (),
    unsupported: tuple[str, ...] = (),
    adds: Callable[[Subject], Params] = lambda _: {},
) -> ResourceType:
    """A part of a method: one Put makes and changes it, and its id names the method."""
    put = Call(operation=f"Put{word}", names={**_API, **(names or {})}, omits=unsupported, adds=adds)
    change: Action = put
    return ResourceType(
        type=f"aws:apigateway/{token[0].lower()}{token[1:]}:{token}",
        service="apigateway",
        tier="overlay",
        create=put,
        id=_id(prefix, status=status),
        read=_read_part(inside, status),
        delete=Call(operation=f"Delete{word}", sends=(), adds=_key(status)),
        steps=(Step(on=changes, do=change, at_create=False),),
        echoes={
            "httpMethod": lambda s: _key(status)(s)["httpMethod"],
            "resourceId": lambda s: _key(status)(s)["resourceId"],
            "restApi": lambda s: _key(status)(s)["restApiId"],
        },
        known_id=_id(prefix, status=status),
        place=("restApi", "resourceId", "httpMethod", *(("statusCode",) if status else ())),
        unsupported=unsupported,
        checks=checks,
    )


def _check_method(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("authorization")
    allowed = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
    if isinstance(kind, str) and kind not in allowed:
        yield CheckFailure("authorization", f"{kind!r} is not one of {', '.join(allowed)}")
    if kind in ("CUSTOM", "COGNITO_USER_POOLS") and inputs.get("authorizerId") is None:
        yield CheckFailure("authorizerId", f"is required for the authorization {kind} and was not given")


def _check_integration(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("type")
    if isinstance(kind, str) and kind != "MOCK" and kind in _KINDS:
        if inputs.get("uri") is None:
            yield CheckFailure("uri", f"is required for the type {kind} and was not given")
        if inputs.get("integrationHttpMethod") is None:
            yield CheckFailure("integrationHttpMethod", f"is required for the type {kind} and was not given")
    seconds = inputs.get("timeoutMilliseconds")
    if isinstance(seconds, (int, float)) and not 50 <= seconds <= 300000:
        yield CheckFailure("timeoutMilliseconds", f"{seconds:g} is out of range: allowed is 50 to 300000")


METHOD = _part(
    "Method",
    "agm",
    "Method",
    "",
    names={"authorization": "authorizationType"},
    changes=(
        "apiKeyRequired",
        "authorization",
        "authorizationScopes",
        "authorizerId",
        "operationName",
        "requestModels",
        "requestParameters",
        "requestValidatorId",
    ),
    checks=_check_method,
)
INTEGRATION = _part(
    "Integration",
    "agi",
    "Integration",
    "methodIntegration",
    names={"timeoutMilliseconds": "timeoutInMillis"},
    changes=(
        "cacheKeyParameters",
        "cacheNamespace",
        "connectionId",
        "connectionType",
        "contentHandling",
        "credentials",
        "integrationHttpMethod",
        "passthroughBehavior",
        "requestParameters",
        "requestTemplates",
        "timeoutMilliseconds",
        "tlsConfig",
        "uri",
    ),
    checks=_check_integration,
)
METHOD_RESPONSE = _part(
    "MethodResponse",
    "agmr",
    "MethodResponse",
    "methodResponses",
    changes=("responseModels", "responseParameters"),
    status=True,
)
INTEGRATION_RESPONSE = _part(
    "IntegrationResponse",
    "agir",
    "IntegrationResponse",
    "methodIntegration.integrationResponses",
    changes=("contentHandling", "responseParameters", "responseTemplates", "selectionPattern"),
    status=True,
    adds=lambda s: {} if s.inputs.get("responseTemplates") else {"responseTemplates": {}},
)

TYPES = (RESOURCE, METHOD, INTEGRATION, METHOD_RESPONSE, INTEGRATION_RESPONSE)
