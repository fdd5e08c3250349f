"""Does the whole program compose? Every resource that it makes, against Pulumi's mocks."""

import json
from typing import Any

import pytest
from mocked import Build, build

from infra.foundation.place import Place
from infra.platform import Platform
from infra.settings.loading import read_settings
from infra.storage.zones import ZONES

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/3"


class Program(Build):
    """What a run of the whole program made and exported."""

    @property
    def exports(self) -> dict[str, Any]:
        return self.outputs

    @property
    def sorted(self) -> list[str]:
        return sorted(
            json.dumps(one, sort_keys=True, default=lambda asset: type(asset).__name__) for one in self.made
        )


def _run(settings: dict[str, Any], environment: str = "dev") -> Program:
    def program() -> dict[str, Any]:
        return Platform(read_settings(environment, settings), Place.of_this_stack()).exports

    made = build(program)
    return Program(made.made, made.outputs)


@pytest.fixture(scope="module")
def before() -> Program:
    return _run({})


@pytest.fixture(scope="module")
def released() -> Program:
    return _run({"release": {"modelPackageArn": PACKAGE}, "network": {"interfaces": ["sagemaker.runtime"]}})


def test_before_the_first_release_there_is_everything_but_an_endpoint(before: Program) -> None:
    assert before.exports["endpoint"] is None
    assert before.exports["intended"] is None
    assert not before.of("aws:sagemaker/endpoint:Endpoint")
    assert not before.of("aws:sagemaker/model:Model")
    assert before.of("aws:sagemaker/pipeline:Pipeline")


def test_the_outputs_are_those_of_the_contract(released: Program) -> None:
    exports = released.exports
    assert tuple(exports["zones"]) == ZONES
    assert exports["zones"]["raw"] == "groundplan-dev-raw-123456789012"
    assert exports["pipeline"] == "groundplan-dev-flights-training"
    assert exports["monitoring"] == "groundplan-dev-flights-monitoring"
    assert exports["modelPackageGroup"] == exports["endpoint"] == "groundplan-dev-flights"
    assert exports["webhookSecret"] == "groundplan-dev-chat-webhook"
    assert exports["budget"] == "groundplan-dev-monthly"
    assert exports["useCase"] == "ml.flights"
    assert set(exports["keys"]) == {"data", "model", "logs", "messages", "backup"}
    assert exports["sourceArchive"].startswith("s3://groundplan-dev-models-123456789012/source/")
    (configuration,) = released.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration").values()
    assert exports["intended"] == {
        "mode": "realTime",
        "endpointConfig": configuration["name"],
        "modelPackageArn": PACKAGE,
        "variant": "champion",
        "instanceType": "ml.m5.large",
        "instanceCount": 2,
        "variants": [
            {
                "name": "champion",
                "modelPackageArn": PACKAGE,
                "weight": 1,
                "shadow": False,
                "instanceType": "ml.m5.large",
                "instanceCount": 2,
                "serverless": None,
            }
        ],
    }
    assert exports["parking"]["endpoint"] == exports["endpoint"]


def test_production_goes_on_in_a_second_region_on_the_replicas_of_its_keys() -> None:
    made = _run({"recovery": {"region": "us-west-2"}, "network": {"nat": "perZone"}}, "prod")
    replicas = made.of("aws:kms/replicaKey:ReplicaKey")
    carried = made.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    assert (len(replicas), len(carried)) == (4, 6)
    sealed = [
        rule["destination"]["encryptionConfiguration"] for one in carried.values() for rule in one["rules"]
    ]
    assert all(":kms:us-west-2:" in one["replicaKmsKeyId"] for one in sealed)
    (boundary,) = (one for name, one in made.of("aws:iam/policy:Policy").items() if name == "boundary-policy")
    assert '["us-east-1", "us-west-2"]' in boundary["policy"]


def test_machines_of_one_training_may_speak_with_each_other_only_where_there_are_several(
    before: Program,
) -> None:
    kinds = ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",)
    alone = {name for kind in kinds for name in before.of(kind)}
    several = _run({"training": {"instances": 2}})
    added = {name: one for kind in kinds for name, one in several.of(kind).items() if name not in alone}
    assert set(added) == {"training-machines-in"}
    assert all(one["referencedSecurityGroupId"] == one["securityGroupId"] for one in added.values())


def test_two_runs_make_the_same(released: Program) -> None:
    again = _run({"release": {"modelPackageArn": PACKAGE}, "network": {"interfaces": ["sagemaker.runtime"]}})
    assert again.sorted == released.sorted


def test_another_release_is_made_of_other_resources_so_that_the_way_back_finds_the_old_ones(
    released: Program,
) -> None:
    network = {"interfaces": ["sagemaker.runtime"]}
    other = _run({"release": {"modelPackageArn": PACKAGE[:-1] + "4"}, "network": network})
    larger = _run({"release": {"modelPackageArn": PACKAGE}, "network": network, "endpoint": {"instances": 3}})
    models = [one.of("aws:sagemaker/model:Model") for one in (released, other, larger)]
    kind = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    configurations = [one.of(kind) for one in (released, other, larger)]
    assert len({name for made in configurations for name in made}) == 3
    assert len({inputs["name"] for made in configurations for inputs in made.values()}) == 3
    assert len({name for made in models for name in made}) == 2
    assert len({inputs["name"] for made in models for inputs in made.values()}) == 2


@pytest.mark.parametrize(
    ("mode", "endpoint", "made"),
    [
        ("serverless", "groundplan-dev-flights-serverless", "groundplan:infra:Endpoint"),
        ("asynchronous", "groundplan-dev-flights-async", "groundplan:infra:Endpoint"),
        ("batch", None, "groundplan:infra:Batch"),
    ],
)
def test_every_way_of_serving_composes_and_keeps_what_holds_data(
    released: Program, mode: str, endpoint: str | None, made: str
) -> None:
    other = _run(
        {
            "release": {"modelPackageArn": PACKAGE},
            "network": {"interfaces": ["sagemaker.runtime"]},
            "endpoint": {"mode": mode},
        }
    )
    assert other.exports["endpoint"] == endpoint
    assert other.exports["intended"]["mode"] == mode
    assert (other.exports["parking"] is not None) == (mode == "asynchronous")
    assert made in other.kinds
    for kind in ("aws:s3/bucket:Bucket", "aws:kms/key:Key"):
        assert other.of(kind).keys() == released.of(kind).keys()
    served = {name for name in released.of("aws:cloudwatch/logGroup:LogGroup") if "Endpoints" in name}
    assert served <= other.of("aws:cloudwatch/logGroup:LogGroup").keys()


def test_every_role_has_a_boundary(released: Program) -> None:
    roles = released.of("aws:iam/role:Role")
    people = {name for name in roles if name.startswith("people-")}
    assert len(people) == 7
    boundaries = {
        name: inputs["permissionsBoundary"].removeprefix("arn:aws:iam::123456789012:policy/groundplan-dev-")
        for name, inputs in roles.items()
    }
    assert {boundaries[name] for name in people} == {"people-boundary"}
    assert {boundaries[name] for name in roles if name not in people} == {"boundary"}
    assert all("aws:SourceAccount" in roles[name]["assumeRolePolicy"] for name in roles if name not in people)


def test_every_bucket_is_encrypted_versioned_private_logged_and_tiered(released: Program) -> None:
    zones = {f"storage-{zone}" for zone in ZONES}
    assert set(released.of("aws:s3/bucket:Bucket")) == zones

    def parts(kind: str, ending: str) -> set[str]:
        return {
            name.removesuffix(ending) for name in released.of(f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}")
        }

    assert parts("BucketServerSideEncryptionConfiguration", "-encrypted") == zones
    assert parts("BucketVersioning", "-versions") == zones
    assert parts("BucketPublicAccessBlock", "-private") == zones
    assert parts("BucketOwnershipControls", "-owned") == zones
    assert parts("BucketLifecycleConfiguration", "-tiers") == zones
    assert parts("BucketPolicy", "-policy") == zones
    assert parts("BucketLogging", "-access-log") == zones - {"storage-logs"}


def test_every_log_group_is_encrypted_and_ends(released: Program) -> None:
    groups = released.of("aws:cloudwatch/logGroup:LogGroup")
    assert groups
    assert all(inputs["kmsKeyId"] and inputs["retentionInDays"] == 30 for inputs in groups.values())


def test_budget_tells_the_topic_at_each_threshold(before: Program) -> None:
    budget = before.of("aws:budgets/budget:Budget")["budget-monthly"]
    told = [(one["notificationType"], one["threshold"]) for one in budget["notifications"]]
    assert told == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert all(
        one["subscriberSnsTopicArns"] == [before.exports["topics"]["warning"]]
        for one in budget["notifications"]
    )


def test_endpoint_rolls_back_on_its_alarms_and_stands_in_two_zones(released: Program) -> None:
    endpoint = released.of("aws:sagemaker/endpoint:Endpoint")["endpoint-endpoint"]
    alarms = {one["alarmName"] for one in endpoint["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]}
    made = {inputs["name"] for inputs in released.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()}
    assert alarms == {"groundplan-dev-flights-faults", "groundplan-dev-flights-latency"} <= made
    (model,) = released.of("aws:sagemaker/model:Model").values()
    assert len(model["vpcConfig"]["subnets"]) == 2
    assert model["enableNetworkIsolation"] is True
    assert len({one["availabilityZone"] for one in released.of("aws:ec2/subnet:Subnet").values()}) == 2
