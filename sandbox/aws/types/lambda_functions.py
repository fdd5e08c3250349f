"""Lambda: functions."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.archives import zipped
from sandbox.aws.rows import given, reading
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
    unordered=("vpcConfig.subnetIds", "vpcConfig.securityGroupIds"),
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


TYPES = (FUNCTION,)
