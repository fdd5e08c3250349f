"""Does the demonstration count what has come through, each object once, and find whose clocks to wait for?"""

from __future__ import annotations

import hashlib
import io
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
from pyarrow import parquet

from ops.demo import replaying
from ops.outputs import StackOutputs
from ops.session import Session


def _parquet(rows: int) -> bytes:
    written = io.BytesIO()
    parquet.write_table(pa.table({"outcome": [0.0] * rows}), written)
    return written.getvalue()


class _Cloud:
    """Objects in a bucket, two feature groups, and a stream with two functions."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def client(self, service: str) -> Any:
        return self

    def get_paginator(self, name: str) -> Any:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        found = [
            {"Key": key, "ETag": hashlib.sha256(body).hexdigest()}
            for key, body in self.objects.items()
            if key.startswith(Prefix)
        ]
        return [{"Contents": found[:1]}, {"Contents": found[1:]}, {}]

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        self.fetched.append(Key)
        return {"Body": io.BytesIO(self.objects[Key])}

    def describe_feature_group(self, FeatureGroupName: str) -> Any:  # noqa: N803
        return {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": f"s3://zone/{FeatureGroupName}"}}}

    def describe_stream_summary(self, StreamName: str) -> Any:  # noqa: N803
        return {"StreamDescriptionSummary": {"StreamARN": f"arn:stream/{StreamName}"}}

    def list_event_source_mappings(self, EventSourceArn: str) -> Any:  # noqa: N803
        functions = ["archiver", "consumer"] if EventSourceArn == "arn:stream/events" else ["archiver"]
        return {"EventSourceMappings": [{"FunctionArn": one} for one in functions]}

    def get_function_configuration(self, FunctionName: str) -> Any:  # noqa: N803
        variables = {"archiver": None, "consumer": {"STATE_TABLE": "states"}}[FunctionName]
        return {} if variables is None else {"Environment": {"Variables": variables}}


def test_what_has_come_through_is_counted_by_lines_and_rows_and_fetched_once() -> None:
    cloud = _Cloud()
    outputs = cast(
        StackOutputs,
        SimpleNamespace(endpoint="e", zones={"captures": "zone"}, feature_groups={"outcomes": "group"}),
    )
    cloud.objects = {
        "e/e/champion/1.jsonl": b"{}\n{}\n",
        "e/e/champion/2.jsonl": b"{}\n",
        "e/e/shadow/1.jsonl": b"{}\n" * 3,
        "group/1.parquet": _parquet(13),
        "group/2.parquet": _parquet(200),
    }
    seen = replaying.look(cast(Session, cloud), outputs)
    assert seen == replaying.Seen({"champion": 3, "shadow": 3}, 213)
    assert str(seen) == "3 predictions (champion 3, shadow 3), 213 outcomes"
    cloud.objects["group/3.parquet"] = _parquet(7)
    cloud.objects["e/e/champion/2.jsonl"] = b"{}\n" * 5
    cloud.fetched.clear()
    assert replaying.look(cast(Session, cloud), outputs) == replaying.Seen({"champion": 7, "shadow": 3}, 220)
    assert sorted(cloud.fetched) == ["e/e/champion/2.jsonl", "group/3.parquet"]


def test_the_table_of_the_clocks_is_that_of_the_function_that_keeps_states() -> None:
    cloud = cast(Session, _Cloud())
    assert replaying._states(cloud, "events") == "states"
    assert replaying._states(cloud, "others") == ""
