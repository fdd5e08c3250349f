"""What starts the training pipeline by itself, and who hears when it fails."""

import json
from typing import Any

import pytest
from mocked import Build, build, foundation, topics
from moto.events.models import EventPattern

from infra.training.failure_alerts import failures
from infra.training.registry import ModelRegistry, ModelRegistryArgs, RegistrySettings
from infra.training.runs import TrainingRuns, TrainingRunsArgs
from infra.training.schedule import start_request
from infra.training.settings import TrainingSettings

PIPELINE = "groundplan-dev-flights-training"
ARN = f"arn:aws:sagemaker:us-east-1:123456789012:pipeline/{PIPELINE}"
STEP = "SageMaker Model Building Pipeline Execution Step Status Change"
RUN = "SageMaker Model Building Pipeline Execution Status Change"


def _runs(preview: bool = False, **settings: Any) -> Build:
    def program() -> dict[str, Any]:
        runs = TrainingRuns(
            "training-runs",
            TrainingRunsArgs(
                settings=TrainingSettings(**settings),
                foundation=foundation(),
                topics=topics(),
                pipeline_name=PIPELINE,
            ),
        )
        return {"undelivered": runs.undelivered_arn}

    return build(program, preview=preview)


def _registry(*readers: str) -> Build:
    def program() -> dict[str, Any]:
        args = ModelRegistryArgs(
            place=foundation().place, case="flights", settings=RegistrySettings(readers=readers)
        )
        return {"group": ModelRegistry("registry", args).group_name}

    return build(program)


def _told(kind: str, **detail: Any) -> list[str]:
    """The purposes of the alerts that an event of SageMaker's comes to, by the patterns as EventBridge reads
    them."""
    event = {"source": "aws.sagemaker", "detail-type": kind, "detail": detail}
    return [
        one.purpose
        for one in failures(ARN)
        if EventPattern.load(json.dumps(one.pattern)).matches_event(event)  # type: ignore[arg-type]
    ]


def test_a_failed_run_and_its_failed_step_are_told() -> None:
    assert _told(RUN, pipelineArn=ARN, currentPipelineExecutionStatus="Failed") == ["failed-training"]
    assert _told(STEP, pipelineArn=ARN, currentStepStatus="Failed") == ["failed-training-step"]


@pytest.mark.parametrize("status", ["Stopped", "Stopping", "Succeeded", "Executing"])
def test_what_somebody_stopped_is_no_failure(status: str) -> None:
    assert not _told(RUN, pipelineArn=ARN, currentPipelineExecutionStatus=status)
    assert not _told(STEP, pipelineArn=ARN, currentStepStatus=status)


def test_another_pipeline_is_none_of_ours() -> None:
    assert not _told(RUN, pipelineArn=f"{ARN}-other", currentPipelineExecutionStatus="Failed")


@pytest.mark.parametrize(
    ("kind", "member", "purpose"),
    [
        ("Training Job", "TrainingJob", "failed-training-job"),
        ("Processing Job", "ProcessingJob", "failed-processing-job"),
        ("HyperParameter Tuning Job", "HyperParameterTuningJob", "failed-tuning-job"),
        ("Transform Job", "TransformJob", "failed-transform-job"),
    ],
)
def test_a_failed_job_is_told_unless_its_pipeline_or_its_monitor_tells(
    kind: str, member: str, purpose: str
) -> None:
    def told(name: str, status: str) -> list[str]:
        return _told(f"SageMaker {kind} State Change", **{f"{member}Name": name, f"{member}Status": status})

    assert told("mine", "Failed") == [purpose]
    assert told("mine", "Stopped") == []
    assert told("pipelines-abc-Train-x", "Failed") == []
    assert told("model-monitoring-202611250100-x", "Failed") == []


def test_every_alert_has_its_rule_its_topic_and_its_queue() -> None:
    made = _runs()
    targets = made.of("aws:cloudwatch/eventTarget:EventTarget").values()
    assert {one["deadLetterConfig"]["arn"] for one in targets} == {made.outputs["undelivered"]}
    topics_of = {one["rule"]: one["arn"].rpartition("-")[2] for one in targets}
    assert topics_of["groundplan-dev-failed-training"] == "warning"
    assert topics_of["groundplan-dev-failed-training-step"] == "info"
    assert len(topics_of) == 6
    template = next(iter(targets))["inputTransformer"]["inputTemplate"]
    assert "https://example.com/runbooks/failed-training.md" in template
    assert not made.of("aws:scheduler/schedule:Schedule")


def test_a_schedule_may_start_this_pipeline_and_nothing_else() -> None:
    made = _runs(schedule="cron(0 3 ? * SUN *)", timezone="Europe/Berlin")
    (schedule,) = made.of("aws:scheduler/schedule:Schedule").values()
    assert schedule["scheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["target"]["deadLetterConfig"]["arn"] == made.outputs["undelivered"]
    statements = made.policies()["training-runs-schedule-role-policy"]
    assert {one["Sid"]: one["Resource"] for one in statements}["StartPipeline"] == ARN
    roles = made.of("aws:iam/role:Role")["training-runs-schedule-role-role"]
    assert "scheduler.amazonaws.com" in roles["assumeRolePolicy"]


def test_a_scheduled_run_uses_nothing_of_an_earlier_one_and_is_started_once() -> None:
    request = json.loads(start_request(PIPELINE, fresh_inputs=True))
    (fingerprint,) = request["PipelineParameters"]
    assert fingerprint == {"Name": "InputsFingerprint", "Value": "scheduled-<aws.scheduler.scheduled-time>"}
    token = request["ClientRequestToken"].replace("<aws.scheduler.scheduled-time>", "2026-11-25T03:00:00Z")
    assert 32 <= len(token) <= 128
    longest = json.loads(start_request("p" * 256, fresh_inputs=True))["ClientRequestToken"]
    assert len(longest) <= 128 + len("<aws.scheduler.scheduled-time>") - len("2026-11-25T03:00:00Z")


def test_a_preview_knows_every_resource() -> None:
    known = _runs(preview=True, schedule="rate(7 days)").kinds
    assert sorted(known) == sorted(_runs(schedule="rate(7 days)").kinds)


def test_other_accounts_read_the_registry_only_where_they_are_named() -> None:
    assert not _registry().of("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy")
    made = _registry("234567890123", "345678901234")
    (policy,) = made.of("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy").values()
    statements = json.loads(policy["resourcePolicy"])["Statement"]
    for statement in statements:
        assert statement["Principal"]["AWS"] == [
            "arn:aws:iam::234567890123:root",
            "arn:aws:iam::345678901234:root",
        ]
        given = statement["Action"]
        actions = [given] if isinstance(given, str) else given
        assert all(action.startswith(("sagemaker:Describe", "sagemaker:List")) for action in actions)
