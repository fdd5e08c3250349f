"""Records of feature groups: judged by their definitions, online by the latest event, offline all of them."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pyarrow import parquet

from sandbox.runtime import daemon

Wait = Callable[..., Any]
_DEFINITIONS = [
    {"FeatureName": "airport", "FeatureType": "String"},
    {"FeatureName": "seen_at", "FeatureType": "String"},
    {"FeatureName": "waiting", "FeatureType": "Integral"},
    {"FeatureName": "wind", "FeatureType": "Fractional"},
    {"FeatureName": "runways", "FeatureType": "Integral", "CollectionType": "List"},
]


@pytest.fixture
def group(cloud: Any) -> str:
    """The name of a fresh feature group with both stores."""
    name = f"airports-{uuid.uuid4().hex}"
    cloud.client("s3").create_bucket(Bucket="features")
    cloud.client("sagemaker").create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="airport",
        EventTimeFeatureName="seen_at",
        FeatureDefinitions=_DEFINITIONS,
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://features/{name}"}},
        RoleArn="arn:aws:iam::123456789012:role/features",
    )
    return name


def _record(seen_at: str, **features: Any) -> list[dict[str, Any]]:
    given = {"airport": "EWR", "seen_at": seen_at, **features}
    return [
        {"FeatureName": name, "ValueAsStringList" if isinstance(value, list) else "ValueAsString": value}
        for name, value in given.items()
    ]


def _got(cloud: Any, group: str, **more: Any) -> dict[str, Any]:
    answer = cloud.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=group, RecordIdentifierValueAsString="EWR", **more
    )
    return {
        one["FeatureName"]: one.get("ValueAsString", one.get("ValueAsStringList"))
        for one in answer.get("Record", [])
    }


def _winds(cloud: Any, group: str, count: int) -> list[float] | None:
    """The winds of the offline store, in order of size, once there are so many."""
    s3 = cloud.client("s3")
    listed = s3.list_objects_v2(Bucket="features", Prefix=f"{group}/").get("Contents", [])
    bodies = [s3.get_object(Bucket="features", Key=one["Key"])["Body"].read() for one in listed]
    rows = [row for body in bodies for row in parquet.read_table(io.BytesIO(body)).to_pylist()]
    return sorted(row["wind"] for row in rows) if len(rows) == count else None


def test_a_record_is_got_as_it_was_put_by_name_or_arn(cloud: Any, group: str) -> None:
    store = cloud.client("sagemaker-featurestore-runtime")
    store.put_record(
        FeatureGroupName=group, Record=_record("2026-01-01T10:00:00Z", wind="7.5", runways=["1", "2"])
    )
    arn = cloud.client("sagemaker").describe_feature_group(FeatureGroupName=group)["FeatureGroupArn"]
    whole = {"airport": "EWR", "seen_at": "2026-01-01T10:00:00Z", "wind": "7.5", "runways": ["1", "2"]}
    assert _got(cloud, group) == _got(cloud, arn) == whole
    assert _got(cloud, group, FeatureNames=["wind"]) == {"wind": "7.5"}


def test_an_earlier_event_that_comes_later_changes_nothing_online_and_is_kept_offline(
    cloud: Any, group: str, eventually: Wait
) -> None:
    store = cloud.client("sagemaker-featurestore-runtime")
    for moment, wind in (("10:00:00Z", "7"), ("09:00:00Z", "1"), ("10:00:00Z", "2")):
        store.put_record(FeatureGroupName=group, Record=_record(f"2026-01-01T{moment}", wind=wind))
    assert _got(cloud, group)["wind"] == "7"
    assert eventually(lambda: _winds(cloud, group, 3)) == [1.0, 2.0, 7.0]
    s3 = cloud.client("s3")
    storage = cloud.client("sagemaker").describe_feature_group(FeatureGroupName=group)["OfflineStoreConfig"]
    resolved = storage["S3StorageConfig"]["ResolvedOutputS3Uri"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="features", Prefix=f"{group}/")["Contents"]]
    assert all(f"s3://features/{key}".startswith(f"{resolved}/year=") for key in keys)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (_record("2026-01-01T10:00:00Z", pressure="7"), "pressure is not defined"),
        (_record("2026-01-01T10:00:00Z", waiting="7.5"), "'7.5' of the feature waiting is no Integral"),
        (_record("2026-01-01T10:00:00Z", wind="strong"), "'strong' of the feature wind is no Fractional"),
        (_record("yesterday"), "event time 'yesterday'"),
        (_record("2026-01-01T10:00:00Z")[1:], "missing the feature airport"),
        ([*_record("2026-01-01T10:00:00Z"), *_record("2026-01-01T10:00:00Z")], "more than once"),
        (_record("2026-01-01T10:00:00Z", runways="1"), "runways is given as ValueAsStringList"),
    ],
)
def test_what_the_definitions_do_not_allow_is_refused_by_its_feature(
    cloud: Any, group: str, record: Any, told: str
) -> None:
    with pytest.raises(ClientError, match=told) as refused:
        cloud.client("sagemaker-featurestore-runtime").put_record(FeatureGroupName=group, Record=record)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert _got(cloud, group) == {}


def test_a_deleted_record_is_gone_until_a_later_event(cloud: Any, group: str) -> None:
    store = cloud.client("sagemaker-featurestore-runtime")
    store.put_record(FeatureGroupName=group, Record=_record("2026-01-01T10:00:00Z", wind="7"))
    named = {"FeatureGroupName": group, "RecordIdentifierValueAsString": "EWR"}
    with pytest.raises(ClientError, match="before that of the record"):
        store.delete_record(**named, EventTime="2026-01-01T09:00:00Z")
    store.delete_record(**named, EventTime="2026-01-01T11:00:00Z")
    assert _got(cloud, group) == {}
    store.put_record(FeatureGroupName=group, Record=_record("2026-01-01T10:30:00Z", wind="8"))
    assert _got(cloud, group) == {}
    store.put_record(FeatureGroupName=group, Record=_record("2026-01-01T12:00:00Z", wind="9"))
    assert _got(cloud, group)["wind"] == "9"
    store.delete_record(**named, EventTime="2026-01-01T13:00:00Z", DeletionMode="HardDelete")
    store.put_record(FeatureGroupName=group, Record=_record("2026-01-01T10:00:00Z", wind="1"))
    assert _got(cloud, group)["wind"] == "1"


def test_a_record_is_gone_when_its_time_to_live_is_over(cloud: Any, group: str) -> None:
    store = cloud.client("sagemaker-featurestore-runtime")
    ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    living = {"FeatureGroupName": group, "Record": _record(ago, wind="7")}
    store.put_record(**living, TtlDuration={"Unit": "Seconds", "Value": 30})
    assert _got(cloud, group) == {}
    store.put_record(**living, TtlDuration={"Unit": "Hours", "Value": 1})
    answer = store.get_record(
        FeatureGroupName=group, RecordIdentifierValueAsString="EWR", ExpirationTimeResponse="Enabled"
    )
    assert answer["ExpiresAt"] > ago


def test_several_records_are_got_at_once_with_an_error_for_each_that_cannot_be(
    cloud: Any, group: str
) -> None:
    store = cloud.client("sagemaker-featurestore-runtime")
    store.put_record(FeatureGroupName=group, Record=_record("2026-01-01T10:00:00Z", wind="7"))
    asked = [
        {"FeatureGroupName": group, "RecordIdentifiersValueAsString": ["EWR", "JFK"]},
        {"FeatureGroupName": "no-such-group", "RecordIdentifiersValueAsString": ["EWR"]},
    ]
    answer = store.batch_get_record(Identifiers=asked)
    assert [one["RecordIdentifierValueAsString"] for one in answer["Records"]] == ["EWR"]
    assert [one["ErrorCode"] for one in answer["Errors"]] == ["ResourceNotFound"]


def test_records_outlive_a_kill_and_go_with_their_group(cloud: Any, group: str) -> None:
    store = cloud.client("sagemaker-featurestore-runtime")
    store.put_record(FeatureGroupName=group, Record=_record("2026-01-01T10:00:00Z", wind="7"))
    os.kill(daemon.start(cloud.root).pid, signal.SIGKILL)
    daemon.start(cloud.root)
    assert _got(cloud, group)["wind"] == "7"
    sagemaker = cloud.client("sagemaker")
    described = sagemaker.describe_feature_group(FeatureGroupName=group)
    sagemaker.delete_feature_group(FeatureGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        _got(cloud, group)
    kept = ("FeatureGroupName", "RecordIdentifierFeatureName", "EventTimeFeatureName", "FeatureDefinitions")
    sagemaker.create_feature_group(
        **{name: described[name] for name in (*kept, "OnlineStoreConfig", "RoleArn")}
    )
    assert _got(cloud, group) == {}


def test_a_batch_of_records_is_written_with_an_error_for_each_that_cannot_be(
    cloud: Any, group: str, eventually: Wait
) -> None:
    store = cloud.client("sagemaker-featurestore-runtime")
    entries = [
        {"FeatureGroupName": group, "Record": _record("2026-01-01T10:00:00Z", wind="1")},
        {"FeatureGroupName": group, "Record": _record("2026-01-01T12:00:00Z", wind="2")},
        {"FeatureGroupName": group, "Record": _record("2026-01-01T11:00:00Z", wind="3")},
        {"FeatureGroupName": group, "Record": _record("2026-01-01T13:00:00Z", wind="strong")},
        {"FeatureGroupName": "no-such-group", "Record": _record("2026-01-01T13:00:00Z", wind="4")},
    ]
    answer = store.batch_write_record(Entries=entries)
    assert [one["Entry"] for one in answer["Errors"]] == entries[3:]
    assert [one["ErrorCode"] for one in answer["Errors"]] == ["ValidationError", "ValidationError"]
    assert "'strong' of the feature wind is no Fractional" in answer["Errors"][0]["ErrorMessage"]
    assert not answer["UnprocessedEntries"]
    assert _got(cloud, group)["wind"] == "2"
    assert eventually(lambda: _winds(cloud, group, 3)) == [1.0, 2.0, 3.0]


def test_a_batch_takes_its_own_time_to_live_where_a_record_says_none(cloud: Any, group: str) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entry: dict[str, Any] = {"FeatureGroupName": group, "Record": _record(moment, wind="1")}
    store = cloud.client("sagemaker-featurestore-runtime")
    store.batch_write_record(Entries=[entry], TtlDuration={"Unit": "Hours", "Value": 1})
    asked = {"FeatureGroupName": group, "RecordIdentifierValueAsString": "EWR"}
    assert "ExpiresAt" in store.get_record(**asked, ExpirationTimeResponse="Enabled")
    entry["TtlDuration"] = {"Unit": "Seconds", "Value": 1}
    entry["Record"] = _record("2099-01-01T00:00:00Z")
    store.batch_write_record(Entries=[entry], TtlDuration={"Unit": "Hours", "Value": 1})
    found = store.get_record(**asked, ExpirationTimeResponse="Enabled")["ExpiresAt"]
    assert found == "2099-01-01T00:00:01.000Z"


def test_whatever_was_answered_of_concurrent_writes_outlives_a_kill(cloud: Any, group: str) -> None:
    """Sixteen clients write records of their own, alone and in batches, until the sandbox is killed."""
    answered: dict[str, str] = {}
    killed = threading.Event()

    def write(client: int) -> None:
        store = cloud.client("sagemaker-featurestore-runtime")
        number = 0
        while not killed.is_set():
            number += 1
            seen_at = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
            names = [f"{client}-{place}" for place in range(1 + 9 * (client % 2))]
            records = [
                [
                    {"FeatureName": "airport", "ValueAsString": name},
                    *_record(seen_at, waiting=str(number))[1:],
                ]
                for name in names
            ]
            try:
                if len(records) == 1:
                    store.put_record(FeatureGroupName=group, Record=records[0])
                else:
                    entries = [{"FeatureGroupName": group, "Record": one} for one in records]
                    assert not store.batch_write_record(Entries=entries)["Errors"]
            except (BotoCoreError, ClientError):
                return
            answered.update(dict.fromkeys(names, str(number)))

    with ThreadPoolExecutor(16) as pool:
        writing = [pool.submit(write, client) for client in range(16)]
        while len(answered) < 88 and not any(one.done() for one in writing):
            time.sleep(0.01)
        os.kill(daemon.start(cloud.root).pid, signal.SIGKILL)
        killed.set()
        for one in writing:
            one.result()
    kept = dict(answered)
    assert len(kept) == 88
    daemon.start(cloud.root)
    store = cloud.client("sagemaker-featurestore-runtime")
    for name, number in kept.items():
        record = store.get_record(FeatureGroupName=group, RecordIdentifierValueAsString=name)["Record"]
        found = {one["FeatureName"]: one.get("ValueAsString") for one in record}
        # A write whose answer the kill cut off may be there, and no other.
        assert int(number) <= int(found["waiting"] or 0) <= int(number) + 1
