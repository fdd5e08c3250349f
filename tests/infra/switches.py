"""Every setting of a stack, one at a time, with another value than the one that it has."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from infra.settings.block import Settings
from infra.settings.loading import PlatformSettings, read_settings

_PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/1"
_UUID = "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
_CHOSEN: Mapping[str, list[Any]] = {
    "runbooks": ["https://example.com/runbooks"],
    "recovery.region": ["us-west-2", "us-east-2"],
    "network.zones": [["a", "b", "c"], ["b", "c"]],
    "identity.teams": [["platform", "pricing"], ["pricing"]],
    "identity.trustedPrincipals": [["arn:aws:iam::123456789012:root"]],
    "identity.samlProvider": ["arn:aws:iam::123456789012:saml-provider/company"],
    "deployment.repository": ["company/groundplan"],
    "deployment.environment": ["development"],
    "deployment.provider": ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"],
    "deployment.stateBucket": ["company-groundplan-state"],
    "deployment.stateKey": [f"arn:aws:kms:us-east-1:123456789012:key/{_UUID}"],
    "dataPipeline.instance": ["ml.m5.large"],
    "dataPipeline.schedule": ["cron(0 4 * * ? *)", "rate(1 day)"],
    "dataPipeline.spark.entryPoint": ["ml/flights/spark.py"],
    "dataPipeline.spark.release": ["emr-7.8.0"],
    "streaming.kafka.version": ["3.7.x"],
    "streaming.flink.codeKey": ["flink/application.zip"],
    "streaming.flink.runtime": ["FLINK-1_19"],
    "images.fromStack": ["company/groundplan/dev"],
    "images.base": ["public.ecr.aws/docker/library/python:3.12-slim-bookworm"],
    "training.imageTag": ["3.0-1"],
    "endpoint.image": ["framework", "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"],
    "training.image": ["123456789012.dkr.ecr.us-east-1.amazonaws.com/groundplan-dev-training:0a1b"],
    "training.schedule": ["rate(7 days)", "cron(0 6 ? * MON *)"],
    "training.hyperparameters": [{"gamma": 0.5}],
    "training.tuning.ranges": [{"eta": {"minimum": 0.05, "maximum": 0.4}}],
    "training.gates.externalData": ["flights/2014"],
    "drift.modelMonitor.baseline": ["s3://groundplan-dev-models-123456789012-us-east-1/baseline"],
    "endpoint.scheduledScaling": [
        [{"name": "morning", "at": "cron(0 7 * * ? *)", "instances": 2, "mostInstances": 6}]
    ],
    "endpoint.batch.schedule": ["rate(12 hours)"],
    "endpoint.serverless.provisionedConcurrency": [5],
    "drift.modelMonitor.everyHours": [1, 24],
    "drift.looks.schedule": ["cron(0 4 * * ? *)", "rate(1 day)"],
    "parking.stopAt": ["20:00"],
    "frontDoor.issuer": ["https://login.example.com"],
    "frontDoor.audience": [["groundplan"]],
    "notifications.teams": [["pricing", "flights"], ["pricing"]],
    "notifications.channels": [["slack"], ["slack", "teams"], []],
    "notifications.secretRecoveryDays": [7, 0],
    "notifications.chatApplication.slack": [{"workspaceId": "T0ABCDEFG", "channelId": "C0ABCDEFG"}],
    "notifications.chatApplication.teams": [
        {"tenantId": _UUID, "teamId": _UUID, "channelId": "19%3aabc%40thread.tacv2"}
    ],
    "budget.teams": [{"pricing": 100}],
    "budget.services": [{"Amazon SageMaker": 300}],
    "budget.allocationTags": [["team"]],
    "backup.breakGlass": [["arn:aws:iam::123456789012:role/break-glass"]],
    "backup.reportsBucket": ["company-backup-reports"],
    "audit.recorder.without": [["s3-bucket-logging-enabled"]],
    "release.modelPackageArn": [f"{_PACKAGE}4"],
    "release.challengers": [[{"modelPackageArn": _PACKAGE, "weight": 10}]],
    "release.shadow": [{"modelPackageArn": _PACKAGE}],
    "release.instances": [{"champion": 3}],
}
"""Path → other values, where the field's own type says too little to make one."""

_PLAUSIBLE: Mapping[str, list[Any]] = {
    "instance": ["ml.m5.xlarge", "ml.m5.2xlarge"],
    "processing_instance": ["ml.m5.xlarge", "ml.m5.2xlarge"],
    "training_instance": ["ml.g4dn.xlarge", "ml.m5.xlarge"],
    "gpu_instances": [["ml.g5.xlarge", "ml.g5.2xlarge"], ["ml.g5.2xlarge", "ml.g5.xlarge"]],
    "readers": [["234567890123"], []],
    "critical_emails": [["duty@example.com"], []],
    "infrequent_after_days": [45],
    "archive_after_days": [150],
    "deep_archive_after_days": [730],
    "expire_after_days": [3000],
    "time_zone": ["Europe/Berlin", "UTC"],
    "timezone": ["Europe/Berlin", "UTC"],
}
"""Name of a field → values that people write in it, in whatever block it stands."""

_BESIDE: Mapping[str, Mapping[str, Any]] = {
    "training.gates.minimumExternalAuc": {"training.gates.externalData": "flights/2014"},
    "storage.captures.infrequentAfterDays": {"storage.captures.expireAfterDays": 3000},
    "storage.captures.archiveAfterDays": {"storage.captures.expireAfterDays": 3000},
    "storage.captures.deepArchiveAfterDays": {"storage.captures.expireAfterDays": 3000},
    "storage.archive.infrequentAfterDays": {
        "storage.archive.archiveAfterDays": 150,
        "storage.archive.expireAfterDays": 3000,
    },
    "storage.archive.archiveAfterDays": {"storage.archive.expireAfterDays": 3000},
    "storage.archive.deepArchiveAfterDays": {"storage.archive.expireAfterDays": 3000},
    "storage.logs.archiveAfterDays": {"storage.logs.expireAfterDays": 3000},
    "storage.logs.deepArchiveAfterDays": {"storage.logs.expireAfterDays": 3000},
    "storage.audit.archiveAfterDays": {"storage.audit.expireAfterDays": 3000},
    "storage.audit.deepArchiveAfterDays": {"storage.audit.expireAfterDays": 3000},
    "storage.audit.objectLock": {"storage.audit.expireAfterDays": 3000},
    "deployment.enabled": {"deployment.repository": "company/groundplan"},
    "dataPipeline.engine": {"dataPipeline.spark.entryPoint": "ml/flights/spark.py"},
    "streaming.flink.enabled": {"streaming.flink.codeKey": "flink/application.zip"},
    "images.enabled": {"endpoint.image": "framework"},
    "training.keepAliveMinutes": {"training.spot": False},
    "frontDoor.authorisation": {
        "frontDoor.issuer": "https://login.example.com",
        "frontDoor.audience": ["groundplan"],
        "frontDoor.waf": False,
    },
    "notifications.chatApplication.enabled": {
        "notifications.chatApplication.slack": {"workspaceId": "T0ABCDEFG", "channelId": "C0ABCDEFG"}
    },
    "backup.daily.coldAfterDays": {"backup.daily.keepDays": 365},
    "backup.weekly.coldAfterDays": {"backup.weekly.keepDays": 365},
    "audit.trail.logGroup": {"audit.trail.alarms": False},
    "audit.trail.alarms": {"audit.trail.logGroup": True},
}
"""A setting that is refused by itself, and what an operator writes beside it: both come and go as one."""

EVERYTHING: Mapping[str, Any] = {
    "recovery": {"region": "us-west-2"},
    "network": {"nat": "perZone", "interfacesInUse": True},
    "deployment": {"enabled": True, "repository": "company/groundplan"},
    "dataPipeline": {"schedule": "cron(0 3 * * ? *)"},
    "streaming": {"kind": "msk", "kafka": {"cluster": "provisioned"}},
    "frontDoor": {"enabled": True},
    "training": {"schedule": "rate(7 days)", "tuning": {"strategy": "random"}},
    "drift": {"modelMonitor": {"enabled": True}},
    "notifications": {
        "teams": ["pricing"],
        "chatApplication": {"enabled": True, "slack": {"workspaceId": "T0ABCDEFG", "channelId": "C0ABCDEFG"}},
    },
    "monitoring": {"prometheus": {"enabled": True}, "grafana": {"enabled": True}},
    "budget": {"teams": {"pricing": 100}},
    "backup": {"monthly": {"enabled": True}, "restoreTests": {"enabled": True}, "framework": True},
    "audit": {
        "trail": {"dataEvents": True, "logGroup": True, "alarms": True},
        **{part: {"enabled": True} for part in ("recorder", "threats", "hub", "macie", "inspector")},
    },
}
"""The settings that bring in the parts that an environment leaves out by default."""

_FIXED = {"environment", "useCase", "network.cidr"}
"""What is chosen once: another environment or use case is another stack, another range another network."""


@dataclass(frozen=True)
class Switch:
    """One setting, what it is switched to, and what it cannot be switched without."""

    path: str
    value: Any
    beside: Mapping[str, Any] = field(default_factory=dict)

    def over(self, given: dict[str, Any]) -> dict[str, Any]:
        """The settings of a stack with this one switched."""
        merged = dict(given)
        for path, value in [(self.path, self.value), *self.beside.items()]:
            *blocks, last = path.split(".")
            inner = merged
            for block in blocks:
                inner[block] = dict(inner.get(block) or {})
                inner = inner[block]
            inner[last] = value
        return merged


def switches(environment: str, given: dict[str, Any]) -> list[Switch]:
    """A switch or more for every setting. Raises TypeError where it finds no other value for one."""
    return list(_of(PlatformSettings, read_settings(environment, given), ""))


def _of(model: type[Settings], values: Settings, above: str) -> Iterator[Switch]:
    for name, info in model.model_fields.items():
        path = f"{above}{info.alias or name}"
        now = getattr(values, name)
        if path in _FIXED:
            continue
        if isinstance(now, Settings) and path not in _CHOSEN:
            if not info.is_required() and info.default is None:
                yield Switch(path, None)  # a part that may be left out, such as a release
            yield from _of(type(now), now, f"{path}.")
            continue
        plain = _plain(now)
        others = list(_others(path, name, info.annotation, plain, list(info.metadata)))
        if not others:
            raise TypeError(f"{path}: no other value than {plain}; add one to tests/infra/switches.py")
        yield from (Switch(path, value, _BESIDE.get(path, {})) for value in others)


def _plain(value: Any) -> Any:
    """A value as a stack's file has it."""
    if isinstance(value, Settings):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _others(path: str, name: str, kind: Any, now: Any, metadata: list[Any]) -> Iterator[Any]:
    """Other values than the present one: the opposite, the next, an item fewer or more, nothing."""
    named = _CHOSEN.get(path) or _PLAUSIBLE.get(name)
    if named is None:
        yield from _typed(kind, now, metadata)
        return
    nothing: list[Any] = [None] if type(None) in typing.get_args(kind) else []
    empty: list[Any] = (
        [type(now)()] if isinstance(now, (list, dict)) and not nothing and not _least(metadata) else []
    )
    chosen: list[Any] = []
    for value in [*named, *nothing, *empty]:
        if value != now and value not in chosen:
            chosen.append(value)
    yield from chosen[:2] if len(named) > 1 else chosen


def _typed(kind: Any, now: Any, metadata: list[Any]) -> Iterator[Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner = [one for extra in arguments[1:] for one in getattr(extra, "metadata", [extra])]
        yield from _typed(arguments[0], now, [*metadata, *inner])
    elif origin in (Union, types.UnionType):
        if type(None) in arguments and now is not None:
            yield None
        yield from _typed(next(one for one in arguments if one is not type(None)), now, metadata)
    elif origin is Literal:
        yield from [one for one in arguments if one != now][:4]
    elif origin is tuple:
        yield from _lists(arguments[0], now or [], metadata)
    elif kind is bool:
        yield not now
    elif kind in (int, float):
        yield from _next(kind, now, metadata)


def _lists(item: Any, now: list[Any], metadata: list[Any]) -> Iterator[list[Any]]:
    """An item fewer, and one more where the items are words or numbers."""
    if len(now) > _least(metadata):
        yield now[:-1]
    if typing.get_origin(item) is Literal:
        more = [one for one in typing.get_args(item) if one not in now][:1]
    else:
        more = list(_typed(item, now[-1] if now else None, []))[:1]
    if more:
        yield [*now, *more]


def _least(metadata: list[Any]) -> int:
    return next((one.min_length for one in metadata if hasattr(one, "min_length")), 0)


def _next(kind: type[int] | type[float], now: float | None, metadata: list[Any]) -> Iterator[float]:
    """A number a little above the present one, or below where that is the most."""
    bounds = {one: getattr(m, one) for m in metadata for one in ("ge", "le", "gt", "lt") if hasattr(m, one)}
    least = bounds.get("ge", bounds.get("gt", 0))
    most = bounds.get("le", bounds.get("lt", 10**6))
    start = least if now is None else now
    step = 1 if kind is int else (most - least) / 100
    wanted = start + step * (30 if now is None else 1)
    yield kind(wanted if wanted < most else start - step)
