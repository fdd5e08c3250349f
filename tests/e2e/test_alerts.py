"""Alerts, for real: what goes wrong reaches the team's channels, through what is deployed, in both forms.

A toy model stands in for the trained one: what it answers does not matter here, only that it fails when it is
asked to.
"""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime import daemon
from sandbox.runtime.chat.cards import cards_in
from sandbox.runtime.client import ChannelMessage, SandboxClient

pytestmark = pytest.mark.e2e

SECONDS = 40.0
"""The most that a message may take: metrics are put every ten seconds, and alarms looked at as often."""
REQUESTS = 30
MODEL = """
def model_fn(model_dir):
    return None

def input_fn(body, content_type):
    if isinstance(body, (bytes, bytearray)):
        body = body.decode()
    return body

def predict_fn(data, model):
    if "fail" in data:
        raise RuntimeError("asked to fail")
    return data

def output_fn(prediction, accept):
    return '{"predictions": []}', "application/json"
"""


class Watched:
    """The stack as it is up, its endpoint in service, and both of its channels."""

    def __init__(self, clone: Any) -> None:
        self.clone = clone
        self.outputs = clone.json("up", "dev")["outputs"]
        self._connect()
        releases = clone.folder / ".groundplan" / "releases"
        releases.mkdir(parents=True, exist_ok=True)
        (releases / "dev.yaml").write_text(f"release:\n  modelPackageArn: {self._package()}\n")
        self.outputs = clone.json("up", "dev")["outputs"]
        self.endpoint = str(self.outputs["endpoint"])

    @property
    def sandbox(self) -> SandboxClient:
        address = daemon.find(self.clone.folder / ".groundplan" / "sandbox")
        assert address is not None
        return SandboxClient(address.endpoint_url)

    def client(self, service: str) -> Any:
        return self.clone.client(service)

    def told(self, *words: str) -> None:
        """Waits until one message of each channel holds all the words, each in the form of its channel."""
        deadline = time.monotonic() + SECONDS
        while True:
            messages = self.sandbox.channel()
            slack = _holding(messages, "dev", words)
            teams = _holding(messages, "dev-teams", words)
            if slack and teams:
                break
            if time.monotonic() > deadline:
                shown = [(one.channel, one.text) for one in messages]
                raise AssertionError(
                    f"{words} came to slack: {bool(slack)}, to teams: {bool(teams)}: {shown}"
                )
            time.sleep(0.2)
        assert slack.body["blocks"][0]["type"] == "header"
        assert not cards_in(slack.body)
        (card,) = cards_in(teams.body)
        assert card["type"] == "AdaptiveCard"

    def _connect(self) -> None:
        address = daemon.find(self.clone.folder / ".groundplan" / "sandbox")
        assert address is not None
        for output, channel in (("webhookSecret", "dev"), ("teamsWebhookSecret", "dev-teams")):
            url = f"{address.endpoint_url}/_sandbox/chat/{channel}"
            self.client("secretsmanager").put_secret_value(SecretId=self.outputs[output], SecretString=url)

    def _package(self) -> str:
        """An approved model package of the toy model: its ARN."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as opened:
            entry = tarfile.TarInfo("code/inference.py")
            entry.size = len(MODEL)
            opened.addfile(entry, io.BytesIO(MODEL.encode()))
        bucket = self.outputs["zones"]["models"]
        self.client("s3").put_object(Bucket=bucket, Key="toy/model.tar.gz", Body=archive.getvalue())
        container = {"Image": self._image(), "ModelDataUrl": f"s3://{bucket}/toy/model.tar.gz"}
        made = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.outputs["modelPackageGroup"],
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )
        return str(made["ModelPackageArn"])

    def _image(self) -> str:
        """The image that the platform trains with."""
        pipeline = self.client("sagemaker").describe_pipeline(PipelineName=self.outputs["pipeline"])
        steps = json.loads(pipeline["PipelineDefinition"])["Steps"]
        (first,) = [step for step in steps if step["Type"] == "Processing"][:1]
        return str(first["Arguments"]["AppSpecification"]["ImageUri"])


def _holding(messages: tuple[ChannelMessage, ...], channel: str, words: tuple[str, ...]) -> Any:
    found = [one for one in messages if one.channel == channel and all(word in one.text for word in words)]
    return found[-1] if found else None


@pytest.fixture(scope="module")
def watched(clone: Any) -> Watched:
    return Watched(clone)


def test_a_breached_budget_reaches_both_channels(watched: Watched) -> None:
    budget = watched.client("budgets").describe_budget(
        AccountId="123456789012", BudgetName=watched.outputs["budget"]
    )["Budget"]
    limit = float(budget["BudgetLimit"]["Amount"])
    fired = watched.sandbox.spend(limit * 1.2)
    assert [one for one in fired if one.budget == watched.outputs["budget"] and one.delivered]
    watched.told("120 % of the budget", watched.outputs["budget"], "budget-breached.md")


def test_unusual_cost_reaches_both_channels(watched: Watched) -> None:
    told = watched.sandbox.anomaly(431, expected=100, service="Amazon SageMaker")
    assert [one for one in told if one.delivered]
    watched.told("Unusual cost: $431.00", "Amazon SageMaker", "cost-anomaly.md")


def test_a_failed_training_reaches_both_channels(watched: Watched) -> None:
    bucket = watched.outputs["zones"]["models"]
    watched.client("sagemaker").create_training_job(
        TrainingJobName="doomed-to-fail",
        RoleArn="arn:aws:iam::123456789012:role/groundplan-dev-training",
        AlgorithmSpecification={
            "TrainingImage": watched._image(),
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh", "-c", "exit 3"],
        },
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/doomed"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    watched.told("doomed-to-fail", "failed-training.md")


def test_an_endpoint_over_its_error_budget_reaches_both_channels(watched: Watched) -> None:
    runtime = watched.client("sagemaker-runtime")
    for _ in range(REQUESTS):
        with contextlib.suppress(ClientError):
            runtime.invoke_endpoint(
                EndpointName=watched.endpoint, ContentType="application/json", Body=b'{"fail": 1}'
            )
    watched.told(f"{watched.endpoint}-burn-fast is in alarm", "14.4 times as fast", "slo-burn.md")
    alarms = watched.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{watched.endpoint}-burn")
    states = {one["AlarmName"]: one["StateValue"] for one in alarms["MetricAlarms"]}
    assert (
        states[f"{watched.endpoint}-burn-fast-long"]
        == states[f"{watched.endpoint}-burn-fast-short"]
        == "ALARM"
    )


def test_drift_reaches_both_channels(watched: Watched) -> None:
    cloudwatch = watched.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[f"{watched.endpoint}-drift"])["MetricAlarms"]
    now = datetime.now(UTC)
    cloudwatch.put_metric_data(
        Namespace=alarm["Namespace"],
        MetricData=[
            {
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm["Dimensions"],
                "Value": alarm["Threshold"] + 1,
                "Timestamp": now - timedelta(seconds=60 + period * alarm["Period"]),
            }
            for period in range(alarm["EvaluationPeriods"])
        ],
    )
    watched.told(f"{watched.endpoint}-drift is in alarm", "data-drift.md")


def test_nothing_was_lost_and_nobody_was_told_twice(watched: Watched) -> None:
    sqs = watched.client("sqs")
    for name in ("chat", "teams"):
        url = sqs.get_queue_url(QueueName=f"groundplan-dev-{name}-undelivered")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0"
    texts = [(one.channel, one.text) for one in watched.sandbox.channel() if "Unusual cost" in one.text]
    assert len({channel for channel, _ in texts}) == 2
    assert len(texts) == len(set(texts))


def test_a_channel_that_fails_keeps_its_letter_and_holds_up_no_other(watched: Watched) -> None:
    secrets, sqs = watched.client("secretsmanager"), watched.client("sqs")
    secret = watched.outputs["teamsWebhookSecret"]
    url = str(secrets.get_secret_value(SecretId=secret)["SecretString"])
    secrets.put_secret_value(SecretId=secret, SecretString=url.replace("/chat/", "/nowhere/"))
    watched.client("sns").publish(
        TopicArn=watched.outputs["topics"]["info"], Subject="Can you read this?", Message="One of you"
    )
    queue = sqs.get_queue_url(QueueName="groundplan-dev-teams-undelivered")["QueueUrl"]
    deadline, letters = time.monotonic() + SECONDS, ""
    # What else is told meanwhile waits there too.
    while "One of you" not in letters and time.monotonic() < deadline:
        found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
        letters += "".join(one["Body"] for one in found)
    assert "One of you" in letters
    came = [one.channel for one in watched.sandbox.channel() if "Can you read this?" in one.text]
    assert came == ["dev"]
