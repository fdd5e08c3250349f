"""Endpoint: what each way of serving makes, judged by the provider's Check; what is refused, and how."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from mocked import Build, foundation, topics

from infra.network.placement import Placement
from infra.serving.batch import Batch, BatchArgs
from infra.serving.deployment import deployment
from infra.serving.endpoint import Endpoint, EndpointArgs
from infra.serving.endpoint_names import endpoint_called
from infra.serving.release import ReleaseSettings
from infra.serving.settings import EndpointSettings
from infra.settings.loading import SettingsError, read_settings

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/3"
OTHER = PACKAGE[:-1] + "2"
NAME = "groundplan-dev-flights"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
TARGET = "aws:appautoscaling/target:Target"
Mocked = Callable[..., Build]


def _handed(settings: EndpointSettings, release: dict[str, Any]) -> dict[str, Any]:
    return {
        "settings": settings,
        "release": ReleaseSettings.model_validate_json(json.dumps({"modelPackageArn": PACKAGE, **release})),
        "foundation": foundation(),
        "placement": Placement(
            vpc_id=pulumi.Output.from_input("vpc-01"),
            subnet_ids=[pulumi.Output.from_input(f"subnet-0{n}") for n in (1, 2)],
            security_group_id=pulumi.Output.from_input("sg-01"),
        ),
        "zones": {"captures": "groundplan-dev-captures-123456789012"},
        "topics": topics(),
        "role_arn": "arn:aws:iam::123456789012:role/groundplan-dev-inference",
    }


def _endpoint(mocked: Mocked, settings: dict[str, Any], *, preview: bool = False, **release: Any) -> Build:
    def program() -> dict[str, Any]:
        chosen = EndpointSettings.model_validate_json(json.dumps(settings))
        args = EndpointArgs(endpoint_name=endpoint_called(NAME, chosen.mode), **_handed(chosen, release))
        made = Endpoint("endpoint", args)
        return {"endpoint": made.endpoint_name, "intended": made.intended}

    return mocked(program, preview=preview)


@pytest.mark.parametrize("mode", ["realTime", "serverless", "asynchronous"])
def test_every_mode_previews_while_nothing_is_known_yet(mocked: Mocked, mode: str) -> None:
    assert ENDPOINT in _endpoint(mocked, {"mode": mode}, preview=True).kinds


def test_real_time_stands_on_two_instances_captures_and_rolls_back(mocked: Mocked) -> None:
    made = _endpoint(mocked, {})
    (config,) = made.of(CONFIGURATION).values()
    (variant,) = config["productionVariants"]
    assert (variant["initialInstanceCount"], variant["initialVariantWeight"]) == (2, 1)
    assert config["kmsKeyArn"].endswith("key/model")
    assert config["dataCaptureConfig"]["destinationS3Uri"].endswith(NAME)
    (endpoint,) = made.of(ENDPOINT).values()
    assert len(endpoint["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]) == 2
    assert made.outputs["intended"]["variants"][0]["instanceCount"] == 2
    (target,) = made.of(TARGET).values()
    assert target["resourceId"] == f"endpoint/{NAME}/variant/champion"
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 4)


def test_instances_with_disks_of_their_own_get_no_key(mocked: Mocked) -> None:
    (config,) = _endpoint(mocked, {"instance": "ml.g5.xlarge"}).of(CONFIGURATION).values()
    assert "kmsKeyArn" not in config


def test_challengers_share_the_requests_with_the_champion(mocked: Mocked) -> None:
    made = _endpoint(mocked, {}, challengers=[{"modelPackageArn": OTHER, "weight": 25}])
    (config,) = made.of(CONFIGURATION).values()
    weights = {one["variantName"]: one["initialVariantWeight"] for one in config["productionVariants"]}
    assert weights == {"champion": 0.75, "challenger-1": 0.25}
    assert len(made.of("aws:sagemaker/model:Model")) == 2
    assert {one["resourceId"].rpartition("/")[2] for one in made.of(TARGET).values()} == set(weights)
    told = {one["name"]: one["modelPackageArn"] for one in made.outputs["intended"]["variants"]}
    assert told == {"champion": PACKAGE, "challenger-1": OTHER}


def test_a_shadow_gets_copies_of_a_share_and_does_not_scale(mocked: Mocked) -> None:
    made = _endpoint(mocked, {}, shadow={"modelPackageArn": OTHER, "samplePercent": 50})
    (config,) = made.of(CONFIGURATION).values()
    (shadow,) = config["shadowProductionVariants"]
    assert (shadow["variantName"], shadow["initialVariantWeight"]) == ("shadow", 0.5)
    assert len(made.of(TARGET)) == 1


def test_serverless_has_no_instances_no_vpc_and_no_deployment(mocked: Mocked) -> None:
    made = _endpoint(mocked, {"mode": "serverless", "serverless": {"provisionedConcurrency": 2}})
    (config,) = made.of(CONFIGURATION).values()
    (variant,) = config["productionVariants"]
    wanted = {"memorySizeInMb": 2048, "maxConcurrency": 10, "provisionedConcurrency": 2}
    assert variant["serverlessConfig"] == wanted
    assert "dataCaptureConfig" not in config
    (model,) = made.of("aws:sagemaker/model:Model").values()
    assert "vpcConfig" not in model
    ((resource, endpoint),) = made.of(ENDPOINT).items()
    assert (resource, endpoint["name"]) == ("endpoint-serverless", f"{NAME}-serverless")
    assert "deploymentConfig" not in endpoint
    assert TARGET not in made.kinds
    assert "groundplan:infra:IdleEndpoint" not in made.kinds
    assert made.outputs["intended"]["instanceType"] is None


def test_asynchronous_answers_into_captures_tells_topics_and_begins_again_from_none(mocked: Mocked) -> None:
    made = _endpoint(mocked, {"mode": "asynchronous"})
    (config,) = made.of(CONFIGURATION).values()
    output = config["asyncInferenceConfig"]["outputConfig"]
    assert output["s3OutputPath"] == f"s3://groundplan-dev-captures-123456789012/{NAME}-async/answers"
    assert output["notificationConfig"]["errorTopic"].endswith(f"{NAME}-async-failed")
    (target,) = made.of(TARGET).values()
    assert target["minCapacity"] == 0
    kinds = {one["policyType"] for one in made.of("aws:appautoscaling/policy:Policy").values()}
    assert kinds == {"TargetTrackingScaling", "StepScaling"}


def test_a_release_begins_with_the_instances_that_it_had_scaled_to(mocked: Mocked) -> None:
    for kept, begins in ((3, 3), (9, 4), (1, 2)):
        made = _endpoint(mocked, {}, instances={"champion": kept})
        (config,) = made.of(CONFIGURATION).values()
        assert config["productionVariants"][0]["initialInstanceCount"] == begins
        assert made.outputs["intended"]["instanceCount"] == begins


def test_what_variants_stand_on_is_written_down_and_other_where_types_or_variants_change(
    mocked: Mocked,
) -> None:
    def standing(made: Build) -> str:
        ((_, one),) = made.of("aws:ssm/parameter:Parameter").items()
        return str(one["insecureValue"])

    assert standing(_endpoint(mocked, {})) == "champion=ml.m5.large"
    assert standing(_endpoint(mocked, {"instance": "ml.c5.large"})) == "champion=ml.c5.large"
    two = _endpoint(mocked, {}, challengers=[{"modelPackageArn": OTHER, "weight": 1}])
    assert standing(two) == "champion=ml.m5.large,challenger-1=ml.m5.large"


def test_autoscaling_takes_other_bounds_by_the_clock(mocked: Mocked) -> None:
    morning = {"name": "morning", "at": "cron(0 7 ? * MON-FRI *)", "instances": 4, "mostInstances": 8}
    made = _endpoint(mocked, {"scheduledScaling": [morning]})
    (action,) = made.of("aws:appautoscaling/scheduledAction:ScheduledAction").values()
    assert action["scalableTargetAction"] == {"minCapacity": 4, "maxCapacity": 8}


def test_the_idle_alarm_names_the_endpoint_and_what_it_costs_a_day(mocked: Mocked) -> None:
    alarm = _endpoint(mocked, {}).of("aws:cloudwatch/metricAlarm:MetricAlarm")["endpoint-idle-alarm"]
    assert (
        f"{NAME} for 24 hours; it costs about 5.52 US dollars a day (2 of ml.m5.large)"
        in (alarm["alarmDescription"])
    )
    assert "idle-endpoint.md" in alarm["alarmDescription"]
    assert alarm["evaluationPeriods"] == alarm["datapointsToAlarm"] == 24
    waiting = {"mode": "asynchronous", "asynchronous": {"leastInstances": 1}}
    queries = _endpoint(mocked, waiting).of("aws:cloudwatch/metricAlarm:MetricAlarm")["endpoint-idle-alarm"][
        "metricQueries"
    ]
    assert queries[1]["metric"]["metricName"] == "InvocationsProcessed"
    assert "groundplan:infra:IdleEndpoint" not in _endpoint(mocked, {"mode": "asynchronous"}).kinds
    rare = _endpoint(mocked, {"instance": "ml.r5.large"}).of("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert "a price that is not known here" in rare["endpoint-idle-alarm"]["alarmDescription"]


@pytest.mark.parametrize(
    ("chosen", "kind", "size"),
    [
        ({}, "CANARY", {"type": "INSTANCE_COUNT", "value": 1}),
        ({"shift": "linear"}, "LINEAR", {"type": "CAPACITY_PERCENT", "value": 50}),
        ({"shift": "linear", "instances": 4}, "LINEAR", {"type": "CAPACITY_PERCENT", "value": 25}),
        ({"shift": "allAtOnce", "instances": 1}, "ALL_AT_ONCE", None),
    ],
)
def test_a_step_of_a_shift_is_an_instance_at_least_and_half_of_them_at_most(
    chosen: dict[str, Any], kind: str, size: dict[str, Any] | None
) -> None:
    made = deployment(EndpointSettings.model_validate(chosen), ["a"])
    routing = made["blue_green_update_policy"]["traffic_routing_configuration"]
    assert routing["type"] == kind
    assert routing.get("canary_size", routing.get("linear_step_size")) == size


def test_rolling_exchanges_batches_without_a_second_fleet() -> None:
    made = deployment(EndpointSettings.model_validate({"shift": "rolling", "instances": 4}), ["a"])
    assert "blue_green_update_policy" not in made
    batch = made["rolling_update_policy"]["maximum_batch_size"]
    assert batch == {"type": "CAPACITY_PERCENT", "value": 25}


def test_batch_starts_a_transform_job_by_itself_and_tells_of_one_that_failed(mocked: Mocked) -> None:
    def program() -> dict[str, Any]:
        settings = EndpointSettings.model_validate({"mode": "batch"})
        made = Batch("batch", BatchArgs(name=f"{NAME}-batch", **_handed(settings, {})))
        return {"intended": made.intended}

    made = mocked(program)
    (schedule,) = made.of("aws:scheduler/schedule:Schedule").values()
    assert schedule["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob"
    job = json.loads(schedule["target"]["input"])
    assert job["TransformJobName"] == "groundplan-dev-flights-bat-<aws.scheduler.execution-id>"
    assert len(job["TransformJobName"].replace("<aws.scheduler.execution-id>", "x" * 36)) <= 63
    assert job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].endswith("-batch/requests/")
    assert job["TransformResources"]["VolumeKmsKeyId"].endswith("key/model")
    (rule,) = made.of("aws:cloudwatch/eventRule:EventRule").values()
    assert json.loads(rule["eventPattern"])["detail"]["TransformJobStatus"] == ["Failed"]
    assert made.outputs["intended"]["batch"]["schedule"] == f"{NAME}-batch"


@pytest.mark.parametrize(
    ("environment", "given", "told"),
    [
        (
            "staging",
            {"endpoint": {"instances": 1, "shift": "allAtOnce"}},
            r"groundplan:endpoint.instances: given 1; allowed: 2 or more outside dev",
        ),
        ("prod", {"parking": {"enabled": True}}, r"groundplan:parking.enabled: given true; allowed: false"),
        (
            "dev",
            {"endpoint": {"mode": "serverless"}, "release": {"shadow": {"modelPackageArn": OTHER}}},
            r"groundplan:release.shadow: given 1; allowed: none in endpoint.mode serverless",
        ),
        (
            "dev",
            {
                "endpoint": {"shift": "rolling"},
                "release": {"challengers": [{"modelPackageArn": OTHER, "weight": 9}]},
            },
            r"groundplan:release.challengers: given 1; allowed: none with endpoint.shift rolling",
        ),
        ("dev", {"endpoint": {"mode": "asynchronous", "capturePercent": 5}}, "no capturePercent in mode"),
        ("dev", {"endpoint": {"instances": 1}}, "shift allAtOnce with one instance"),
        ("dev", {"endpoint": {"instance": "ml.t2.medium"}}, "burstable types do not scale"),
        ("dev", {"endpoint": {"instances": 5}}, "mostInstances of at least instances, 5"),
        (
            "dev",
            {"release": {"challengers": [{"modelPackageArn": OTHER, "weight": 60}] * 2}},
            "weights that leave the champion a percent: 120 given",
        ),
    ],
)
def test_what_sagemaker_or_the_environment_refuses_is_a_named_error(
    environment: str, given: dict[str, Any], told: str
) -> None:
    release = given.get("release")
    if release is not None:
        given = {**given, "release": {"modelPackageArn": PACKAGE, **release}}
    with pytest.raises(SettingsError, match=told):
        read_settings(environment, given)


def test_all_that_does_not_go_together_is_told_at_once() -> None:
    given = {"parking": {"enabled": True}, "endpoint": {"instances": 1, "shift": "allAtOnce"}}
    with pytest.raises(SettingsError, match="2 settings are wrong"):
        read_settings("staging", given)
