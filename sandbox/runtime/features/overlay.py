"""The feature store's runtime for the host: records are put, got and deleted; the groups are SageMaker's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.runtime.features.offline import OfflineStore
from sandbox.runtime.features.records import FeatureGroup, checked, expiry, iso, moment, refusal, shown
from sandbox.runtime.overlay import Caller, Cloud, Params, Remaining, ServiceError
from sandbox.runtime.recorded.kinds.sagemaker_data import FEATURE_GROUP, records_of
from sandbox.runtime.recorded.shelf import Shelf

_ONLINE, _OFFLINE = "OnlineStore", "OfflineStore"
_MOST_IDENTIFIERS = 100


class FeatureStoreOverlay:
    """Answers the operations on records. The latest event of an entity is online, every one is offline."""

    service = "sagemaker-featurestore-runtime"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._groups = Shelf(FEATURE_GROUP, cloud.documents)
        self._offline = OfflineStore(cloud)
        self._lock = threading.Lock()
        self._operations: Mapping[str, Callable[[Params, Caller], Params]] = {
            "PutRecord": self._put,
            "GetRecord": self._get,
            "DeleteRecord": self._delete,
            "BatchGetRecord": self._get_several,
        }
        self.operations = frozenset(self._operations)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """Answers one operation. Raises ServiceError."""
        return self._operations[operation](params, caller)

    def remaining(self) -> list[Remaining]:
        """Nothing: records go with their group."""
        return []

    def start(self) -> None:
        """Begins to write offline."""
        self._offline.start()

    def stop(self) -> None:
        """Writes no more."""
        self._offline.stop()

    def _put(self, params: Params, caller: Caller) -> Params:
        described, group = self._group(params, caller)
        stores = _stores(group, params)
        values = checked(group, params["Record"])
        happened = moment(group, values[group.event_time])
        kind, key = records_of(described), str(values[group.identifier])
        if _ONLINE in stores:
            ends = expiry(happened, params.get("TtlDuration") or group.ttl)
            with self._lock:
                kept = self._cloud.documents.get(kind, key)
                # What happened no later than what is there is history: it goes to the offline store alone.
                if kept is None or happened > kept["happened"] or _is_over(kept):
                    fresh = {
                        "key": key,
                        "values": values,
                        "happened": happened,
                        "expires": ends,
                        "deleted": False,
                    }
                    self._cloud.documents.put(kind, key, fresh)
        if _OFFLINE in stores:
            self._offline.add(group, _resolved(described), values, False, caller)
        return {}

    def _delete(self, params: Params, caller: Caller) -> Params:
        described, group = self._group(params, caller)
        stores = _stores(group, params)
        key, at = params["RecordIdentifierValueAsString"], params["EventTime"]
        happened = moment(group, at)
        kind = records_of(described)
        hard = params.get("DeletionMode") == "HardDelete"
        values = {group.identifier: key, group.event_time: at}
        if _ONLINE in stores:
            with self._lock:
                kept = self._cloud.documents.get(kind, key)
                if kept is not None and happened < kept["happened"]:
                    told = f"The event time {at} is before that of the record, {iso(kept['happened'])}"
                    raise refusal(told)
                if hard:
                    self._cloud.documents.delete(kind, key)
                elif kept is not None:
                    gone = {**kept, "values": values, "happened": happened, "deleted": True}
                    self._cloud.documents.put(kind, key, gone)
        if _OFFLINE in stores:
            self._offline.add(group, _resolved(described), values, True, caller)
        return {}

    def _get(self, params: Params, caller: Caller) -> Params:
        described, group = self._group(params, caller, missing="ResourceNotFound")
        if not group.online:
            raise refusal(f"The feature group {group.name} has no online store")
        found = self._found(
            described, group, params["RecordIdentifierValueAsString"], params.get("FeatureNames")
        )
        if found is None:
            return {}
        values, ends = found
        told = params.get("ExpirationTimeResponse") == "Enabled" and ends is not None
        return {"Record": values, **({"ExpiresAt": iso(ends)} if told and ends is not None else {})}

    def _get_several(self, params: Params, caller: Caller) -> Params:
        records, errors = [], []
        wanted = [
            (one, key) for one in params["Identifiers"] for key in one["RecordIdentifiersValueAsString"]
        ]
        if len(wanted) > _MOST_IDENTIFIERS:
            raise refusal(f"{len(wanted)} identifiers are asked for; allowed: {_MOST_IDENTIFIERS} at most")
        for one, key in wanted:
            named = {"FeatureGroupName": one["FeatureGroupName"], "RecordIdentifierValueAsString": key}
            try:
                found = self._get({**named, "FeatureNames": one.get("FeatureNames")}, caller)
            except ServiceError as refused:
                errors.append({**named, "ErrorCode": refused.code, "ErrorMessage": refused.message})
                continue
            if "Record" in found:
                records.append({**named, **found})
        return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}

    def _found(
        self, described: Params, group: FeatureGroup, key: str, names: list[str] | None
    ) -> tuple[list[Params], float | None] | None:
        """The record as an answer has it, and when it expires. Raises ServiceError for unknown features."""
        unknown = [name for name in names or () if name not in group.types]
        if unknown:
            raise refusal(f"The feature group {group.name} defines no feature {', '.join(unknown)}")
        kept = self._cloud.documents.get(records_of(described), key)
        if kept is None or kept["deleted"] or _is_over(kept):
            return None
        return shown(kept["values"], names or list(group.types)), kept["expires"]

    def _group(
        self, params: Params, caller: Caller, missing: str = "ValidationError"
    ) -> tuple[Params, FeatureGroup]:
        name = str(params["FeatureGroupName"]).rpartition("/")[2]
        described = self._groups.find({"FeatureGroupName": name}, caller)
        if described is None:
            status = 404 if missing == "ResourceNotFound" else 400
            raise ServiceError(missing, f"The feature group {name} does not exist.", status)
        return described, FeatureGroup.of(described)


def _stores(group: FeatureGroup, params: Params) -> frozenset[str]:
    """The stores that a request writes to: those that it names, else all that the group has."""
    has = {
        **({_ONLINE: True} if group.online else {}),
        **({_OFFLINE: True} if group.offline_uri else {}),
    }
    asked = params.get("TargetStores") or list(has)
    for store in asked:
        if store not in has:
            raise refusal(f"The feature group {group.name} has no {store}")
    return frozenset(asked)


def _resolved(described: Params) -> str:
    return str(described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"])


def _is_over(kept: Mapping[str, Any]) -> bool:
    return kept["expires"] is not None and kept["expires"] <= time.time()
