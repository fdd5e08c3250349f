"""A daily look, for real: requests that drifted are captured, looked at, told, and trained on.

A toy model stands in for the trained one; its archive holds a baseline as training writes it.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import numpy as np
import pytest

from ml.monitoring import remote
from ml.monitoring.baseline import NAME, baseline, document
from ml.training.schema import Feature
from sandbox.runtime import daemon

pytestmark = pytest.mark.e2e

SECONDS = 90.0
ROWS, DAYS = 60, 7
FEATURES = (Feature(name="warmth", kind="number"), Feature(name="length", kind="number"))
MODEL = """
import json

def model_fn(model_dir):
    return None

def input_fn(body, content_type):
    return json.loads(body)["instances"]

def predict_fn(data, model):
    return [{"probability": 0.1 + 0.001 * (row["length"] % 100)} for row in data]

def output_fn(prediction, accept):
    return json.dumps({"predictions": prediction}), "application/json"
"""


def _archive() -> bytes:
    """A model's archive: handlers, and what its data looked like in ninety days."""
    random = np.random.default_rng(3)
    rows = 90 * 200
    values = np.column_stack([random.normal(0, 1, rows), random.uniform(0, 100, rows)]).astype(np.float32)
    day = np.repeat(np.arange(90), 200)
    probability = 0.1 + 0.001 * (values[:, 1].astype(np.float64) % 100)
    outcome = (random.random(rows) < probability).astype(np.float64)
    made = baseline(
        FEATURES, values=values, day=day, probability=probability, outcome=outcome, validation_day=day
    )
    files = {"code/inference.py": MODEL, NAME: json.dumps(document(made))}
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as opened:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            opened.addfile(entry, io.BytesIO(text.encode()))
    return written.getvalue()


class Stack:
    """The stack as it is up, with the toy released."""

    def __init__(self, clone: Any) -> None:
        self.clone = clone
        self.outputs = clone.json("up", "dev")["outputs"]
        releases = clone.folder / ".groundplan" / "releases"
        releases.mkdir(parents=True, exist_ok=True)
        (releases / "dev.yaml").write_text(f"release:\n  modelPackageArn: {self._package()}\n")
        self.outputs = clone.json("up", "dev")["outputs"]
        self.endpoint = str(self.outputs["endpoint"])

    def _package(self) -> str:
        bucket, sagemaker = self.outputs["zones"]["models"], self.clone.client("sagemaker")
        self.clone.client("s3").put_object(Bucket=bucket, Key="toy/model.tar.gz", Body=_archive())
        pipeline = sagemaker.describe_pipeline(PipelineName=self.outputs["pipeline"])
        steps = json.loads(pipeline["PipelineDefinition"])["Steps"]
        (first,) = [step for step in steps if step["Type"] == "Processing"][:1]
        made = sagemaker.create_model_package(
            ModelPackageGroupName=self.outputs["modelPackageGroup"],
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [
                    {
                        "Image": first["Arguments"]["AppSpecification"]["ImageUri"],
                        "ModelDataUrl": f"s3://{bucket}/toy/model.tar.gz",
                    }
                ],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )
        return str(made["ModelPackageArn"])

    def ask(self, day: datetime, warmer: float) -> None:
        """A day's requests, `warmer` than what the model learned from."""
        random = np.random.default_rng(day.toordinal())
        rows = [
            {"warmth": float(random.normal(warmer, 1)), "length": float(random.uniform(0, 100))}
            for _ in range(ROWS)
        ]
        self.clone.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.endpoint,
            ContentType="application/json",
            Body=json.dumps({"instances": rows}),
            InferenceId=f"day-{day:%Y-%m-%d}",
            CustomAttributes=f"event-time={day:%Y-%m-%dT12:00:00Z}",
        )

    def captures(self) -> int:
        s3, bucket = self.clone.client("s3"), self.outputs["zones"]["captures"]
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{self.endpoint}/{self.endpoint}/")
        return sum(
            s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read().count(b"\n")
            for one in listed.get("Contents", ())
        )

    def look(self) -> dict[str, Any]:
        """Runs the pipeline to its end: the report that it wrote."""
        sagemaker = self.clone.client("sagemaker")
        arn = sagemaker.start_pipeline_execution(PipelineName=self.outputs["monitoring"])[
            "PipelineExecutionArn"
        ]

        def ended() -> str | None:
            described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            status = str(described["PipelineExecutionStatus"])
            return None if status == "Executing" else f"{status} {described.get('FailureReason', '')}"

        assert _until(ended).startswith("Succeeded")
        report = self.clone.client("s3").get_object(
            Bucket=self.outputs["zones"]["captures"], Key=f"monitoring/{self.endpoint}/monitoring.json"
        )
        return dict(json.loads(report["Body"].read()))


def _until(found: Any) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return value


@pytest.fixture(scope="module")
def stack(clone: Any) -> Stack:
    return Stack(clone)


def test_requests_that_drifted_are_seen_told_and_trained_on(stack: Stack) -> None:
    today = datetime.now(UTC)
    for ago in range(DAYS, 0, -1):
        stack.ask(today - timedelta(days=ago), warmer=2)
    _until(lambda: stack.captures() == DAYS)
    report = stack.look()
    assert report["verdict"] == "drifted"
    assert report["drifted"] == ["warmth"]
    assert sum(day["predictions"] for day in report["days"]) == DAYS * ROWS

    cloudwatch = stack.clone.client("cloudwatch")

    def state() -> bool:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[f"{stack.endpoint}-drift"])["MetricAlarms"]
        return bool(alarm["StateValue"] == "ALARM")

    _until(state)
    sagemaker = stack.clone.client("sagemaker")

    def trained() -> list[str]:
        listed = sagemaker.list_pipeline_executions(PipelineName=stack.outputs["pipeline"])
        return [
            str(one.get("PipelineExecutionDescription") or one["PipelineExecutionArn"])
            for one in listed["PipelineExecutionSummaries"]
        ]

    assert f"Started by the alarm {stack.endpoint}-drift" in _until(trained)[0]


def test_a_second_look_at_the_same_captures_changes_nothing(stack: Stack) -> None:
    first, second = stack.look(), stack.look()
    assert first == second
    assert sum(day["predictions"] for day in second["days"]) == DAYS * ROWS


def test_outcomes_from_the_feature_store_join_their_predictions(stack: Stack) -> None:
    store, s3 = stack.clone.client("sagemaker-featurestore-runtime"), stack.clone.client("s3")
    group = f"{stack.endpoint}-outcomes"
    day = f"{datetime.now(UTC) - timedelta(days=5):%Y-%m-%d}"
    for number in range(5):
        record = {
            "inference_id": f"day-{day}/{number}",
            "happened_at": f"{day}T18:00:00Z",
            "outcome": str(float(number % 2)),
            "predicted": "0.1",
            "subject": "",
        }
        store.put_record(
            FeatureGroupName=group,
            Record=[{"FeatureName": name, "ValueAsString": value} for name, value in record.items()],
        )
    bucket = stack.outputs["zones"]["features"]
    _until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=f"{group}/").get("KeyCount"))
    (found,) = [one for one in stack.look()["days"] if one["day"] == day]
    assert (found["outcomes"], found["missing"]) == (5, ROWS - 5)
    assert found["outcome_delay_minutes"] == 6 * 60


def test_the_champion_of_an_endpoint_is_found_by_its_name(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = daemon.find(stack.clone.folder / ".groundplan" / "sandbox")
    assert address is not None
    for name, value in daemon.environment(address).items():
        if name != "AWS_PROFILE":
            monkeypatch.setenv(name, value)
    # A cached session would go on with the settings of before.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    found = remote.champion(stack.endpoint)
    assert found.variant == "champion"
    assert found.model_uri == f"s3://{stack.outputs['zones']['models']}/toy/model.tar.gz"
    captures = stack.outputs["zones"]["captures"]
    assert found.captures_uri == f"s3://{captures}/{stack.endpoint}/{stack.endpoint}"
    with pytest.raises(remote.NotFound, match="no-such"):
        remote.champion("no-such")
