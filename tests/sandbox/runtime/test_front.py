"""What ordinary clients see of the sandbox's front."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient, SandboxRefusedError, SandboxUnreachableError


def test_status_says_who_and_where(cloud: Any) -> None:
    status = cloud.administration.status()
    assert status["instance"] == cloud.address.instance
    assert status["ready"] is True
    assert status["root"] == str(cloud.root)
    assert status["pid"] == cloud.address.pid
    assert {"lambda", "budgets"} <= set(status["overlays"])


def test_a_second_start_finds_the_first(cloud: Any) -> None:
    assert daemon.start(cloud.root) == cloud.address
    assert daemon.find(cloud.root) == cloud.address


def test_a_start_on_another_port_than_the_running_one_is_refused(cloud: Any) -> None:
    with pytest.raises(daemon.RunsElsewhereError, match=cloud.address.endpoint_url):
        daemon.start(cloud.root, port=1)


def test_a_port_of_another_program_is_named(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        with pytest.raises(daemon.PortInUseError, match=str(port)):
            daemon.start(tmp_path, port=port)
    assert daemon.find(tmp_path) is None


def test_a_daemon_ends_when_its_root_is_removed(tmp_path: Path, eventually: Callable[..., Any]) -> None:
    address = daemon.start(tmp_path / "root")
    shutil.rmtree(tmp_path / "root")
    eventually(lambda: not daemon._alive(address.pid))


def test_stopping_ends_the_daemon_and_a_start_keeps_its_address(tmp_path: Path) -> None:
    first = daemon.start(tmp_path)
    assert daemon.stop(tmp_path) is True
    assert not daemon._alive(first.pid)
    assert daemon.find(tmp_path) is None
    again = daemon.start(tmp_path)
    assert again.endpoint_url == first.endpoint_url
    assert daemon.stop(tmp_path) is True


def test_a_sandbox_of_other_sources_is_not_taken_for_this_one(tmp_path: Path) -> None:
    address = daemon.start(tmp_path)
    try:
        replace(address, sources="of last week").write(tmp_path)
        with pytest.raises(daemon.OutdatedError, match="groundplan sandbox stop"):
            daemon.start(tmp_path)
    finally:
        daemon.stop(tmp_path)
    again = daemon.start(tmp_path)
    assert again.endpoint_url == address.endpoint_url
    daemon.stop(tmp_path)


def test_stopping_what_does_not_run_changes_nothing(tmp_path: Path) -> None:
    assert daemon.stop(tmp_path) is False


def test_the_environment_leads_a_plain_client_here(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")
    for name, value in daemon.environment(cloud.address).items():
        monkeypatch.setenv(name, value)
    assert boto3.Session().client("sts").get_caller_identity()["Account"] == "123456789012"


def test_large_objects_come_back_as_they_were(cloud: Any) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="large-objects")
    body = os.urandom(1 << 20) * 40
    s3.put_object(Bucket="large-objects", Key="a/b c/ü+%.bin", Body=body, Metadata={"made-by": "test"})
    answer = s3.get_object(Bucket="large-objects", Key="a/b c/ü+%.bin")
    assert hashlib.sha256(answer["Body"].read()).digest() == hashlib.sha256(body).digest()
    assert answer["Metadata"] == {"made-by": "test"}
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="large-objects")["Contents"]] == ["a/b c/ü+%.bin"]


def test_multipart_and_ranged_reads_work(cloud: Any, tmp_path: Path) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="multipart")
    source = tmp_path / "source"
    source.write_bytes(os.urandom(20 << 20))
    s3.upload_file(str(source), "multipart", "whole")
    s3.download_file("multipart", "whole", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    part = s3.get_object(Bucket="multipart", Key="whole", Range="bytes=5-9")["Body"].read()
    assert part == source.read_bytes()[5:10]


def test_a_presigned_address_opens_without_credentials(cloud: Any) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="presigned")
    s3.put_object(Bucket="presigned", Key="k", Body=b"content")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "k"})
    with urllib.request.urlopen(address) as answer:  # noqa: S310
        assert answer.read() == b"content"


def test_accounts_and_regions_are_apart(cloud: Any) -> None:
    from sandbox.runtime.host.clients import access_key_for

    other = boto3.client(
        "sqs",
        endpoint_url=cloud.address.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_for("210987654321"),
        aws_secret_access_key="any",
    )
    cloud.client("sqs").create_queue(QueueName="apart")
    assert "apart" in json.dumps(cloud.client("sqs").list_queues()["QueueUrls"])
    assert "QueueUrls" not in other.list_queues()
    assert "QueueUrls" not in cloud.client("sqs", region_name="eu-west-1").list_queues()
    assert "210987654321" in other.create_queue(QueueName="apart")["QueueUrl"]


def test_metrics_travel_in_the_protocol_that_new_clients_speak(cloud: Any) -> None:
    metrics = cloud.client("cloudwatch")
    metrics.put_metric_data(Namespace="Test", MetricData=[{"MetricName": "m", "Value": 3.5, "Unit": "Count"}])
    assert [m["MetricName"] for m in metrics.list_metrics(Namespace="Test")["Metrics"]] == ["m"]


def test_an_operation_that_is_not_emulated_says_so_by_name(cloud: Any) -> None:
    with pytest.raises(ClientError, match="does not emulate health") as refused:
        cloud.client("health").describe_events()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_faults_are_met_as_often_as_asked_for(cloud: Any) -> None:
    cloud.administration.fault("throttle", "sqs:ListQueues")
    cloud.administration.fault("error500", "s3:ListBuckets", times=2)
    with pytest.raises(ClientError, match="Throttling"):
        cloud.client("sqs").list_queues()
    cloud.client("sqs").list_queues()
    for _ in range(2):
        with pytest.raises(ClientError, match="InternalFailure"):
            cloud.client("s3").list_buckets()
    cloud.client("s3").list_buckets()


def test_a_fault_without_sense_is_refused(cloud: Any) -> None:
    with pytest.raises(SandboxRefusedError, match="whole number"):
        cloud.administration.fault("throttle", "sqs:ListQueues", times=0)


def test_an_unknown_fault_is_refused_with_the_list(cloud: Any) -> None:
    with pytest.raises(SandboxRefusedError, match="throttle.*spot-interruption.*zone-lost"):
        cloud.administration.fault("earthquake", "*")


def test_the_faults_are_listed_with_what_they_strike_and_those_that_wait(cloud: Any) -> None:
    cloud.administration.fault("latency", "sqs:PurgeQueue", times=3)
    known, waiting = cloud.administration.faults()
    assert {"throttle", "error500", "latency", "spot-interruption", "instance-killed", "zone-lost"} == {
        kind.name for kind in known
    }
    assert all(kind.target and kind.effect for kind in known)
    assert ("latency", "sqs:PurgeQueue", 3) in [(one.name, one.target, one.left) for one in waiting]


def test_an_administration_address_that_is_not_there_lists_those_that_are(cloud: Any) -> None:
    with pytest.raises(SandboxRefusedError, match="not known"):
        cloud.administration._ask("GET", "nothing")


def test_a_client_of_a_stopped_sandbox_hears_how_to_start_it() -> None:
    with pytest.raises(SandboxUnreachableError, match="groundplan sandbox start"):
        SandboxClient("http://127.0.0.1:1").status()
