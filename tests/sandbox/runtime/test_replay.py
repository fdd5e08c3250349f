"""That doing the journal again gives the same cloud, whatever was read in between."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from sandbox.runtime import daemon

_ZONES = ("raw", "curated")


def _policy_for_logs(bucket: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _bring_up(s3: Any) -> None:
    """Buckets that log into a third, with objects, and reads of all of them."""
    s3.create_bucket(Bucket="logs")
    s3.put_bucket_policy(Bucket="logs", Policy=_policy_for_logs("logs"))
    for zone in _ZONES:
        s3.create_bucket(Bucket=zone)
        s3.put_bucket_versioning(Bucket=zone, VersioningConfiguration={"Status": "Enabled"})
        target = {"TargetBucket": "logs", "TargetPrefix": f"{zone}/"}
        s3.put_bucket_logging(Bucket=zone, BucketLoggingStatus={"LoggingEnabled": target})
        for n in range(3):
            s3.put_object(Bucket=zone, Key=f"object-{n}", Body=b"x")
            s3.get_object(Bucket=zone, Key=f"object-{n}")["Body"].read()
        s3.list_objects_v2(Bucket=zone)


def _take_down(s3: Any) -> None:
    """Empties each bucket by what its listing names, and deletes it."""
    for bucket in (*_ZONES, "logs"):
        found = s3.list_object_versions(Bucket=bucket)
        every = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
        named = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in every]
        if named:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": named})
        s3.delete_bucket(Bucket=bucket)


def _killed_and_started(cloud: Any) -> dict[str, Any]:
    os.kill(cloud.administration.status()["pid"], signal.SIGKILL)
    daemon.start(cloud.root)
    status: dict[str, Any] = cloud.administration.status()
    return status


def test_what_was_destroyed_does_not_come_back_and_can_be_made_again(cloud: Any) -> None:
    s3 = cloud.client("s3")
    _bring_up(s3)
    assert _killed_and_started(cloud)["replayDifferences"] == 0
    _take_down(s3)
    assert _killed_and_started(cloud)["replayDifferences"] == 0
    assert cloud.administration.remaining().remaining == ()
    _bring_up(s3)
    daemon.stop(cloud.root)
    daemon.start(cloud.root)
    _take_down(s3)
    assert cloud.administration.remaining().remaining == ()
    assert "ERROR" not in (cloud.root / "daemon.log").read_text()


def test_a_refused_change_is_refused_again(cloud: Any) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="full")
    s3.put_object(Bucket="full", Key="k", Body=b"x")
    with pytest.raises(s3.exceptions.ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket="full")
    assert _killed_and_started(cloud)["replayDifferences"] == 0
    assert s3.get_object(Bucket="full", Key="k")["Body"].read() == b"x"


def test_keys_that_are_made_by_a_read_keep_their_ids(cloud: Any) -> None:
    kms = cloud.client("kms")
    before = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    assert kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]["KeyId"] != before
    _killed_and_started(cloud)
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"] == before


def test_a_state_that_advanced_by_reads_stays(cloud: Any) -> None:
    dax = cloud.client("dax")
    role = "arn:aws:iam::123456789012:role/any"
    made = dax.create_cluster(
        ClusterName="advancing", NodeType="dax.t3.small", ReplicationFactor=1, IamRoleArn=role
    )
    assert made["Cluster"]["Status"] == "creating"
    # The emulator counts the looks, and the fifth one finds it there.
    seen = [dax.describe_clusters(ClusterNames=["advancing"])["Clusters"][0]["Status"] for _ in range(5)]
    assert seen[-1] == "available"
    _killed_and_started(cloud)
    assert dax.describe_clusters(ClusterNames=["advancing"])["Clusters"][0]["Status"] == "available"


def test_a_long_poll_of_a_queue_holds_nobody_up_and_gets_what_arrives(cloud: Any) -> None:
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    got: list[Any] = []

    def wait() -> None:
        got.extend(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages", []))

    waiting = [threading.Thread(target=wait) for _ in range(6)]
    for thread in waiting:
        thread.start()
    for _ in waiting:
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
    for thread in waiting:
        thread.join(timeout=20)
    # One of them may have taken more than one message, so that another is still waiting.
    assert not any(thread.is_alive() for thread in waiting) or len(got) == len(waiting)
    assert {message["Body"] for message in got} == {"hello"}


def test_looking_into_an_empty_queue_leaves_no_trace_in_the_journal(cloud: Any) -> None:
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="empty")["QueueUrl"]
    journal = cloud.root / "journal" / "journal"
    before = journal.stat().st_size
    for _ in range(3):
        sqs.receive_message(QueueUrl=queue)
    sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert journal.stat().st_size == before


def test_a_message_given_up_is_in_the_queue_of_dead_letters_after_a_kill(
    cloud: Any, eventually: Callable[..., Any]
) -> None:
    sqs = cloud.client("sqs")
    sqs.create_queue(QueueName="dead")
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 1}
    queue = sqs.create_queue(
        QueueName="alive", Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "0"}
    )["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    assert sqs.receive_message(QueueUrl=queue)["Messages"]
    eventually(lambda: "Messages" not in sqs.receive_message(QueueUrl=queue))
    _killed_and_started(cloud)
    dead = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["poison"]


def test_a_stop_waits_for_no_long_poll(cloud: Any) -> None:
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="stopped")["QueueUrl"]
    ended = threading.Event()

    def wait() -> None:
        with contextlib.suppress(ConnectionClosedError):
            sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    assert daemon.stop(cloud.root)
    assert ended.wait(10)
    thread.join()
    daemon.start(cloud.root)
