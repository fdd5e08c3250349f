"""Starts the build of an image, unless the image is there already.

Called once for each content: the tag is the content's digest. Says what it did and why.
"""

from typing import Any

import boto3


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """`event`: `{"project", "repository", "tag"}`. Answers `{"started": bool, "because": …}`."""
    project, repository, tag = event["project"], event["repository"], event["tag"]
    ecr = boto3.client("ecr")
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        boto3.client("codebuild").start_build(projectName=project, idempotencyToken=tag)
        return {"started": True, "because": f"{repository} holds no image {tag}"}
    return {"started": False, "because": f"{repository} holds the image {tag}: nothing to build"}
