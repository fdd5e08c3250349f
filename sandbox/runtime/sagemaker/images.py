"""Which container images can this machine stand in for, and with what?"""

from __future__ import annotations

import posixpath
import shlex
import stat
import sys
import uuid
from pathlib import Path

from botocore.exceptions import ClientError

from sandbox.runtime.images.building import Image
from sandbox.runtime.images.store import Reference, blobs_of, unpack
from sandbox.runtime.overlay import Caller, Cloud

BIND_TO_PORT = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
"""Label of an image whose server listens where `SAGEMAKER_BIND_TO_PORT` says, as multi-container endpoints
ask for it (SageMaker guide, "Create a multi-container endpoint")."""
FRAMEWORKS = frozenset(
    {
        "sagemaker-xgboost",
        "sagemaker-scikit-learn",
        "sagemaker-base-python",
        "sagemaker-base-python-310",
        "sagemaker-distribution-prod",
        "pytorch-training",
        "pytorch-inference",
        "tensorflow-training",
        "tensorflow-inference",
        "huggingface-pytorch-training",
        "huggingface-pytorch-inference",
    }
)
"""Repositories of AWS's framework images: Python, script mode and an inference toolkit. This machine's own
interpreter stands in for theirs; what it has not installed, a script cannot import."""


class UnknownImageError(Exception):
    """An image that this machine cannot stand in for."""

    def __init__(self, image: str, because: str) -> None:
        super().__init__(
            f"the sandbox cannot run the image {image!r}: {because}. It has no containers: it runs images "
            "that a CodeBuild build here has put into ECR, and stands in for the framework images: "
            f"{', '.join(sorted(FRAMEWORKS))}"
        )


def image_of(cloud: Cloud, uri: str, caller: Caller) -> Image | None:
    """The image as it was built here; none for one of `FRAMEWORKS`. Raises UnknownImageError."""
    repository = uri.rpartition("/")[2].partition("@")[0].partition(":")[0]
    if repository in FRAMEWORKS:
        return None
    reference = Reference.of(uri)
    if reference is None:
        raise UnknownImageError(uri, "it lies in no registry of ECR")
    ecr = cloud.client("ecr", Caller(reference.account, reference.region))
    try:
        found = ecr.batch_get_image(repositoryName=reference.repository, imageIds=[reference.identity])
    except ClientError as error:
        raise UnknownImageError(uri, error.response["Error"]["Message"]) from error
    if not found["images"]:
        raise UnknownImageError(uri, f"the repository {reference.repository} holds no such image")
    image = unpack(found["images"][0]["imageManifest"], blobs_of(cloud.root))
    if image is None:
        raise UnknownImageError(uri, "it was put into its repository by another way than a build here")
    return image


def serving_image(cloud: Cloud, uri: str, caller: Caller) -> Image | None:
    """The same for a server: many instances share this machine, so each must take the port it is given."""
    image = image_of(cloud, uri, caller)
    if image is not None and image.labels.get(BIND_TO_PORT) != "true":
        raise UnknownImageError(
            uri,
            "its instances share one machine, and so one port 8080, unless the image bears the label "
            f"{BIND_TO_PORT}=true and its server listens on SAGEMAKER_BIND_TO_PORT",
        )
    return image


def command_of(image: Image, word: str) -> list[str]:
    """What SageMaker starts of an image: its entrypoint with `serve` or `train`, or that word as a program.

    Raises UnknownImageError for an image that has neither.
    """
    arguments = [*image.entrypoint, word]
    if not image.entrypoint and not any(_program(image, word)):
        raise UnknownImageError(word, f"the image has no ENTRYPOINT, and no {word!r} on its PATH")
    return arguments


def _program(image: Image, name: str) -> list[str]:
    """Paths of the image's own programs of that name, by the order of its PATH."""
    places = image.environment.get("PATH", "").split(":")
    return [path for place in places if (path := posixpath.join(place, name)) in image.files]


def interpreter_links(folder: Path) -> Path:
    """A folder for the front of PATH in which `python` and `python3` are this interpreter.

    They are scripts, not links: a link from elsewhere into a virtual environment loses the environment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n'
    for name in ("python", "python3"):
        link = folder / name
        if not link.exists() or link.read_text() != script:
            # A name of its own: several threads come here at once.
            fresh = folder / f".{name}.{uuid.uuid4().hex}"
            fresh.write_text(script)
            fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
            fresh.replace(link)
    return folder
