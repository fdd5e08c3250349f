"""Which image do the jobs run, and which one serves?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.place import Place
from infra.packaging.builds import ImageSettings, repository_name
from infra.packaging.context import ImageName
from infra.packaging.image_choice import BUILT, FRAMEWORK, repository_of
from infra.serving.settings import EndpointSettings
from infra.settings.block import Misfit
from infra.training.settings import TrainingSettings

_REPOSITORY = "sagemaker-xgboost"
_TYPES = ("application/json", "text/csv")
_OWN_TYPES = (*_TYPES, "application/jsonlines", "application/x-npy")
"""What `ml/serving/` reads and writes."""


@dataclass(frozen=True)
class Image:
    """An image's URI, and the ARN of the repository that it is pulled from."""

    uri: pulumi.Input[str]
    repository_arn: pulumi.Input[str]
    content_types: Sequence[str] = _TYPES
    """What a server of it reads and writes."""


@dataclass(frozen=True)
class Built:
    """The images that are built: the output of `Images`, of this stack or of another."""

    known: pulumi.Output[dict[str, Any]]
    here: bool

    def of(self, name: ImageName, place: Place) -> Image:
        """One of them. Where a repository of ours is, is known before it is made."""
        arn: pulumi.Input[str] = place.arn("ecr", f"repository/{repository_name(place, name)}")
        if not self.here:
            arn = self.known.apply(lambda known: str(known[name]["repositoryArn"]))
        return Image(self.known.apply(lambda known: str(known[name]["uri"])), arn, _OWN_TYPES)


def job_image(settings: TrainingSettings, place: Place, built: Built | None) -> Image:
    """The image of processing and training jobs."""
    return _chosen(settings.image, "training", settings.image_tag, place, built)


def serving_image(
    endpoint: EndpointSettings, training: TrainingSettings, place: Place, built: Built | None
) -> Image:
    """The image that a model is registered with, and so the endpoint's and the transform jobs'."""
    return _chosen(endpoint.image, "inference", training.image_tag, place, built)


def misfits(
    images: ImageSettings, training: TrainingSettings, endpoint: EndpointSettings
) -> Sequence[Misfit]:
    """Choices of an image that nobody builds."""
    if images.built_here or images.from_stack:
        return []
    allowed = f"{FRAMEWORK}, or an image's URI; {BUILT} with images.enabled true, or with images.fromStack"
    chosen = {"training.image": training.image, "endpoint.image": endpoint.image}
    return [Misfit(path, BUILT, allowed) for path, image in chosen.items() if image == BUILT]


def _chosen(choice: str, name: ImageName, tag: str, place: Place, built: Built | None) -> Image:
    if choice == BUILT and built is not None:
        return built.of(name, place)
    if choice == FRAMEWORK:
        uri = aws.sagemaker.get_prebuilt_ecr_image(
            repository_name=_REPOSITORY, image_tag=tag, region=place.region
        ).registry_path
        return Image(uri, repository_of(uri, place.partition))
    return Image(choice, repository_of(choice, place.partition))
