"""What a daily look is asked, when, and by whom."""

import json
from typing import Any

import pulumi
from mocked import Build, build, foundation, topics

from infra.identity.identity import Work
from infra.monitoring.drift_settings import LookSettings
from infra.monitoring.looks import Looks, LooksArgs
from infra.network.placement import Placement

ACCOUNT = "arn:aws:iam::123456789012:role/groundplan-dev-"
ROLES: dict[Work, str] = {"monitoring": f"{ACCOUNT}monitoring", "pipeline": f"{ACCOUNT}pipeline"}
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/7"
CAPTURES = "groundplan-dev-captures-123456789012"


def _looks(*, outcomes: str | None = "groundplan-dev-flights-outcomes", **settings: Any) -> Build:
    def program() -> dict[str, Any]:
        known = pulumi.Output.from_input
        looks = Looks(
            "looks",
            LooksArgs(
                settings=LookSettings.model_validate_json(json.dumps(settings)),
                foundation=foundation(),
                placement=Placement(
                    vpc_id=known("vpc-1"),
                    subnet_ids=[known("subnet-0a1b2c3d"), known("subnet-1a2b3c4d")],
                    security_group_id=known("sg-0a1b2c3d"),
                ),
                zones={"captures": CAPTURES},
                role_arns=ROLES,
                topics=topics(),
                use_case="ml.flights",
                image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
                source_uri=f"s3://{CAPTURES}/source/1/source.tar.gz",
                endpoint_name="groundplan-dev-flights",
                variant="champion",
                package_arn=PACKAGE,
                outcomes_group=outcomes,
                undelivered_arn="arn:aws:sqs:us-east-1:123456789012:groundplan-dev-training-undelivered",
            ),
        )
        return {"pipeline": looks.pipeline_name}

    return build(program)


def _job(made: Build) -> dict[str, Any]:
    (pipeline,) = made.of("aws:sagemaker/pipeline:Pipeline").values()
    (step,) = json.loads(pipeline["pipelineDefinition"])["Steps"]
    return dict(step["Arguments"])


def test_a_look_reads_what_the_released_package_was_asked_and_publishes_it() -> None:
    made = _looks(readDays=5, outcomeDays=3)
    assert made.outputs == {"pipeline": "groundplan-dev-flights-monitoring"}
    job = _job(made)
    asked_of = job["AppSpecification"]
    assert all(len(part) <= 256 for part in asked_of["ContainerEntrypoint"])
    words = [one if isinstance(one, str) else json.dumps(one) for one in asked_of["ContainerArguments"]]
    run = " ".join([*asked_of["ContainerEntrypoint"], *words])
    for asked in (
        "python3 -m ml monitor --case ml.flights",
        f"--package {PACKAGE}",
        "--endpoint groundplan-dev-flights --variant champion",
        f"--captures s3://{CAPTURES}/groundplan-dev-flights/groundplan-dev-flights ",
        f"--state s3://{CAPTURES}/monitoring/groundplan-dev-flights/state",
        "--outcomes-group groundplan-dev-flights-outcomes",
        "--days 5 --delay-days 3",
        "--publish",
    ):
        assert asked in run
    (output,) = job["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["S3Uri"] == f"s3://{CAPTURES}/monitoring/groundplan-dev-flights"


def test_a_look_has_the_network_but_stays_in_the_private_subnets_and_encrypted() -> None:
    job = _job(_looks())
    assert job["RoleArn"] == ROLES["monitoring"]
    network = job["NetworkConfig"]
    assert network["EnableNetworkIsolation"] is False
    assert network["VpcConfig"]["Subnets"] == ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]
    assert network["EnableInterContainerTrafficEncryption"] is True
    assert job["ProcessingOutputConfig"]["KmsKeyId"].endswith(":key/data")
    assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"].endswith(":key/data")


def test_without_a_feature_group_of_outcomes_none_is_asked_for() -> None:
    assert "--outcomes-group" not in _job(_looks(outcomes=None))["AppSpecification"]["ContainerArguments"]


def test_the_schedule_may_start_this_pipeline_alone_once_the_day_is_whole() -> None:
    made = _looks()
    (schedule,) = made.of("aws:scheduler/schedule:Schedule").values()
    assert schedule["scheduleExpression"] == "cron(30 2 * * ? *)"
    assert "InputsFingerprint" not in schedule["target"]["input"]
    statements = {one["Sid"]: one["Resource"] for one in made.policies()["looks-schedule-role-policy"]}
    assert statements["StartPipeline"].endswith(":pipeline/groundplan-dev-flights-monitoring")


def test_a_look_that_fails_is_told() -> None:
    (rule,) = _looks().of("aws:cloudwatch/eventRule:EventRule").values()
    detail = json.loads(rule["eventPattern"])["detail"]
    assert detail["currentPipelineExecutionStatus"] == ["Failed"]
    assert detail["pipelineArn"][0].endswith(":pipeline/groundplan-dev-flights-monitoring")
