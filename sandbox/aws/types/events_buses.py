"""EventBridge: buses, who may put events on them, archives, connections and API destinations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.aws.documents import json_failures, policy_failures
from sandbox.aws.rows import echoing, given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "events"
_BUS = "aws:cloudwatch/eventBus:EventBus"


def _check_bus(inputs: PropertyMap) -> Iterable[CheckFailure]:
    name, source = inputs.get("name"), inputs.get("eventSourceName")
    if name == "default":
        yield CheckFailure("name", "'default' is the bus that every account has")
    if isinstance(name, str) and "/" in name and source is None:
        yield CheckFailure("name", f"{name!r} may hold a slash only for a partner's eventSourceName")
    if source is not None and isinstance(name, str) and name != source:
        yield CheckFailure("name", f"must equal eventSourceName, {source!r}")


EVENT_BUS = ResourceType(
    type=_BUS,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateEventBus"),
    id=given("name"),
    read=reading(_SERVICE, "DescribeEventBus", identified("Name")),
    delete=Call(operation="DeleteEventBus", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=("deadLetterConfig", "description", "kmsKeyIdentifier", "logConfig"),
            do=Call(operation="UpdateEventBus"),
            at_create=False,
        ),
    ),
    outputs={"arn": "Arn"},
    echoes=echoing(_BUS, "description kmsKeyIdentifier name"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=256, prefix_property=None),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": s.cloud.arn(_SERVICE, f"event-bus/{s.id}")},
        list="ListTagsForResource",
    ),
    checks=_check_bus,
)


def _bus(subject: Subject) -> str:
    return str(subject.inputs.get("eventBusName") or "default")


def _read_policy(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "DescribeEventBus", identified("Name"))(subject)
    return found if found and found.get("Policy") else None


def _put_policy(subject: Subject) -> Params:
    params = {"EventBusName": _bus(subject), "Policy": subject.inputs["policy"]}
    return subject.cloud.call(_SERVICE, "PutPermission", params)


def _clear_policy(subject: Subject) -> None:
    params = {"EventBusName": subject.id, "RemoveAllPermissions": True}
    subject.cloud.call(_SERVICE, "RemovePermission", params)


BUS_POLICY = ResourceType(
    type="aws:cloudwatch/eventBusPolicy:EventBusPolicy",
    service=_SERVICE,
    tier="native",
    create=_put_policy,
    id=_bus,
    read=_read_policy,
    delete=_clear_policy,
    steps=(Step(on=("policy",), do=_put_policy, at_create=False),),
    echoes={"eventBusName": lambda s: s.id, "policy": "Policy"},
    known_id=_bus,
    place=("eventBusName",),
    defaults={"eventBusName": "default"},
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)


def _permission_id(subject: Subject) -> str:
    return f"{_bus(subject)}/{subject.inputs['statementId']}"


def _read_permission(subject: Subject) -> Params | None:
    bus, _, wanted = subject.id.rpartition("/")
    found = reading(_SERVICE, "DescribeEventBus", lambda _: {"Name": bus})(subject)
    statements = json.loads((found or {}).get("Policy") or "{}").get("Statement") or []
    return next((statement for statement in statements if statement.get("Sid") == wanted), None)


_PUT_PERMISSION = Call(operation="PutPermission")


def _principal(subject: Subject) -> Any:
    held = subject.at("Principal")
    arn = held.get("AWS") if isinstance(held, dict) else held
    return arn.split(":")[4] if isinstance(arn, str) and arn.startswith("arn:") else arn


EVENT_PERMISSION = ResourceType(
    type="aws:cloudwatch/eventPermission:EventPermission",
    service=_SERVICE,
    tier="native",
    create=_PUT_PERMISSION,
    id=_permission_id,
    read=_read_permission,
    delete=lambda s: s.cloud.call(
        _SERVICE,
        "RemovePermission",
        {"EventBusName": s.id.rpartition("/")[0], "StatementId": s.id.rpartition("/")[2]},
    ),
    steps=(Step(on=("action", "condition", "principal"), do=_PUT_PERMISSION, at_create=False),),
    echoes={
        "eventBusName": lambda s: s.id.rpartition("/")[0],
        "statementId": "Sid",
        "action": "Action",
        "principal": _principal,
    },
    known_id=_permission_id,
    place=("eventBusName", "statementId"),
    defaults={"eventBusName": "default", "action": "events:PutEvents"},
)

_ARCHIVE = "aws:cloudwatch/eventArchive:EventArchive"
_ARCHIVE_NAMES = {"name": "ArchiveName"}

ARCHIVE = ResourceType(
    type=_ARCHIVE,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateArchive", names=_ARCHIVE_NAMES),
    id=given("name"),
    read=reading(_SERVICE, "DescribeArchive", identified("ArchiveName")),
    delete=Call(operation="DeleteArchive", sends=(), adds=identified("ArchiveName")),
    steps=(
        Step(
            on=("description", "eventPattern", "kmsKeyIdentifier", "retentionDays"),
            do=Call(operation="UpdateArchive", names=_ARCHIVE_NAMES),
            at_create=False,
        ),
    ),
    outputs={"arn": "ArchiveArn"},
    echoes=echoing(
        _ARCHIVE, "description eventPattern eventSourceArn name retentionDays", names=_ARCHIVE_NAMES
    ),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=48, prefix_property=None),
    documents=("eventPattern",),
    checks=lambda inputs: json_failures(inputs, "eventPattern"),
)

_CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
_AUTH = "authParameters"
_HTTP = (f"{_AUTH}.invocationHttpParameters", f"{_AUTH}.oauth.oauthHttpParameters")
_CONNECTION_NAMES = {
    f"{_AUTH}.apiKey": "ApiKeyAuthParameters",
    f"{_AUTH}.apiKey.key": "ApiKeyName",
    f"{_AUTH}.apiKey.value": "ApiKeyValue",
    f"{_AUTH}.basic": "BasicAuthParameters",
    f"{_AUTH}.oauth": "OAuthParameters",
    f"{_AUTH}.oauth.oauthHttpParameters": "OAuthHttpParameters",
    f"{_AUTH}.connectivityParameters.resourceParameters.resourceAssociationArn": "",
    "invocationConnectivityParameters.resourceParameters.resourceAssociationArn": "",
    **{f"{path}.bodies": "BodyParameters" for path in _HTTP},
    **{f"{path}.headers": "HeaderParameters" for path in _HTTP},
    **{f"{path}.queryStrings": "QueryStringParameters" for path in _HTTP},
}
_KINDS = {"API_KEY": "apiKey", "BASIC": "basic", "OAUTH_CLIENT_CREDENTIALS": "oauth"}


def _check_connection(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind, parameters = inputs.get("authorizationType"), inputs.get(_AUTH)
    if not isinstance(parameters, dict):
        return
    wanted = _KINDS.get(str(kind))
    for name in _KINDS.values():
        if wanted and name == wanted and parameters.get(name) is None:
            yield CheckFailure(f"{_AUTH}.{name}", f"is required for the authorization type {kind}")
        if wanted and name != wanted and parameters.get(name) is not None:
            yield CheckFailure(f"{_AUTH}.{name}", f"does not belong to the authorization type {kind}")


CONNECTION = ResourceType(
    type=_CONNECTION,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateConnection", names=_CONNECTION_NAMES),
    id=given("name"),
    read=reading(_SERVICE, "DescribeConnection", identified("Name")),
    delete=Call(operation="DeleteConnection", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=(
                _AUTH,
                "authorizationType",
                "description",
                "invocationConnectivityParameters",
                "kmsKeyIdentifier",
            ),
            do=Call(operation="UpdateConnection", names=_CONNECTION_NAMES),
            at_create=False,
        ),
    ),
    outputs={"arn": "ConnectionArn", "secretArn": "SecretArn"},
    echoes=echoing(_CONNECTION, "authorizationType description name"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=64, prefix_property=None),
    secrets=(_AUTH,),
    checks=_check_connection,
)

_DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"
_DESTINATION_INPUTS = (
    "connectionArn",
    "description",
    "httpMethod",
    "invocationEndpoint",
    "invocationRateLimitPerSecond",
)


def _check_destination(inputs: PropertyMap) -> Iterable[CheckFailure]:
    endpoint = inputs.get("invocationEndpoint")
    if isinstance(endpoint, str) and not endpoint.startswith("https://"):
        yield CheckFailure("invocationEndpoint", f"{endpoint!r} must begin with https://")


API_DESTINATION = ResourceType(
    type=_DESTINATION,
    service=_SERVICE,
    tier="native",
    create=Call(operation="CreateApiDestination"),
    id=given("name"),
    read=reading(_SERVICE, "DescribeApiDestination", identified("Name")),
    delete=Call(operation="DeleteApiDestination", sends=(), adds=identified("Name")),
    steps=(Step(on=_DESTINATION_INPUTS, do=Call(operation="UpdateApiDestination"), at_create=False),),
    outputs={"arn": "ApiDestinationArn"},
    echoes=echoing(_DESTINATION, f"name {' '.join(_DESTINATION_INPUTS)}"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=64, prefix_property=None),
    defaults={"invocationRateLimitPerSecond": 300},
    checks=_check_destination,
)

TYPES = (EVENT_BUS, BUS_POLICY, EVENT_PERMISSION, ARCHIVE, CONNECTION, API_DESTINATION)
