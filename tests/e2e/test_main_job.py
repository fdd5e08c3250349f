"""The main job through real clients: the command as people type it, and boto3 as applications use AWS."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def test_a_first_run_ends_in_a_prediction_though_the_sandbox_is_killed_on_the_way(clone: Any) -> None:
    process = clone.start("start", "dev")
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.split()[:2] == ["Train", "running"]:
            break
    clone.kill_sandbox()
    process.communicate(timeout=300)
    assert process.returncode == 1, "".join(printed)

    told = clone.json("start", "dev")
    assert told["trained"] is True
    assert told["deployed"] is True
    assert 0 < told["prediction"]["probability"] < 1
    assert told["prediction"]["shown"]
    assert told["prediction"]["outcome"]


def test_outputs_name_the_zones_the_pipeline_the_endpoint_and_the_topic(clone: Any) -> None:
    outputs = clone.json("outputs", "dev")
    assert {"raw", "curated", "features", "models", "captures", "archive", "audit"} <= set(outputs["zones"])
    sagemaker = clone.client("sagemaker")
    assert sagemaker.describe_pipeline(PipelineName=outputs["pipeline"])["PipelineStatus"] == "Active"
    assert sagemaker.describe_endpoint(EndpointName=outputs["endpoint"])["EndpointStatus"] == "InService"
    for topic in outputs["topics"].values():
        clone.client("sns").get_topic_attributes(TopicArn=topic)
    buckets = {bucket["Name"] for bucket in clone.client("s3").list_buckets()["Buckets"]}
    assert set(outputs["zones"].values()) <= buckets


def test_a_second_run_changes_nothing_and_trains_nothing(clone: Any) -> None:
    pipeline = clone.json("outputs", "dev")["pipeline"]
    sagemaker = clone.client("sagemaker")

    def executions() -> list[str]:
        answer = sagemaker.list_pipeline_executions(PipelineName=pipeline)
        return [one["PipelineExecutionArn"] for one in answer["PipelineExecutionSummaries"]]

    before = executions()
    told = clone.json("start", "dev")
    assert set(told["changes"]) <= {"same", "read"}
    assert told["trained"] is False
    assert told["deployed"] is False
    assert [step["step"] for step in told["steps"] if step["idle"]] == [
        "platform",
        "channel",
        "data",
        "train",
        "approve",
        "deploy",
    ]
    assert executions() == before
    clone.run("up", "dev", "--expect-no-changes")
    assert not (clone.folder / "stacks" / "Pulumi.dev.yaml").read_text().count("modelPackageArn: arn")


def test_a_version_can_be_deployed_by_its_number(clone: Any) -> None:
    told = clone.json("deploy", "dev", "--version", "1")
    assert told["modelPackage"].endswith("/1")
    assert told["changed"] is False


def test_an_application_asks_the_endpoint_through_boto3(clone: Any) -> None:
    outputs = clone.json("outputs", "dev")
    example = clone.json("predict", "dev", "--risk", "high")
    answer = clone.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=outputs["endpoint"],
        ContentType="application/json",
        Body=json.dumps({"instances": [example["request"]]}),
    )
    probability = json.loads(answer["Body"].read())["predictions"][0]["probability"]
    assert probability == pytest.approx(example["probability"], abs=1e-6)
    assert probability >= clone.json("predict", "dev", "--risk", "low")["probability"]


def test_the_endpoint_stands_in_two_zones_as_intended(clone: Any) -> None:
    told = clone.json("verify", "dev")
    assert told["asIntended"] is True
    assert told["live"]["serving"] == 2
    assert len(set(told["live"]["zones"])) >= 2


def test_the_training_has_left_its_metrics_and_its_logs(clone: Any) -> None:
    outputs = clone.json("outputs", "dev")
    sagemaker = clone.client("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=outputs["intended"]["modelPackageArn"])
    assert package["ModelApprovalStatus"] == "Approved"
    uri = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = clone.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    metrics = json.loads(body)["binary_classification_metrics"]
    assert metrics["pr_auc"]["value"] >= 0.31
    assert any("pr_auc" in line for line in clone.json("logs", "dev", "Train")["lines"])


def test_a_budget_alert_reaches_the_teams_channel(clone: Any) -> None:
    assert "actual cost above $400.00, sent" in clone.run("sandbox", "spend", "450")
    fired = clone.json("sandbox", "spend", "900")["fired"]
    # Whether the forecast fires now or did with the 450 depends on the day of the month.
    assert {one["threshold"] for one in fired if one["kind"] == "ACTUAL"} == {640.0, 800.0}
    assert all(one["delivered"] for one in fired), fired
    deadline = time.monotonic() + 60
    while not (messages := clone.json("sandbox", "channel")) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert messages
    shown = clone.run("sandbox", "channel")
    assert "900" in shown
    assert "budget" in shown.lower()


def test_a_parked_endpoint_says_so_and_comes_back_by_an_up(clone: Any) -> None:
    endpoint = clone.json("outputs", "dev")["endpoint"]
    clone.run("sandbox", "fire", "groundplan-dev-park-after-hours")
    deadline = time.monotonic() + 60
    while clone.client("sagemaker").list_endpoints()["Endpoints"] and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not clone.client("sagemaker").list_endpoints()["Endpoints"]
    told = json.loads(clone.run("verify", "dev", "--json", status=1))["error"]
    assert told["kind"] == "ParkedError"
    assert told["next"] == "bring it back: groundplan up dev"
    assert clone.json("up", "dev")["changes"]["create"] >= 2
    assert clone.json("verify", "dev")["endpoint"] == endpoint
    clone.run("up", "dev", "--expect-no-changes")


def test_destroy_leaves_nothing(clone: Any) -> None:
    told = clone.json("destroy", "dev", "--yes")
    assert told["result"] == "succeeded"
    assert told["remaining"] == []
    assert not (clone.folder / ".groundplan" / "releases" / "dev.yaml").exists()
    assert clone.client("s3").list_buckets()["Buckets"] == []
