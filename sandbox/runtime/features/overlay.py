"""The feature store's runtime for the host: records are put, got and deleted; the groups are SageMaker's."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.features.locks import RecordLocks
from sandbox.runtime.features.offline import OfflineStore
from sandbox.runtime.features.records import FeatureGroup, checked, expiry, iso, moment, refusal, shown
from sandbox.runtime.overlay import Caller, Cloud, DocumentChange, Params, ServiceError, TableOverlay
from sandbox.runtime.recorded.kinds.sagemaker_data import FEATURE_GROUP, records_of
from sandbox.runtime.recorded.shelf import Shelf

_ONLINE, _OFFLINE = "OnlineStore", "OfflineStore"
_MOST_IDENTIFIERS = 100
_MOST_ENTRIES = 25


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A record that its group takes. `uri` is the place of the offline store; empty where it goes to none."""

    kind: str
    key: str
    group: FeatureGroup
    uri: str
    online: bool
    values: Mapping[str, Any]
    happened: float
    expires: float | None

    @property
    def document(self) -> dict[str, Any]:
        """As the online store keeps it."""
        return {
            "key": self.key,
            "values": self.values,
            "happened": self.happened,
            "expires": self.expires,
            "deleted": False,
        }


class FeatureStoreOverlay(TableOverlay):
    """Answers the operations on records. The latest event of an entity is online, every one is offline."""

    service = "sagemaker-featurestore-runtime"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(
            {
                "PutRecord": self._put,
                "BatchWriteRecord": self._put_several,
                "GetRecord": self._get,
                "DeleteRecord": self._delete,
                "BatchGetRecord": self._get_several,
            }
        )
        self._cloud = cloud
        self._groups = Shelf(FEATURE_GROUP, cloud.documents)
        self._offline = OfflineStore(cloud)
        self._locks = RecordLocks()

    def start(self) -> None:
        """Begins to write offline."""
        self._offline.start()

    def stop(self) -> None:
        """Writes no more."""
        self._offline.stop()

    def _put(self, params: Params, caller: Caller) -> Params:
        self._keep([self._judged(self._group(params, caller), params, {})], caller)
        return {}

    def _put_several(self, params: Params, caller: Caller) -> Params:
        """Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_BatchWriteRecord.html"""
        entries = params["Entries"]
        if not 1 <= len(entries) <= _MOST_ENTRIES:
            raise refusal(f"{len(entries)} entries are given; allowed: 1 to {_MOST_ENTRIES}")
        judged, errors = [], []
        groups: dict[str, tuple[Params, FeatureGroup]] = {}
        for entry in entries:
            name = entry["FeatureGroupName"]
            try:
                if name not in groups:
                    groups[name] = self._group(entry, caller)
                judged.append(self._judged(groups[name], entry, params.get("TtlDuration") or {}))
            except ServiceError as refused:
                errors.append({"Entry": entry, "ErrorCode": refused.code, "ErrorMessage": refused.message})
        self._keep(judged, caller)
        return {"Errors": errors, "UnprocessedEntries": []}

    def _judged(self, of: tuple[Params, FeatureGroup], entry: Params, ttl: Params) -> _Judged:
        """What a record says. `ttl` is how long it lives where it does not say so. Raises ServiceError."""
        described, group = of
        stores = _stores(group, entry)
        values = checked(group, entry["Record"])
        happened = moment(group, values[group.event_time])
        return _Judged(
            kind=records_of(described),
            key=str(values[group.identifier]),
            group=group,
            uri=_resolved(described) if _OFFLINE in stores else "",
            online=_ONLINE in stores,
            values=values,
            happened=happened,
            expires=expiry(happened, entry.get("TtlDuration") or ttl or group.ttl),
        )

    def _keep(self, records: Sequence[_Judged], caller: Caller) -> None:
        """Writes records, in order, to both stores at once: one sync for all of them."""
        latest: dict[tuple[str, str], Mapping[str, Any]] = {}
        waiting = []
        with self._locks.held((one.kind, one.key) for one in records):
            for one in records:
                if one.online:
                    place = (one.kind, one.key)
                    kept = latest.get(place) or self._cloud.documents.get(*place)
                    # What happened no later than what is there is history: for the offline store alone.
                    if kept is None or one.happened > kept["happened"] or _is_over(kept):
                        latest[place] = one.document
                if one.uri:
                    waiting.append(self._offline.waiting(one.group, one.uri, one.values, False, caller))
            online = [(kind, key, document) for (kind, key), document in latest.items()]
            self._cloud.documents.write([*online, *waiting])
        if waiting:
            self._offline.look()

    def _delete(self, params: Params, caller: Caller) -> Params:
        described, group = self._group(params, caller)
        stores = _stores(group, params)
        key, at = params["RecordIdentifierValueAsString"], params["EventTime"]
        happened = moment(group, at)
        kind = records_of(described)
        hard = params.get("DeletionMode") == "HardDelete"
        values = {group.identifier: key, group.event_time: at}
        changes: list[DocumentChange] = []
        with self._locks.held([(kind, key)]):
            if _ONLINE in stores:
                kept = self._cloud.documents.get(kind, key)
                if kept is not None and happened < kept["happened"]:
                    told = f"The event time {at} is before that of the record, {iso(kept['happened'])}"
                    raise refusal(told)
                if hard:
                    changes.append((kind, key, None))
                elif kept is not None:
                    gone = {**kept, "values": values, "happened": happened, "deleted": True}
                    changes.append((kind, key, gone))
            if _OFFLINE in stores:
                changes.append(self._offline.waiting(group, _resolved(described), values, True, caller))
            self._cloud.documents.write(changes)
        if _OFFLINE in stores:
            self._offline.look()
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
