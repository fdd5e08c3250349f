"""Which image do jobs run in, which one is a model registered with, and which choices are refused?"""

import json
from typing import Any

import pytest
from mocked import OTHER_STACK, build

from infra.foundation.place import Place
from infra.packaging.builds import ImageSettings
from infra.platform import Platform
from infra.settings.loading import SettingsError, read_settings

FRAMEWORK = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
FRAMEWORK_ARN = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost"


def test_a_stack_builds_unless_another_does() -> None:
    assert ImageSettings().built_here
    assert not ImageSettings(enabled=False).built_here
    assert not ImageSettings(from_stack="organization/groundplan/dev").built_here


def _platform(**given: Any) -> Any:
    """The platform of dev with these settings: registered container, content types, what roles may pull."""

    def program() -> dict[str, Any]:
        return dict(Platform(read_settings("dev", given), Place.of_this_stack()).exports)

    found = build(program, stack="dev")
    (pipeline,) = found.of("aws:sagemaker/pipeline:Pipeline").values()
    definition = json.loads(pipeline["pipelineDefinition"])
    (verdict,) = [step for step in definition["Steps"] if step["Type"] == "Condition"]
    specification = verdict["Arguments"]["IfSteps"][0]["Arguments"]["InferenceSpecification"]
    jobs = {
        step["Arguments"]["AppSpecification"]["ImageUri"]
        for step in definition["Steps"]
        if step["Type"] == "Processing"
    }
    pulled = {
        role: statement["Resource"]
        for role, statements in found.policies().items()
        for statement in statements
        if statement.get("Sid") == "PullImage"
    }
    return specification, jobs, pulled, found


def test_models_are_registered_with_our_own_server_and_jobs_run_in_the_framework_image() -> None:
    specification, jobs, pulled, found = _platform()
    image = found.outputs["images"]["inference"]
    assert specification["Containers"][0]["Image"] == image["uri"]
    assert "application/x-npy" in specification["SupportedContentTypes"]
    assert "application/jsonlines" in specification["SupportedResponseMIMETypes"]
    assert jobs == {FRAMEWORK}
    assert pulled["identity-training-policy"] == FRAMEWORK_ARN
    assert pulled["identity-inference-policy"] == [image["repositoryArn"], FRAMEWORK_ARN]
    assert pulled["identity-pipeline-policy"] == [image["repositoryArn"], FRAMEWORK_ARN]


def test_the_framework_image_serves_where_it_is_chosen_and_builds_nothing_without_images() -> None:
    specification, jobs, pulled, found = _platform(images={"enabled": False}, endpoint={"image": "framework"})
    assert specification["Containers"][0]["Image"] == FRAMEWORK
    assert specification["SupportedContentTypes"] == ["application/json", "text/csv"]
    assert (jobs, set(map(str, pulled.values()))) == ({FRAMEWORK}, {FRAMEWORK_ARN})
    assert found.outputs["images"] is None
    assert not found.of("aws:codebuild/project:Project")


def test_jobs_and_models_take_the_images_of_the_stack_that_builds_them() -> None:
    specification, jobs, pulled, found = _platform(
        images={"fromStack": "organization/groundplan/dev"}, training={"image": "built"}
    )
    there = OTHER_STACK["images"]
    assert specification["Containers"][0]["Image"] == there["inference"]["uri"]
    assert jobs == {there["training"]["uri"]}
    assert pulled["identity-training-policy"] == there["training"]["repositoryArn"]
    assert there["inference"]["repositoryArn"] in pulled["identity-inference-policy"]
    assert not found.of("aws:codebuild/project:Project")


def test_an_image_of_ones_own_is_taken_by_its_uri() -> None:
    own = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/own@sha256:" + "0" * 64
    specification, _, pulled, _ = _platform(endpoint={"image": own})
    assert specification["Containers"][0]["Image"] == own
    assert "arn:aws:ecr:us-east-1:123456789012:repository/team/own" in pulled["identity-inference-policy"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"images": {"enabled": False}}, 'endpoint.image: given "built"; allowed: framework'),
        (
            {
                "images": {"enabled": False},
                "training": {"image": "built"},
                "endpoint": {"image": "framework"},
            },
            'training.image: given "built"; allowed: framework',
        ),
        ({"endpoint": {"image": "docker.io/own:1"}}, "allowed: framework, built, or an image in Amazon ECR"),
        (
            {"training": {"image": "built", "tuning": {"strategy": "random"}}},
            "the built image starts no trainings",
        ),
    ],
)
def test_an_image_that_nobody_builds_or_that_cannot_do_the_work_is_refused(
    given: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings("dev", given)
    assert told in str(refused.value)
