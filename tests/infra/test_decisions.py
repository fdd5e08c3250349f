"""Are the pure decisions right? Policies, tiers, names, instances, subnets, the pipeline's JSON."""

import json
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import pytest

from infra.foundation.boundary import boundary_statements
from infra.foundation.place import Place
from infra.foundation.policy import Statement, WildcardError, document
from infra.identity import permissions
from infra.identity.permissions import Grants
from infra.network.gateways import interface_statement, s3_statements
from infra.serving.endpoint_names import name_of
from infra.training.instances import has_local_storage
from infra.training.settings import TrainingSettings
from infra.training.site import Site
from infra.training.steps import training_definition
from sandbox.runtime.sagemaker.definition import parse

PLACE = Place(project="groundplan", stack="dev", account="123456789012", region="us-east-1", partition="aws")
KEY = "arn:aws:kms:us-east-1:123456789012:key/"
GRANTS = Grants(
    place=PLACE,
    data_key=f"{KEY}data",
    model_key=f"{KEY}model",
    image_repository="arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost",
    endpoint="groundplan-dev-flights",
)
SITE = Site(
    use_case="ml.flights",
    image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    source_uri="s3://models/source/abc/source.tar.gz",
    raw_uri="s3://raw",
    curated_uri="s3://curated",
    models_uri="s3://models",
    data_key=f"{KEY}data",
    model_key=f"{KEY}model",
    processing_role=PLACE.role_arn("processing"),
    training_role=PLACE.role_arn("training"),
    subnets=["subnet-1", "subnet-2"],
    security_group="sg-1",
    group="groundplan-dev-flights",
    champion_function="arn:aws:lambda:us-east-1:123456789012:function:groundplan-dev-champion",
)
PERSONAS = [permissions.processing, permissions.training, permissions.inference, permissions.pipeline]


def test_a_statement_on_every_resource_needs_a_reason() -> None:
    with pytest.raises(WildcardError, match="Open"):
        Statement(sid="Open", actions=["s3:GetObject"], resources=["*"])


@pytest.mark.parametrize("persona", PERSONAS)
def test_no_role_may_do_everything_of_a_service(persona: Callable[[Grants], Sequence[Statement]]) -> None:
    actions = [action for statement in persona(GRANTS) for action in statement.actions]
    assert not [action for action in actions if action.endswith(":*") or action == "*"]


@pytest.mark.parametrize("persona", PERSONAS)
def test_no_role_can_do_more_than_the_boundary(persona: Callable[[Grants], Sequence[Statement]]) -> None:
    ceiling = {action for statement in boundary_statements(PLACE) for action in statement.actions}
    for statement in persona(GRANTS):
        beyond = [
            one for one in statement.actions if not any(fnmatchcase(one, allowed) for allowed in ceiling)
        ]
        assert beyond == []


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_roles_policy_fits_into_an_inline_policy(persona: Callable[[Grants], Sequence[Statement]]) -> None:
    # IAM quotas: 10,240 characters for all inline policies of a role.
    assert len(document(*persona(GRANTS))) <= 10_240
    # A managed policy, such as the boundary: 6,144.
    assert len(document(*boundary_statements(PLACE))) <= 6_144


def test_training_cannot_write_data_and_inference_cannot_write_models() -> None:
    def writes(statements: Sequence[Statement]) -> set[str]:
        return {arn for one in statements if "s3:PutObject" in one.actions for arn in one.resources}

    models = PLACE.bucket_arn("models")
    assert writes(permissions.training(GRANTS)) == {
        f"{models}/*/{folder}/*" for folder in ("trained", "tuned", "checkpoints")
    }
    assert writes(permissions.inference(GRANTS)) == {f"{PLACE.bucket_arn('captures')}/*"}


def test_endpoints_of_the_network_serve_this_account_alone() -> None:
    account = json.dumps([s3_statements(PLACE)[0].conditions, interface_statement("logs", PLACE).conditions])
    assert account.count("123456789012") == 2


@pytest.mark.parametrize("instance", ["ml.g5.xlarge", "ml.g4dn.xlarge", "ml.m5d.large", "ml.p4d.24xlarge"])
def test_instances_with_disks_of_their_own_take_no_key(instance: str) -> None:
    assert has_local_storage(instance)


@pytest.mark.parametrize("instance", ["ml.m5.large", "ml.c6i.xlarge", "ml.t3.medium", "ml.r5.large"])
def test_instances_on_attached_disks_take_a_key(instance: str) -> None:
    assert not has_local_storage(instance)


def test_a_name_tells_the_version_and_changes_with_the_content() -> None:
    package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/12"
    name = name_of("groundplan-dev-flights", package, "ml.m5.large", 2)
    assert name.startswith("groundplan-dev-flights-v12-")
    assert name != name_of("groundplan-dev-flights", package, "ml.m5.large", 3)
    assert name == name_of("groundplan-dev-flights", package, "ml.m5.large", 2)
    assert len(name_of("x" * 80, package)) == 63


def test_the_pipeline_is_sound_and_has_the_steps_and_parameters_of_the_contract() -> None:
    text = training_definition(TrainingSettings(), SITE)
    parsed = parse(text)
    assert set(parsed.parameters) == {"RawData", "InputsFingerprint", "MinimumPrAuc", "MinimumAuc"}
    assert {name: step.type for name, step in parsed.steps.items()} == {
        "Prepare": "Processing",
        "Train": "Training",
        "Champion": "Lambda",
        "Evaluate": "Processing",
        "GoodEnough": "Condition",
        "Register": "RegisterModel",
        "NotGoodEnough": "Fail",
    }
    assert text == training_definition(TrainingSettings(), SITE)


def test_training_is_on_spot_with_checkpoints_keys_and_a_time_limit() -> None:
    steps = {
        step["Name"]: step for step in json.loads(training_definition(TrainingSettings(), SITE))["Steps"]
    }
    train = steps["Train"]["Arguments"]
    assert train["EnableManagedSpotTraining"] is True
    assert train["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert train["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert train["OutputDataConfig"]["KmsKeyId"] == SITE.model_key
    assert "VolumeKmsKeyId" not in train["ResourceConfig"], "ml.g5 encrypts its own disks"
    cluster = steps["Prepare"]["Arguments"]["ProcessingResources"]["ClusterConfig"]
    assert cluster["VolumeKmsKeyId"] == SITE.data_key


def test_a_result_is_used_again_only_for_the_same_sources_and_the_same_code() -> None:
    steps = json.loads(training_definition(TrainingSettings(), SITE))["Steps"]
    for step in steps:
        if "CacheConfig" in step:
            arguments = json.dumps(step["Arguments"])
            assert '{"Get": "Parameters.InputsFingerprint"}' in arguments
            assert SITE.source_uri in arguments


def test_without_spot_a_job_has_no_time_to_wait() -> None:
    steps = json.loads(training_definition(TrainingSettings(spot=False), SITE))["Steps"]
    train = next(step for step in steps if step["Name"] == "Train")["Arguments"]
    assert train["EnableManagedSpotTraining"] is False
    assert "MaxWaitTimeInSeconds" not in train["StoppingCondition"]
