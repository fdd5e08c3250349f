"""Does the whole program compose? Every resource that it makes, against Pulumi's mocks."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/3"

# In a process of its own, as Pulumi's runtime keeps its mocks and its settings for the whole process.
_RECORD = """
import json, sys
import pulumi
from pulumi.runtime import mocks, settings

made = []

class Mocks(mocks.Mocks):
    def new_resource(self, args):
        made.append([args.typ, args.name, dict(args.inputs)])
        outputs = dict(args.inputs)
        for key in ("name", "bucket", "pipelineName", "modelPackageGroupName"):
            if key in args.inputs:
                outputs.setdefault("id", args.inputs[key])
        outputs.setdefault("arn", f"arn:aws:mock:us-east-1:123456789012:{args.name}")
        outputs.setdefault("url", f"https://mock/{args.name}")
        outputs.setdefault("keyId", f"key-{args.name}")
        return f"{args.name}-id", outputs

    def call(self, args):
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
            "aws:index/getRegion:getRegion": {"region": "us-east-1"},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
            "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": {
                "registryPath": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
            },
        }[args.token]

mocks.set_mocks(Mocks(), project="groundplan", stack="dev", preview=False)
exports = {}

@pulumi.runtime.test
def build():
    from infra.place import Place
    from infra.platform import Platform
    from infra.settings import read_settings

    platform = Platform(read_settings("dev", json.loads(sys.argv[1])), Place.of_this_stack())
    return pulumi.Output.from_input(platform.exports).apply(exports.update)

build()
print(json.dumps({"made": made, "exports": exports}, default=lambda asset: type(asset).__name__))
"""


class Program:
    """What a run of the program made and exported."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.made = [(kind, name, inputs) for kind, name, inputs in told["made"]]
        self.exports = told["exports"]

    @property
    def sorted(self) -> list[str]:
        return sorted(json.dumps(one, sort_keys=True) for one in self.made)

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: inputs for made, name, inputs in self.made if made == kind}


def _run(settings: dict[str, Any]) -> Program:
    done = subprocess.run(
        [sys.executable, "-c", _RECORD, json.dumps(settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Program(json.loads(done.stdout.splitlines()[-1]))


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
    assert list(exports["zones"]) == ["raw", "curated", "models", "captures", "logs"]
    assert exports["zones"]["raw"] == "groundplan-dev-raw-123456789012"
    assert exports["pipeline"] == "groundplan-dev-flights-training"
    assert exports["modelPackageGroup"] == exports["endpoint"] == "groundplan-dev-flights"
    assert exports["webhookSecret"] == "groundplan-dev-chat-webhook"
    assert exports["budget"] == "groundplan-dev-monthly"
    assert exports["useCase"] == "ml.flights"
    assert set(exports["keys"]) == {"data", "model", "logs", "messages"}
    assert exports["sourceArchive"].startswith("s3://groundplan-dev-models-123456789012/source/")
    (configuration,) = released.of("aws:sagemaker/endpointConfiguration:EndpointConfiguration").values()
    assert exports["intended"] == {
        "endpointConfig": configuration["name"],
        "modelPackageArn": PACKAGE,
        "variant": "champion",
        "instanceType": "ml.m5.large",
        "instanceCount": 2,
    }


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


def test_every_role_has_the_boundary(released: Program) -> None:
    roles = released.of("aws:iam/role:Role")
    assert len(roles) == 6
    boundary = "arn:aws:mock:us-east-1:123456789012:boundary-policy"
    assert {inputs["permissionsBoundary"] for inputs in roles.values()} == {boundary}
    assert all("aws:SourceAccount" in inputs["assumeRolePolicy"] for inputs in roles.values())


def test_every_bucket_is_encrypted_versioned_private_logged_and_tiered(released: Program) -> None:
    zones = {f"storage-{zone}" for zone in ("raw", "curated", "models", "captures", "logs")}
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
    assert len(groups) == 5
    assert all(inputs["kmsKeyId"] and inputs["retentionInDays"] == 30 for inputs in groups.values())


def test_budget_tells_the_topic_at_each_threshold(before: Program) -> None:
    budget = before.of("aws:budgets/budget:Budget")["budget-monthly"]
    told = [(one["notificationType"], one["threshold"]) for one in budget["notifications"]]
    assert told == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert all(one["subscriberSnsTopicArns"] == [before.exports["topic"]] for one in budget["notifications"])


def test_endpoint_rolls_back_on_its_alarms_and_stands_in_two_zones(released: Program) -> None:
    endpoint = released.of("aws:sagemaker/endpoint:Endpoint")["endpoint-endpoint"]
    alarms = {one["alarmName"] for one in endpoint["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]}
    assert alarms == {
        inputs["name"] for inputs in released.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()
    }
    (model,) = released.of("aws:sagemaker/model:Model").values()
    assert len(model["vpcConfig"]["subnets"]) == 2
    assert model["enableNetworkIsolation"] is True
    assert len({one["availabilityZone"] for one in released.of("aws:ec2/subnet:Subnet").values()}) == 2
