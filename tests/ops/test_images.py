"""Before a model is released, its image is there: its build is waited for, and a failed one is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest

from ops.images import NoImageError, await_image
from ops.outputs import StackOutputs
from ops.progress import Step
from ops.session import Session
from sandbox.runtime import daemon

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
BUILDS = """
version: 0.2
phases:
  build:
    commands:
      - sleep 1
      - docker build -t "{uri}" . && docker push "{uri}"
"""


class Stack:
    """As much of a session as a look at images needs: clients of a sandbox."""

    stack, target_kind = "dev", "sandbox"

    def __init__(self, address: daemon.SandboxAddress) -> None:
        self._address = address

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._address.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


class Notes:
    """A step that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("sandbox")
    made = Stack(daemon.start(root))
    made.client("s3").create_bucket(Bucket="sources")
    yield made
    daemon.stop(root)


def build(stack: Stack, name: str, dockerfile: str) -> StackOutputs:
    """Starts the build of an image, and answers the outputs of a stack that has it."""
    uri = f"{REGISTRY}/{name}:0a1b"
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("Dockerfile", dockerfile)
        archive.writestr("buildspec.yml", BUILDS.format(uri=uri))
    stack.client("s3").put_object(Bucket="sources", Key=f"{name}.zip", Body=source.getvalue())
    repository = stack.client("ecr").create_repository(repositoryName=name)["repository"]
    codebuild = stack.client("codebuild")
    codebuild.create_project(
        name=f"{name}-image",
        source={"type": "S3", "location": f"sources/{name}.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        serviceRole="arn:aws:iam::123456789012:role/builder",
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": True,
        },
    )
    codebuild.start_build(projectName=f"{name}-image")
    image = {
        "uri": uri,
        "repositoryArn": repository["repositoryArn"],
        "tag": "0a1b",
        "project": f"{name}-image",
    }
    return StackOutputs.read(
        "dev",
        {
            "zones": {"raw": "r", "curated": "c", "models": "m"},
            "pipeline": "p",
            "modelPackageGroup": "g",
            "topics": {"critical": "c", "warning": "w", "info": "i"},
            "budget": "b",
            "useCase": "ml.flights",
            "images": {"inference": image},
        },
    )


def looked(stack: Stack, outputs: StackOutputs, uri: str) -> list[str]:
    notes = Notes()
    await_image(cast("Session", stack), outputs, uri, cast("Step", notes))
    return notes.lines


def test_a_build_under_way_is_waited_for_and_an_image_that_is_there_is_not(stack: Stack) -> None:
    outputs = build(stack, "good", "FROM python\n")
    uri = outputs.images["inference"].uri
    waited = looked(stack, outputs, uri)
    assert waited[0] == f"waiting for the image {uri}: build 1 of good-image"
    assert waited[1].startswith("the image is built (")
    assert looked(stack, outputs, uri) == []


def test_a_failed_build_is_told_with_the_end_of_its_log_and_what_to_do(stack: Stack) -> None:
    outputs = build(stack, "bad", "FROM python\nVOLUME /x\n")
    with pytest.raises(NoImageError) as told:
        looked(stack, outputs, outputs.images["inference"].uri)
    text = str(told.value)
    assert "build 1 of bad-image ended FAILED" in text
    assert "Dockerfile:2: VOLUME is not understood by the sandbox" in text
    with pytest.raises(NoImageError) as older:
        looked(stack, outputs, f"{REGISTRY}/bad:older")
    assert f"the platform builds {REGISTRY}/bad:0a1b by now" in str(older.value)


def test_an_image_that_the_stack_does_not_build_is_not_looked_at(stack: Stack) -> None:
    outputs = build(stack, "other", "FROM python\n")
    framework = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    assert looked(stack, outputs, framework) == []
