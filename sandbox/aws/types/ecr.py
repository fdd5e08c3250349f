"""ECR: repositories."""

from __future__ import annotations

from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Tags

REPOSITORY = ResourceType(
    type="aws:ecr/repository:Repository",
    service="ecr",
    tier="native",
    create=Call(operation="CreateRepository", names={"name": "repositoryName"}),
    id=given("name"),
    read=reading("ecr", "DescribeRepositories", lambda s: {"repositoryNames": [s.id]}, "repositories.0"),
    delete=Call(
        operation="DeleteRepository",
        sends=(),
        adds=lambda s: {"repositoryName": s.id, "force": bool(s.inputs.get("forceDelete"))},
    ),
    steps=(
        Step(
            on=("imageScanningConfiguration",),
            do=Call(
                operation="PutImageScanningConfiguration",
                sends=("name", "imageScanningConfiguration"),
                names={"name": "repositoryName"},
                adds=lambda s: (
                    {}
                    if s.inputs.get("imageScanningConfiguration")
                    else {"imageScanningConfiguration": {"scanOnPush": False}}
                ),
            ),
            at_create=False,
        ),
        Step(
            on=("imageTagMutability", "imageTagMutabilityExclusionFilters"),
            do=Call(
                operation="PutImageTagMutability",
                sends=("name", "imageTagMutability", "imageTagMutabilityExclusionFilters"),
                names={"name": "repositoryName"},
                adds=lambda s: {"imageTagMutability": s.inputs.get("imageTagMutability") or "MUTABLE"},
            ),
            at_create=False,
        ),
    ),
    local=("forceDelete",),
    outputs={"arn": "repositoryArn", "registryId": "registryId", "repositoryUrl": "repositoryUri"},
    echoes={"name": "repositoryName", "imageTagMutability": "imageTagMutability"},
    known_id=given("name"),
    auto_name=AutoName(limit=256, prefix_property=None),
    tags=Tags(
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": s.cloud.arn("ecr", f"repository/{s.id}")},
        member="tags",
        keys="tagKeys",
        list="ListTagsForResource",
        listed="tags",
    ),
)

TYPES = (REPOSITORY,)
