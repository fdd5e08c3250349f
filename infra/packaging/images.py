"""Which image do the jobs and the endpoint run?"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.place import Place
from infra.training.settings import TrainingSettings

_REPOSITORY = "sagemaker-xgboost"
_URI = re.compile(
    r"^(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<repository>[^:@]+)"
)


@dataclass(frozen=True)
class Image:
    """An image's URI, and the ARN of the repository that it is pulled from."""

    uri: str
    repository_arn: str


class ImageError(pulumi.RunError):
    """An image that lies in no registry of ECR."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"groundplan:training.image: given {uri!r}; allowed: an image in Amazon ECR, such as "
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
        )


def framework_image(settings: TrainingSettings, place: Place) -> Image:
    """AWS's image for XGBoost in this region, or the settings' own. Raises ImageError."""
    uri = settings.image
    if uri is None:
        uri = aws.sagemaker.get_prebuilt_ecr_image(
            repository_name=_REPOSITORY, image_tag=settings.image_tag, region=place.region
        ).registry_path
    match = _URI.match(uri)
    if match is None:
        raise ImageError(uri)
    arn = f"arn:{place.partition}:ecr:{match['region']}:{match['account']}:repository/{match['repository']}"
    return Image(uri, arn)
