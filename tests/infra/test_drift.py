"""When drift raises an alarm, what follows from it, and what the retraining function decides."""

import importlib.util
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pytest
from mocked import Build, build, foundation, topics
from pydantic import ValidationError

from infra.identity.identity import Work
from infra.monitoring.drift import Drift, DriftArgs, Outcomes
from infra.monitoring.drift_settings import DriftSettings
from infra.network.placement import Placement
from infra.settings.loading import read_settings
from infra.stages.watching import outcomes_of
from infra.training.retraining import Retraining, RetrainingArgs, RetrainingSettings

HANDLER = Path(__file__).parents[2] / "infra" / "functions" / "retraining" / "handler.py"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:groundplan-dev-training-undelivered"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROLES: dict[Work, str] = {"monitoring": "arn:aws:iam::123456789012:role/groundplan-dev-monitoring"}


def _drift(
    preview: bool = False, captures: bool = True, outcomes: Outcomes = "heard", **settings: Any
) -> Build:
    def program() -> dict[str, Any]:
        known = pulumi.Output.from_input
        drift = Drift(
            "drift",
            DriftArgs(
                settings=DriftSettings.model_validate_json(json.dumps(settings)),
                foundation=foundation(),
                placement=Placement(
                    vpc_id=known("vpc-1"),
                    subnet_ids=[known("subnet-0a1b2c3d"), known("subnet-1a2b3c4d")],
                    security_group_id=known("sg-0a1b2c3d"),
                ),
                zones={"captures": "groundplan-dev-captures-123456789012"},
                role_arns=ROLES,
                topics=topics(),
                endpoint_name="groundplan-dev-flights",
                endpoint="groundplan-dev-flights",
                captures=captures,
                outcomes=outcomes,
                undelivered_arn=QUEUE,
            ),
        )
        retraining = Retraining(
            "retraining",
            RetrainingArgs(
                settings=RetrainingSettings(),
                foundation=foundation(),
                topics=topics(),
                pipeline_name="groundplan-dev-flights-training",
                alarm_names=drift.alarm_names,
                undelivered_arn=QUEUE,
            ),
        )
        return {"function": retraining.function_name, "rule": retraining.rule_name}

    return build(program, preview=preview)


def _alarms(made: Build) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in made.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()}


def test_drift_must_last_before_it_is_told_and_silence_is_no_drift() -> None:
    alarm = _alarms(_drift(persist=3))["groundplan-dev-flights-drift"]
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["datapointsToAlarm"]) == (86400, 4, 3)
    assert alarm["treatMissingData"] == "notBreaching"
    assert (alarm["namespace"], alarm["metricName"]) == ("Groundplan", "Drift")
    assert alarm["dimensions"] == {"Endpoint": "groundplan-dev-flights"}
    assert alarm["alarmDescription"].endswith("/data-drift.md")


def test_each_thing_that_can_go_wrong_with_a_model_has_an_alarm_and_a_page_of_its_own() -> None:
    alarms = _alarms(_drift(threshold=1.5, missingOutcomes=0.3))
    told = {
        name.removeprefix("groundplan-dev-flights-"): (
            one["metricName"],
            one["threshold"],
            one["alarmDescription"].rpartition("/")[2],
        )
        for name, one in alarms.items()
    }
    assert told == {
        "drift": ("Drift", 1.5, "data-drift.md"),
        "prediction-drift": ("PredictionDrift", 1.5, "prediction-drift.md"),
        "concept-drift": ("ConceptDrift", 1.5, "concept-drift.md"),
        "missing-outcomes": ("MissingOutcomes", 0.3, "missing-outcomes.md"),
    }


@pytest.mark.parametrize(
    ("outcomes", "missed", "retraining"),
    [
        ("kept", {"missing-outcomes"}, ["concept-drift", "drift"]),
        ("none", {"missing-outcomes", "concept-drift"}, ["drift"]),
    ],
)
def test_no_alarm_watches_outcomes_that_nothing_brings(
    outcomes: Outcomes, missed: set[str], retraining: list[str]
) -> None:
    made = _drift(outcomes=outcomes)
    prefix = "groundplan-dev-flights-"
    all_of_them = {"drift", "prediction-drift", "concept-drift", "missing-outcomes"}
    assert {name.removeprefix(prefix) for name in _alarms(made)} == all_of_them - missed
    rule = made.of("aws:cloudwatch/eventRule:EventRule")["retraining-rule"]
    told = [one.rpartition(prefix)[2] for one in json.loads(rule["eventPattern"])["resources"]]
    assert told == retraining


@pytest.mark.parametrize(
    ("given", "outcomes"),
    [
        ({}, "heard"),
        ({"streaming": {"kind": "none"}}, "kept"),
        ({"features": {"enabled": False}}, "none"),
        ({"features": {"enabled": False}, "streaming": {"kind": "none"}}, "none"),
    ],
)
def test_outcomes_are_heard_by_the_stream_and_kept_in_the_feature_store(
    given: dict[str, Any], outcomes: Outcomes
) -> None:
    assert outcomes_of(read_settings("dev", given)) == outcomes


def test_the_alarm_calls_the_function_by_a_rule_that_names_it() -> None:
    made = _drift()
    rule = made.of("aws:cloudwatch/eventRule:EventRule")["retraining-rule"]
    pattern = json.loads(rule["eventPattern"])
    # A new model helps where the world has moved, and not where outcomes are lost.
    assert pattern["resources"] == [
        f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:groundplan-dev-flights-{ending}"
        for ending in ("concept-drift", "drift")
    ]
    assert pattern["detail"] == {"state": {"value": ["ALARM"]}}
    target = made.of("aws:cloudwatch/eventTarget:EventTarget")["retraining-target"]
    assert target["deadLetterConfig"]["arn"] == QUEUE
    statements = {one["Sid"]: one["Resource"] for one in made.policies()["retraining-function-role-policy"]}
    assert statements["StartTraining"].endswith(":pipeline/groundplan-dev-flights-training")
    assert statements["TellTheTeam"].endswith(":groundplan-dev-info")
    assert made.outputs == {"function": "groundplan-dev-retraining", "rule": "groundplan-dev-retraining"}


def test_sagemakers_own_schedule_is_there_where_it_is_asked_for_and_has_something_to_look_at() -> None:
    schedule = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
    assert not _drift().of(schedule)
    assert not _drift(captures=False, modelMonitor={"enabled": True}).of(schedule)
    made = _drift(modelMonitor={"enabled": True, "baseline": "s3://models/baseline"})
    (definition,) = made.of("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition").values()
    network = definition["networkConfig"]
    assert network["enableNetworkIsolation"] is True
    assert network["enableInterContainerTrafficEncryption"] is True
    assert definition["dataQualityJobOutputConfig"]["kmsKeyId"].endswith(":key/data")
    assert definition["dataQualityBaselineConfig"]["constraintsResource"]["s3Uri"] == (
        "s3://models/baseline/constraints.json"
    )
    (made_schedule,) = made.of(schedule).values()
    config = made_schedule["monitoringScheduleConfig"]
    assert config["monitoringJobDefinitionName"] == definition["name"]
    assert config["scheduleConfig"]["scheduleExpression"] == "cron(0 1 ? * * *)"


def test_another_definition_has_another_name() -> None:
    def name(instance: str) -> str:
        made = _drift(modelMonitor={"enabled": True, "instance": instance})
        kind = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"
        return str(next(iter(made.of(kind).values()))["name"])

    assert name("ml.m5.large") == name("ml.m5.large") != name("ml.m5.xlarge")


def test_a_preview_knows_every_resource() -> None:
    known = _drift(preview=True, modelMonitor={"enabled": True}).kinds
    assert sorted(known) == sorted(_drift(modelMonitor={"enabled": True}).kinds)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"modelMonitor": {"everyHours": 6}}, "everyHours of 1 or 24"),
        ({"persist": 7}, "less than or equal to 6"),
        ({"looks": {"schedule": "at two"}}, "cron"),
        ({"threshold": 0}, "greater than 0"),
    ],
)
def test_what_cannot_be_watched_is_refused_by_name(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        DriftSettings.model_validate_json(json.dumps(given))


@pytest.fixture(scope="module")
def function() -> ModuleType:
    spec = importlib.util.spec_from_file_location("retraining_handler", HANDLER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _why_not(function: ModuleType, *runs: tuple[str, float], cool_down: float = 24) -> str:
    """`runs` are their status, and how many hours ago they began."""
    return str(function.why_not(_made(function, runs), NOW, timedelta(hours=cool_down)))


def _made(function: ModuleType, runs: Sequence[tuple[str, float]]) -> list[Any]:
    return [
        function.Run(
            f"arn:aws:sagemaker:::pipeline/p/execution/run{number}", status, NOW - timedelta(hours=ago)
        )
        for number, (status, ago) in enumerate(runs)
    ]


def test_a_first_drift_trains(function: ModuleType) -> None:
    assert not _why_not(function)
    assert not _why_not(function, ("Succeeded", 25), ("Failed", 300))


def test_two_trainings_never_run_at_once_however_long_the_first_takes(function: ModuleType) -> None:
    assert "run0 is under way" in _why_not(function, ("Executing", 100))
    assert "run1 is under way" in _why_not(function, ("Succeeded", 90), ("Stopping", 100))


def test_a_run_that_has_just_been_is_waited_for_whatever_became_of_it(function: ModuleType) -> None:
    for status in ("Succeeded", "Failed", "Stopped"):
        told = _why_not(function, (status, 23))
        assert "began at 2026-11-24 13:00 UTC, and the cool-down lasts until 2026-11-25 13:00 UTC" in told


def test_two_alarms_that_see_the_same_runs_start_the_same_execution(function: ModuleType) -> None:
    runs = _made(function, [("Succeeded", 30), ("Failed", 50)])
    token = function.token("p", runs)
    assert token == function.token("p", list(reversed(runs)))
    assert token != function.token("p", runs[1:])
    assert 32 <= len(token) <= 128
