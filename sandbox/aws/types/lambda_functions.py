"""Lambda: functions, and who and what may call them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sandbox.aws.archives import zipped
from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import answered, given, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import Archive, PropertyMap

_CODE = (
    "code",
    "s3Bucket",
    "s3Key",
    "s3ObjectVersion",
    "imageUri",
    "sourceCodeHash",
    "architectures",
    "sourceKmsKeyArn",
)
_CONFIGURATION = (
    "deadLetterConfig",
    "description",
    "environment",
    "ephemeralStorage",
    "fileSystemConfig",
    "handler",
    "imageConfig",
    "kmsKeyArn",
    "layers",
    "loggingConfig",
    "memorySize",
    "role",
    "runtime",
    "snapStart",
    "timeout",
    "tracingConfig",
    "vpcConfig",
)
_NAMES = {"name": "FunctionName", "vpcConfig.vpcId": "", "snapStart.optimizationStatus": ""}
_UNSUPPORTED = ("capacityProviderConfig", "durableConfig", "replacementSecurityGroupIds", "tenancyConfig")


def _archive(inputs: PropertyMap) -> Params:
    code = inputs.get("code")
    return {"ZipFile": zipped(code)} if isinstance(code, Archive) else {}


def _code(subject: Subject) -> Params:
    archive = _archive(subject.inputs)
    return {"Code": archive} if archive else {}


def _reserve(subject: Subject) -> None:
    function = {"FunctionName": subject.id}
    reserved = subject.inputs.get("reservedConcurrentExecutions")
    if reserved is not None and reserved >= 0:
        params = {**function, "ReservedConcurrentExecutions": int(reserved)}
        subject.cloud.call("lambda", "PutFunctionConcurrency", params)
    elif subject.before:
        subject.cloud.call("lambda", "DeleteFunctionConcurrency", function)


def _check_function(inputs: PropertyMap) -> Iterable[CheckFailure]:
    sources = [name for name in ("code", "s3Bucket", "imageUri") if inputs.get(name) is not None]
    if len(sources) != 1:
        yield CheckFailure("code", "exactly one of code, s3Bucket and imageUri is needed")
    code = inputs.get("code")
    if isinstance(code, (str, dict, list)):
        yield CheckFailure("code", "must be an archive, such as pulumi.FileArchive(path)")
    if inputs.get("packageType", "Zip") == "Zip" and "imageUri" not in sources:
        for name in ("handler", "runtime"):
            if inputs.get(name) is None:
                yield CheckFailure(name, "is required for a ZIP package and was not given")


def _function_arn(subject: Subject) -> str:
    return subject.cloud.arn("lambda", f"function:{subject.id}")


def _invoke_arn(subject: Subject) -> str:
    cloud = subject.cloud
    path = f"path/2015-03-31/functions/{_function_arn(subject)}/invocations"
    return f"arn:{cloud.partition}:apigateway:{cloud.region}:lambda:{path}"


FUNCTION = ResourceType(
    type="aws:lambda/function:Function",
    service="lambda",
    tier="run",
    create=Call(
        operation="CreateFunction",
        names={
            **_NAMES,
            "code": "",
            "s3Bucket": "Code.S3Bucket",
            "s3Key": "Code.S3Key",
            "s3ObjectVersion": "Code.S3ObjectVersion",
            "imageUri": "Code.ImageUri",
            "sourceKmsKeyArn": "Code.SourceKMSKeyArn",
        },
        omits=_UNSUPPORTED,
        adds=_code,
    ),
    id=given("name"),
    read=reading("lambda", "GetFunction", lambda s: {"FunctionName": s.id}),
    delete=Call(operation="DeleteFunction", sends=(), adds=lambda s: {"FunctionName": s.id}),
    steps=(
        Step(
            on=_CODE,
            do=Call(
                operation="UpdateFunctionCode",
                sends=(
                    "name",
                    "s3Bucket",
                    "s3Key",
                    "s3ObjectVersion",
                    "imageUri",
                    "architectures",
                    "sourceKmsKeyArn",
                ),
                names={"name": "FunctionName"},
                adds=lambda s: _archive(s.inputs),
            ),
            at_create=False,
        ),
        Step(
            on=_CONFIGURATION,
            do=Call(
                operation="UpdateFunctionConfiguration",
                sends=("name", *_CONFIGURATION),
                names=_NAMES,
                adds=lambda s: {} if s.inputs.get("environment") else {"Environment": {"Variables": {}}},
            ),
            at_create=False,
        ),
        Step(on=("reservedConcurrentExecutions",), do=_reserve),
    ),
    local=(
        "publish",
        "skipDestroy",
        "replaceSecurityGroupsOnDestroy",
        "codeSha256",
        "useResourceTimeoutForPropagation",
    ),
    outputs={
        "arn": _function_arn,
        "invokeArn": _invoke_arn,
        "qualifiedArn": lambda s: f"{_function_arn(s)}:{s.at('Configuration.Version') or '$LATEST'}",
        "version": lambda s: s.at("Configuration.Version") or "$LATEST",
        "lastModified": "Configuration.LastModified",
        "sourceCodeSize": "Configuration.CodeSize",
        "codeSha256": "Configuration.CodeSha256",
        "sourceCodeHash": lambda s: s.inputs.get("sourceCodeHash") or s.at("Configuration.CodeSha256"),
        "memorySize": lambda s: s.at("Configuration.MemorySize") or 128,
        "timeout": lambda s: s.at("Configuration.Timeout") or 3,
    },
    echoes={
        "name": "Configuration.FunctionName",
        "handler": "Configuration.Handler",
        "runtime": "Configuration.Runtime",
        "role": "Configuration.Role",
        "memorySize": "Configuration.MemorySize",
        "timeout": "Configuration.Timeout",
        "environment": lambda s: (
            {"variables": s.at("Configuration.Environment.Variables") or {}}
            if s.at("Configuration.Environment")
            else None
        ),
    },
    known_id=given("name"),
    auto_name=AutoName(limit=64, prefix_property=None),
    volatile=("codeSha256", "sourceCodeHash", "sourceCodeSize", "lastModified", "version", "qualifiedArn"),
    unordered=("layers",),
    tags=Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"Resource": _function_arn(s)},
        list="ListTags",
    ),
    unsupported=_UNSUPPORTED,
    checks=_check_function,
)


def _function_name(value: object) -> str:
    """A function by name or ARN, without its version."""
    text = str(value)
    return text.split(":function:", 1)[1].split(":")[0] if ":function:" in text else text


def _permission_id(subject: Subject) -> str:
    return f"{_function_name(subject.inputs['function'])}/{subject.inputs['statementId']}"


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
    name = _function_name(subject.inputs["functionName"])
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
    "amazonManagedKafkaEventSourceConfig",
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

TYPES = (FUNCTION, PERMISSION, FUNCTION_EVENT_INVOKE_CONFIG, EVENT_SOURCE_MAPPING)
