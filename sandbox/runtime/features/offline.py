"""What writes records to the offline stores: Parquet in S3, as the service lays it out.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
"""

from __future__ import annotations

import io
import logging
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.features.records import FeatureGroup
from sandbox.runtime.overlay import Caller, Cloud, DocumentChange

PENDING = "feature-offline"
_LOOK_SECONDS = 1.0
_PYTHON = {"String": str, "Integral": int, "Fractional": float}
_log = logging.getLogger(__name__)


class OfflineStore:
    """Records that wait, on disk; a thread that writes them, all of a group at once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._closed = threading.Event()
        self._written = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to write, what an earlier run left included."""
        self._closed.clear()
        self._written.set()
        self._thread = threading.Thread(target=self._write_often, name="feature store", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes no more; what waits is written at the next start."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def waiting(
        self, group: FeatureGroup, uri: str, values: Mapping[str, Any], deleted: bool, caller: Caller
    ) -> DocumentChange:
        """The document of a record that waits, for the caller to write beside its own; then `look` is due.

        `uri` is the store's resolved place.
        """
        now = time.time()
        key = f"{now:.6f}-{secrets.token_hex(6)}"
        kept = {
            "key": key,
            "uri": uri,
            "types": dict(group.types),
            "collections": sorted(group.collections),
            "event_time": group.event_time,
            "values": dict(values),
            "deleted": deleted,
            "at": now,
            "account": caller.account_id,
            "region": caller.region,
        }
        return PENDING, key, kept

    def look(self) -> None:
        """Says that records wait."""
        self._written.set()

    def forget(self, uri: str) -> None:
        """Drops what waits for a store that is gone."""
        every = self._cloud.documents.all(PENDING)
        self._drop([kept for kept in every if kept["uri"] == uri])

    def _write_often(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            if not self._written.is_set():
                continue
            self._written.clear()
            waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for kept in self._cloud.documents.all(PENDING):
                waiting[kept["uri"]].append(kept)
            for uri, records in waiting.items():
                try:
                    self._write(uri, records)
                except ClientError as refused:
                    # As on AWS, the group stays as it is; what it could not write offline is lost.
                    _log.warning("%s records could not be written to %s: %s", len(records), uri, refused)
                self._drop(records)

    def _drop(self, records: Sequence[Mapping[str, Any]]) -> None:
        if records:
            self._cloud.documents.write([(PENDING, record["key"], None) for record in records])

    def _write(self, uri: str, records: Sequence[Mapping[str, Any]]) -> None:
        first = records[-1]
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        now = datetime.fromtimestamp(first["at"], UTC)
        name = f"{now:%Y%m%dT%H%M%SZ}_{secrets.token_urlsafe(12)}.parquet"
        key = f"{prefix}/{now:year=%Y/month=%m/day=%d/hour=%H}/{name}"
        client = self._cloud.client("s3", Caller(first["account"], first["region"]))
        client.put_object(Bucket=bucket, Key=key, Body=parquet(records))


def parquet(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Records as the offline store has them: typed, with when they were written, and deletions marked."""
    import pyarrow as pa
    from pyarrow import parquet as files

    last = records[-1]
    kinds = {"String": pa.string(), "Integral": pa.int64(), "Fractional": pa.float64()}
    columns: dict[str, Any] = {}
    for name, kind in last["types"].items():
        convert = _PYTHON[kind]
        values = [record["values"].get(name) for record in records]
        if name in last["collections"]:
            several = [None if one is None else [convert(item) for item in one] for one in values]
            columns[name] = pa.array(several, pa.list_(kinds[kind]))
        else:
            columns[name] = pa.array([None if one is None else convert(one) for one in values], kinds[kind])
    moments = [datetime.fromtimestamp(record["at"], UTC) for record in records]
    columns["write_time"] = pa.array(moments, pa.timestamp("ms", "UTC"))
    columns["api_invocation_time"] = columns["write_time"]
    columns["is_deleted"] = pa.array([bool(record["deleted"]) for record in records], pa.bool_())
    written = io.BytesIO()
    files.write_table(pa.table(columns), written, compression="snappy")
    return written.getvalue()
