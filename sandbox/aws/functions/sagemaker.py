"""SageMaker: the images of its frameworks."""

from __future__ import annotations

from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.images import registry_of
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _image(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    region = arguments.get("region") or cloud.region
    repository = arguments["repositoryName"]
    registry = registry_of(repository, region)
    suffix = arguments.get("dnsSuffix") or cloud.dns_suffix
    tag = arguments.get("imageTag") or "1"
    return {
        **arguments,
        "dnsSuffix": suffix,
        "imageTag": tag,
        "region": region,
        "registryId": registry,
        "registryPath": f"{registry}.dkr.ecr.{region}.{suffix}/{repository}:{tag}",
        "id": registry,
    }


FUNCTIONS: Final[Functions] = {
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": _image,
}
