"""Lambda: aliases, layers, addresses and kept-warm copies of functions."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.archives import zipped
from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.lambda_callers import function_name
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import Archive, PropertyMap


def _alias_arn(subject: Subject) -> str:
    inputs = subject.inputs
    return subject.cloud.arn("lambda", f"function:{function_name(inputs['functionName'])}:{inputs['name']}")


def _alias_key(subject: Subject) -> Params:
    function, _, name = subject.id.split(":function:", 1)[-1].partition(":")
    return {"FunctionName": function, "Name": name}


_ALIAS_CHANGED = ("description", "functionVersion", "routingConfig")

ALIAS = ResourceType(
    type="aws:lambda/alias:Alias",
    service="lambda",
    tier="native",
    create=Call(operation="CreateAlias"),
    id=answered("AliasArn"),
    read=reading("lambda", "GetAlias", _alias_key),
    delete=Call(operation="DeleteAlias", sends=(), adds=_alias_key),
    steps=(
        Step(
            on=_ALIAS_CHANGED,
            do=Call(operation="UpdateAlias", sends=_ALIAS_CHANGED, adds=_alias_key),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "AliasArn",
        "invokeArn": lambda s: (
            f"arn:{s.cloud.partition}:apigateway:{s.cloud.region}:lambda:path/2015-03-31/functions/"
            f"{s.at('AliasArn')}/invocations"
        ),
    },
    echoes={"name": "Name", "functionVersion": "FunctionVersion"},
    known_id=_alias_arn,
    place=("functionName", "name"),
)


def _content(subject: Subject) -> Params:
    code = subject.inputs.get("code")
    return {"Content": {"ZipFile": zipped(code)}} if isinstance(code, Archive) else {}


def _layer_key(subject: Subject) -> Params:
    name, _, version = subject.id.split(":layer:", 1)[-1].rpartition(":")
    return {"LayerName": name, "VersionNumber": int(version)}


def _check_layer(inputs: PropertyMap) -> Iterable[CheckFailure]:
    sources = [name for name in ("code", "s3Bucket") if inputs.get(name) is not None]
    if len(sources) != 1:
        yield CheckFailure("code", "exactly one of code and s3Bucket is needed")
    if isinstance(inputs.get("code"), (str, dict, list)):
        yield CheckFailure("code", "must be an archive, such as pulumi.FileArchive(path)")


def _find_layer(subject: Subject, taken: frozenset[str]) -> str | None:
    name = {"LayerName": subject.inputs["layerName"]}
    for version in pages(subject, "lambda", "ListLayerVersions", "LayerVersions", name):
        if version["LayerVersionArn"] not in taken:
            return str(version["LayerVersionArn"])
    return None


LAYER_VERSION = ResourceType(
    type="aws:lambda/layerVersion:LayerVersion",
    service="lambda",
    tier="native",
    create=Call(
        operation="PublishLayerVersion",
        names={
            "code": "",
            "s3Bucket": "Content.S3Bucket",
            "s3Key": "Content.S3Key",
            "s3ObjectVersion": "Content.S3ObjectVersion",
        },
        adds=_content,
    ),
    id=answered("LayerVersionArn"),
    read=reading("lambda", "GetLayerVersion", _layer_key),
    delete=Call(operation="DeleteLayerVersion", sends=(), adds=_layer_key),
    local=("skipDestroy",),
    outputs={
        "arn": "LayerVersionArn",
        "codeSha256": "Content.CodeSha256",
        "createdDate": "CreatedDate",
        "layerArn": lambda s: str(s.at("LayerVersionArn")).rpartition(":")[0],
        "sourceCodeSize": "Content.CodeSize",
        "sourceCodeHash": lambda s: s.inputs.get("sourceCodeHash") or s.at("Content.CodeSha256"),
        "version": lambda s: str(s.at("Version")),
    },
    echoes={"layerName": lambda s: _layer_key(s)["LayerName"]},
    find=_find_layer,
    checks=_check_layer,
)


def _url_key(subject: Subject) -> Params:
    name, _, qualifier = subject.id.partition("/")
    return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}


def _url_id(subject: Subject) -> str:
    name = function_name(subject.inputs["functionName"])
    qualifier = subject.inputs.get("qualifier")
    return f"{name}/{qualifier}" if qualifier else name


_URL_NAMES = {"authorizationType": "AuthType"}
_URL_CHANGED = ("authorizationType", "cors", "invokeMode")

FUNCTION_URL = ResourceType(
    type="aws:lambda/functionUrl:FunctionUrl",
    service="lambda",
    tier="native",
    create=Call(operation="CreateFunctionUrlConfig", names=_URL_NAMES),
    id=_url_id,
    read=reading("lambda", "GetFunctionUrlConfig", _url_key),
    delete=Call(operation="DeleteFunctionUrlConfig", sends=(), adds=_url_key),
    steps=(
        Step(
            on=_URL_CHANGED,
            do=Call(operation="UpdateFunctionUrlConfig", sends=_URL_CHANGED, names=_URL_NAMES, adds=_url_key),
            at_create=False,
        ),
    ),
    outputs={
        "functionArn": "FunctionArn",
        "functionUrl": "FunctionUrl",
        "urlId": lambda s: str(s.at("FunctionUrl")).split("//")[-1].split(".")[0],
    },
    echoes={"authorizationType": "AuthType"},
    known_id=_url_id,
    exclusive=True,
    place=("functionName", "qualifier"),
)

_PUT_WARM = Call(
    operation="PutProvisionedConcurrencyConfig",
    names={"functionName": ""},
    adds=lambda s: {"FunctionName": function_name(s.inputs["functionName"])},
)


def _warm_id(subject: Subject) -> str:
    return f"{function_name(subject.inputs['functionName'])},{subject.inputs['qualifier']}"


def _warm_key(subject: Subject) -> Params:
    name, _, qualifier = subject.id.partition(",")
    return {"FunctionName": name, "Qualifier": qualifier}


def _check_warm(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("qualifier") == "$LATEST":
        yield CheckFailure("qualifier", "must be a version or an alias: $LATEST cannot be kept warm")


PROVISIONED_CONCURRENCY = ResourceType(
    type="aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
    service="lambda",
    tier="recorded",
    create=_PUT_WARM,
    id=_warm_id,
    read=reading("lambda", "GetProvisionedConcurrencyConfig", _warm_key),
    delete=Call(operation="DeleteProvisionedConcurrencyConfig", sends=(), adds=_warm_key),
    steps=(Step(on=("provisionedConcurrentExecutions",), do=_PUT_WARM, at_create=False),),
    local=("skipDestroy",),
    echoes={"provisionedConcurrentExecutions": "RequestedProvisionedConcurrentExecutions"},
    known_id=_warm_id,
    place=("functionName", "qualifier"),
    checks=_check_warm,
)

TYPES = (ALIAS, LAYER_VERSION, FUNCTION_URL, PROVISIONED_CONCURRENCY)
