"""API Gateway, REST APIs: the account's role, models and validators of requests, settings of methods."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.patches import patching
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_API = {"restApi": "restApiId"}
_ROLE = {"cloudwatchRoleArn": "/cloudwatchRoleArn"}

_set_role = patching("apigateway", "UpdateAccount", lambda _: {}, _ROLE)


def _create_account(subject: Subject) -> Params:
    _set_role(subject)
    return {}


def _reset_account(subject: Subject) -> None:
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]
    subject.cloud.call("apigateway", "UpdateAccount", {"patchOperations": operations})


def _read_account(subject: Subject) -> Params | None:
    """An account is there always; without a role it is as nobody had set it."""
    found = reading("apigateway", "GetAccount", lambda _: {})(subject)
    return found if found and found.get("cloudwatchRoleArn") else None


ACCOUNT = ResourceType(
    type="aws:apigateway/account:Account",
    service="apigateway",
    tier="native",
    create=_create_account,
    id=lambda _: "api-gateway-account",
    read=_read_account,
    delete=_reset_account,
    steps=(Step(on=("cloudwatchRoleArn",), do=_set_role, at_create=False),),
    outputs={
        "apiKeyVersion": "apiKeyVersion",
        "features": lambda s: s.at("features") or [],
        "throttleSettings": lambda s: [s.at("throttleSettings") or {}],
    },
    echoes={"cloudwatchRoleArn": "cloudwatchRoleArn"},
    known_id=lambda _: "api-gateway-account",
)


def _model_key(subject: Subject) -> Params:
    return {
        "restApiId": subject.inputs.get("restApi") or subject.outputs.get("restApi"),
        "modelName": subject.inputs.get("name") or subject.outputs.get("name"),
    }


def _read_model(subject: Subject) -> Params | None:
    key = _model_key(subject)
    return reading("apigateway", "GetModel", lambda _: key)(subject) if all(key.values()) else None


def _find_model(subject: Subject, taken: frozenset[str]) -> str | None:
    found = _read_model(subject)
    return str(found["id"]) if found and found["id"] not in taken else None


_MAKE_MODEL = Call(operation="CreateModel", names=_API)


def _change_model(subject: Subject) -> None:
    """The emulator has no UpdateModel."""
    key = _model_key(subject)
    subject.cloud.call("apigateway", "DeleteModel", key)
    wish = {name: subject.inputs.get(name) for name in ("contentType", "description", "schema")}
    given = {name: value for name, value in wish.items() if value is not None}
    subject.cloud.call(
        "apigateway", "CreateModel", {"restApiId": key["restApiId"], "name": key["modelName"], **given}
    )


def _check_model(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "schema")


MODEL = ResourceType(
    type="aws:apigateway/model:Model",
    service="apigateway",
    tier="overlay",
    create=_MAKE_MODEL,
    id=answered("id"),
    read=_read_model,
    delete=Call(operation="DeleteModel", sends=(), adds=_model_key),
    steps=(Step(on=("description", "schema"), do=_change_model, at_create=False),),
    find=_find_model,
    auto_name=AutoName(prefix_property=None),
    place=("restApi", "name"),
    documents=("schema",),
    checks=_check_model,
)


def _validator_key(subject: Subject) -> Params:
    held = subject.inputs.get("restApi") or subject.outputs.get("restApi")
    return {"restApiId": held, "requestValidatorId": subject.id}


def _read_validator(subject: Subject) -> Params | None:
    key = _validator_key(subject)
    if key["restApiId"] is None:
        return None
    gone = ("BadRequestException",)  # the emulator's word for an id that is not there
    return reading("apigateway", "GetRequestValidator", lambda _: key, gone=gone)(subject)


def _find_validator(subject: Subject, taken: frozenset[str]) -> str | None:
    api = {"restApiId": subject.inputs["restApi"]}
    listed = reading("apigateway", "GetRequestValidators", lambda _: api)(subject) or {}
    for item in listed.get("items", ()):
        if item["name"] == subject.inputs["name"] and item["id"] not in taken:
            return str(item["id"])
    return None


_VALIDATES = {
    "name": "/name",
    "validateRequestBody": "/validateRequestBody",
    "validateRequestParameters": "/validateRequestParameters",
}

REQUEST_VALIDATOR = ResourceType(
    type="aws:apigateway/requestValidator:RequestValidator",
    service="apigateway",
    tier="native",
    create=Call(operation="CreateRequestValidator", names=_API),
    id=answered("id"),
    read=_read_validator,
    delete=Call(operation="DeleteRequestValidator", sends=(), adds=_validator_key),
    steps=(
        Step(
            on=tuple(_VALIDATES),
            do=patching("apigateway", "UpdateRequestValidator", _validator_key, _VALIDATES),
            at_create=False,
        ),
    ),
    echoes={
        "name": "name",
        "validateRequestBody": "validateRequestBody",
        "validateRequestParameters": "validateRequestParameters",
    },
    find=_find_validator,
    auto_name=AutoName(prefix_property=None),
)

_SETTING_PATHS = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "cachingEnabled": "caching/enabled",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cacheDataEncrypted": "caching/dataEncrypted",
    "requireAuthorizationForCacheControl": "caching/requireAuthorizationForCacheControl",
    "unauthorizedCacheControlHeaderStrategy": "caching/unauthorizedCacheControlHeaderStrategy",
}


def _settings_id(subject: Subject) -> str:
    return "-".join(str(subject.inputs[name]) for name in ("restApi", "stageName", "methodPath"))


def _stage_key(subject: Subject) -> Params:
    return {"restApiId": subject.inputs["restApi"], "stageName": subject.inputs["stageName"]}


def _set_methods(subject: Subject) -> Params:
    path = subject.inputs["methodPath"]
    given = subject.inputs.get("settings")
    settings = given if isinstance(given, dict) else {}
    operations = [
        {"op": "replace", "path": f"/{path}/{place}", "value": _text(settings[name])}
        for name, place in _SETTING_PATHS.items()
        if settings.get(name) is not None
    ]
    subject.cloud.call("apigateway", "UpdateStage", {**_stage_key(subject), "patchOperations": operations})
    return {}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _unset_methods(subject: Subject) -> None:
    """The emulator keeps them; with its stage they go."""
    operations = [{"op": "remove", "path": f"/{subject.inputs['methodPath']}"}]
    subject.cloud.call("apigateway", "UpdateStage", {**_stage_key(subject), "patchOperations": operations})


def _read_methods(subject: Subject) -> Params | None:
    held = {name: subject.inputs.get(name) or subject.outputs.get(name) for name in ("restApi", "stageName")}
    path = subject.inputs.get("methodPath") or subject.outputs.get("methodPath")
    if not all(held.values()):
        return None
    key = {"restApiId": held["restApi"], "stageName": held["stageName"]}
    stage = reading("apigateway", "GetStage", lambda _: key)(subject) or {}
    found = (stage.get("methodSettings") or {}).get(path)
    return dict(found) if found else None


METHOD_SETTINGS = ResourceType(
    type="aws:apigateway/methodSettings:MethodSettings",
    service="apigateway",
    tier="overlay",
    create=_set_methods,
    id=_settings_id,
    read=_read_methods,
    delete=_unset_methods,
    steps=(Step(on=("settings",), do=_set_methods, at_create=False),),
    known_id=_settings_id,
    place=("restApi", "stageName", "methodPath"),
)

TYPES = (ACCOUNT, MODEL, REQUEST_VALIDATOR, METHOD_SETTINGS)
