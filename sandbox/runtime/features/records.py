"""Is a record one that its feature group takes, and when did it happen?

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_PutRecord.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.runtime.overlay import Params, ServiceError

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})")
_UNITS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400, "Weeks": 604800}
_INTEGRAL = range(-(2**63), 2**63)


@dataclass(frozen=True)
class FeatureGroup:
    """What a group's records are judged by. `types`: feature -> `String`, `Integral` or `Fractional`."""

    name: str
    identifier: str
    event_time: str
    types: Mapping[str, str]
    collections: frozenset[str]
    online: bool
    offline_uri: str
    """Where its offline store is, `s3://…`; empty where it has none."""
    ttl: Mapping[str, Any]
    """How long records live online unless they say so themselves; empty for ever."""

    @classmethod
    def of(cls, described: Params) -> FeatureGroup:
        """From the service's own description."""
        defined = described["FeatureDefinitions"]
        online = described.get("OnlineStoreConfig") or {}
        storage = (described.get("OfflineStoreConfig") or {}).get("S3StorageConfig") or {}
        return cls(
            name=described["FeatureGroupName"],
            identifier=described["RecordIdentifierFeatureName"],
            event_time=described["EventTimeFeatureName"],
            types={one["FeatureName"]: one.get("FeatureType", "String") for one in defined},
            collections=frozenset(one["FeatureName"] for one in defined if one.get("CollectionType")),
            online=bool(online) and online.get("EnableOnlineStore", True) is not False,
            offline_uri=str(storage.get("S3Uri", "")).rstrip("/"),
            ttl=online.get("TtlDuration") or {},
        )


def refusal(text: str) -> ServiceError:
    """The one way in which the service refuses a record."""
    return ServiceError("ValidationError", f"Validation Error: {text}")


def checked(group: FeatureGroup, record: Sequence[Params]) -> dict[str, Any]:
    """The record's values by feature: a text, or texts of a collection. Raises ServiceError."""
    found: dict[str, Any] = {}
    for one in record:
        name = one["FeatureName"]
        if name not in group.types:
            raise refusal(f"The feature {name} is not defined in the feature group {group.name}")
        if name in found:
            raise refusal(f"The feature {name} is given more than once")
        text, several = one.get("ValueAsString"), one.get("ValueAsStringList")
        if (several is not None) != (name in group.collections) or (text is None) == (several is None):
            wanted = "ValueAsStringList" if name in group.collections else "ValueAsString"
            raise refusal(f"The feature {name} is given as {wanted}, and only so")
        for value in several if several is not None else [text]:
            _judge(name, group.types[name], str(value))
        found[name] = several if several is not None else text
    for name in (group.identifier, group.event_time):
        if not found.get(name):
            raise refusal(f"The record is missing the feature {name}")
    moment(group, found[group.event_time])
    return found


def _judge(name: str, kind: str, value: str) -> None:
    try:
        fits = kind == "String" or (
            int(value) in _INTEGRAL
            if kind == "Integral"
            else float(value) not in (float("inf"), float("-inf"))
        )
    except ValueError:
        fits = False
    if not fits:
        raise refusal(f"The value {value!r} of the feature {name} is no {kind}")


def moment(group: FeatureGroup, text: str) -> float:
    """Seconds since 1970 of an event time: a number, or ISO 8601 with a zone. Raises ServiceError."""
    if group.types[group.event_time] == "Fractional":
        try:
            return float(text)
        except ValueError:
            raise refusal(f"The event time {text!r} is no number of seconds since 1970") from None
    if not _MOMENT.fullmatch(text):
        raise refusal(f"The event time {text!r} is not of the form yyyy-MM-dd'T'HH:mm:ssZ or with .SSS")
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as wrong:
        raise refusal(f"The event time {text!r} is no moment: {wrong}") from None


def expiry(happened: float, ttl: Mapping[str, Any]) -> float | None:
    """When a record is gone from the online store, its event's time being `happened`; None: never."""
    return happened + ttl["Value"] * _UNITS[ttl["Unit"]] if ttl else None


def iso(seconds: float) -> str:
    """A moment as the service writes it."""
    whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return whole.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(values: Mapping[str, Any], order: Sequence[str]) -> list[Params]:
    """Values as an answer has them."""
    return [
        {
            "FeatureName": name,
            "ValueAsStringList" if isinstance(values[name], list) else "ValueAsString": values[name],
        }
        for name in order
        if name in values
    ]
