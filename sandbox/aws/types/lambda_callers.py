"""Lambda: who may call a function, and what does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure, ProviderError
from sandbox.engine.values import UNKNOWN, PropertyMap


def function_name(value: object) -> str:
    """A function by name or ARN, without its version."""
    text = str(value)
    return text.split(":function:", 1)[1].split(":")[0] if ":function:" in text else text


def _permission_id(subject: Subject) -> str:
    return f"{function_name(subject.inputs['function'])}/{subject.inputs['statementId']}"


def _permission_key(subject: Subject) -> Params:
    function, _, statement = subject.id.partition("/")
    return {"FunctionName": function, "StatementId": statement}


def _qualifier(subject: Subject) -> Params:
    qualifier = subject.inputs.get("qualifier")
    return {"Qualifier": qualifier} if qualifier else {}


def _read_permission(subject: Subject) -> Params | None:
    key = _permission_key(subject)
    answer = reading("lambda", "GetPolicy", lambda s: {"FunctionName": key["FunctionName"], **_qualifier(s)})(
        subject
    )
    if answer is None:
        return None
    statements = json.loads(answer["Policy"]).get("Statement", ())
    return next((item for item in statements if item.get("Sid") == key["StatementId"]), None)


PERMISSION = ResourceType(
    type="aws:lambda/permission:Permission",
    service="lambda",
    tier="native",
    create=Call(operation="AddPermission", names={"function": "FunctionName"}),
    id=_permission_id,
    read=_read_permission,
    delete=Call(
        operation="RemovePermission",
        sends=(),
        adds=lambda s: {**_permission_key(s), **_qualifier(s)},
    ),
    echoes={
        "function": lambda s: s.inputs.get("function") or s.id.split("/")[0],
        "statementId": "Sid",
        "action": "Action",
        "principal": lambda s: s.at("Principal.Service") or s.at("Principal.AWS") or s.at("Principal"),
    },
    known_id=_permission_id,
    auto_name=AutoName(property="statementId", prefix_property="statementIdPrefix", limit=100),
    place=("function", "statementId"),
)


def _qualified(subject: Subject) -> str:
    name = function_name(subject.inputs["functionName"])
    qualifier = subject.inputs.get("qualifier")
    return f"{name}:{qualifier}" if qualifier else name


def _invoke_config_key(subject: Subject) -> Params:
    name, _, qualifier = subject.id.partition(":")
    return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}


_PUT_INVOKE_CONFIG = Call(operation="PutFunctionEventInvokeConfig")


def _replace_invoke_config(subject: Subject) -> None:
    """The emulator keeps the first for ever; AWS replaces it."""
    subject.cloud.call("lambda", "DeleteFunctionEventInvokeConfig", _invoke_config_key(subject))
    perform(FUNCTION_EVENT_INVOKE_CONFIG, _PUT_INVOKE_CONFIG, subject)


FUNCTION_EVENT_INVOKE_CONFIG = ResourceType(
    type="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    service="lambda",
    tier="run",
    create=_PUT_INVOKE_CONFIG,
    id=_qualified,
    read=reading("lambda", "GetFunctionEventInvokeConfig", _invoke_config_key),
    delete=Call(operation="DeleteFunctionEventInvokeConfig", sends=(), adds=_invoke_config_key),
    steps=(
        Step(
            on=("destinationConfig", "maximumEventAgeInSeconds", "maximumRetryAttempts"),
            do=_replace_invoke_config,
            at_create=False,
        ),
    ),
    echoes={
        "functionName": lambda s: s.inputs.get("functionName") or s.id.split(":")[0],
        "maximumRetryAttempts": "MaximumRetryAttempts",
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
    },
    known_id=_qualified,
    place=("functionName", "qualifier"),
)


def _invoke(subject: Subject) -> Params:
    """Invokes and waits; what the function raises fails the resource, as on AWS."""
    name = function_name(subject.inputs["functionName"])
    payload = str(subject.inputs["input"]).encode()
    params = {"FunctionName": name, "Payload": payload, **_qualifier(subject)}
    answer = subject.cloud.call("lambda", "Invoke", params)
    result = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise ProviderError(f"the function {name} failed: {result}")
    subject.outputs["result"] = result
    return {"result": result}


def _read_invocation(subject: Subject) -> Params | None:
    """Only the state knows of it: what a function answered is kept nowhere else, on AWS neither."""
    return {"result": subject.outputs["result"]} if "result" in subject.outputs else None


def _invocation_id(subject: Subject) -> str:
    version = str(subject.inputs.get("qualifier") or "$LATEST")
    digest = hashlib.md5(str(subject.inputs["input"]).encode(), usedforsecurity=False).hexdigest()
    return f"{function_name(subject.inputs['functionName'])}_{version}_{digest}"


def _check_invocation(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "input")
    if inputs.get("lifecycleScope") not in (None, UNKNOWN, "CREATE_ONLY"):
        yield CheckFailure("lifecycleScope", "the sandbox invokes at the create alone: CREATE_ONLY")


INVOCATION = ResourceType(
    type="aws:lambda/invocation:Invocation",
    service="lambda",
    tier="run",
    create=_invoke,
    id=_invocation_id,
    read=_read_invocation,
    delete=None,
    outputs={"result": "result"},
    local=("lifecycleScope", "terraformKey"),
    defaults={"lifecycleScope": "CREATE_ONLY", "terraformKey": "tf"},
    documents=("input",),
    unsupported=("tenantId",),
    checks=_check_invocation,
)


def _find_mapping(subject: Subject, taken: frozenset[str]) -> str | None:
    wanted = {
        "FunctionName": subject.inputs["functionName"],
        "EventSourceArn": subject.inputs.get("eventSourceArn"),
    }
    params = {name: value for name, value in wanted.items() if value is not None}
    mappings = pages(subject, "lambda", "ListEventSourceMappings", "EventSourceMappings", params)
    return next((str(item["UUID"]) for item in mappings if item["UUID"] not in taken), None)


_MAPPED = (
    "batchSize",
    "bisectBatchOnFunctionError",
    "destinationConfig",
    "enabled",
    "filterCriteria",
    "functionName",
    "functionResponseTypes",
    "kmsKeyArn",
    "maximumBatchingWindowInSeconds",
    "maximumRecordAgeInSeconds",
    "maximumRetryAttempts",
    "metricsConfig",
    "parallelizationFactor",
    "scalingConfig",
    "tumblingWindowInSeconds",
)
_SELF_MANAGED = (
    "documentDbEventSourceConfig",
    "provisionedPollerConfig",
    "selfManagedEventSource",
    "selfManagedKafkaEventSourceConfig",
    "sourceAccessConfigurations",
)
_MAPPING_NAMES = {"destinationConfig.onFailure.destinationArn": "Destination"}

EVENT_SOURCE_MAPPING = ResourceType(
    type="aws:lambda/eventSourceMapping:EventSourceMapping",
    service="lambda",
    tier="run",
    create=Call(operation="CreateEventSourceMapping", names=_MAPPING_NAMES, omits=_SELF_MANAGED),
    id=answered("UUID"),
    read=reading("lambda", "GetEventSourceMapping", lambda s: {"UUID": s.id}),
    delete=Call(operation="DeleteEventSourceMapping", sends=(), adds=lambda s: {"UUID": s.id}),
    steps=(
        Step(
            on=_MAPPED,
            do=Call(
                operation="UpdateEventSourceMapping",
                sends=_MAPPED,
                names=_MAPPING_NAMES,
                adds=lambda s: {"UUID": s.id},
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": lambda s: s.cloud.arn("lambda", f"event-source-mapping:{s.id}"),
        "functionArn": "FunctionArn",
        "state": "State",
        "uuid": "UUID",
    },
    echoes={"batchSize": "BatchSize", "eventSourceArn": "EventSourceArn"},
    find=_find_mapping,
    local=("useResourceTimeoutForPropagation",),
    place=("functionName", "eventSourceArn"),
    tags=Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"Resource": s.cloud.arn("lambda", f"event-source-mapping:{s.id}")},
    ),
    unsupported=_SELF_MANAGED,
)

TYPES = (PERMISSION, INVOCATION, FUNCTION_EVENT_INVOKE_CONFIG, EVENT_SOURCE_MAPPING)
