"""Images: the training and the inference image, built, scanned and pushed when their content changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.log_group import log_group
from infra.foundation.place import Place
from infra.foundation.policy import Statement, document
from infra.foundation.role import Role, RoleArgs
from infra.notifications.event_alert import EventAlert, EventAlertArgs
from infra.packaging.context import CONTEXTS, ImageName, tag_of, zipped
from infra.packaging.source import keep
from infra.settings.block import Settings

_FAILED = ("FAILED", "FAULT", "STOPPED", "TIMED_OUT")


class ImageSettings(Settings):
    """`groundplan:images`: images of our own, built here or taken from the stack that built them."""

    enabled: bool = Field(
        default=True, description="Whether this stack builds the training and the inference image."
    )
    from_stack: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
        description="Stack whose images are used instead, by its full name: `organization/groundplan/dev`.",
    )
    readers: tuple[Annotated[str, Field(pattern=r"^[0-9]{12}$")], ...] = Field(
        default=(), max_length=20, description="Accounts that may pull the images, such as production's."
    )
    base: str = Field(
        default="public.ecr.aws/docker/library/python:3.11-slim-bookworm",
        pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9_.-]+)?(@sha256:[0-9a-f]{64})?$",
        description="The image that both begin with; name it by digest to pin it.",
    )
    kept: int = Field(default=20, ge=2, le=500, description="Newest released images kept in a repository.")

    @model_validator(mode="after")
    def _built_or_taken(self) -> Self:
        if self.from_stack and self.enabled and "enabled" in self.model_fields_set:
            raise ValueError("either enabled or fromStack: images are built here or elsewhere")
        return self

    @property
    def built_here(self) -> bool:
        """Whether this stack builds: unless another does."""
        return self.enabled and self.from_stack is None


@dataclass(frozen=True, kw_only=True)
class ImagesArgs:
    """What the rest of the platform hands to the images. `build` is a folder for what is uploaded."""

    settings: ImageSettings
    foundation: Foundation
    topics: Topics
    bucket: pulumi.Input[str]
    build: Path


class Images(pulumi.ComponentResource):
    """A repository and a CodeBuild project for each image; a function starts a build once a content.

    Controls: ECR.1, ECR.2, ECR.3, ECR.5, CodeBuild.3, CodeBuild.4, checkov 51, 136 and 163; no image with
    critical findings is released.
    """

    images: pulumi.Output[dict[str, Any]]
    """Image → `{"uri", "repositoryArn", "tag", "project"}`."""

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Images", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        key = foundation.key_arns["model"]
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="image-builder",
                description="Builds, scans and pushes images",
                service="codebuild.amazonaws.com",
                statements=key.apply(lambda arn: builder_statements(place, arn)),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        starter = Function(
            f"{name}-starter",
            FunctionArgs(
                purpose="image-builds",
                description="Starts the build of an image that is not there",
                foundation=foundation,
                statements=starter_statements(place),
            ),
            opts=child,
        )
        made = {image: self._image(name, image, args, role, starter) for image in CONTEXTS}
        EventAlert(
            f"{name}-failed",
            EventAlertArgs(
                purpose="image-build-failed",
                pattern={
                    "source": ["aws.codebuild"],
                    "detail-type": ["CodeBuild Build State Change"],
                    "detail": {
                        "build-status": list(_FAILED),
                        "project-name": [project_name(place, image) for image in CONTEXTS],
                    },
                },
                says="The build of an image failed, or found critical faults in it.",
                runbook="image-build-failed",
                severity="warning",
                topics=args.topics,
                foundation=foundation,
            ),
            opts=child,
        )
        self.images = pulumi.Output.all(**made).apply(dict)
        self.register_outputs({"images": self.images})

    def _image(
        self, name: str, image: ImageName, args: ImagesArgs, role: Role, starter: Function
    ) -> pulumi.Output[dict[str, str]]:
        """One image's repository, source, project and the start of its build."""
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation, place = args.settings, args.foundation, args.foundation.place
        key = foundation.key_arns["model"]
        context = zipped(CONTEXTS[image])
        tag = tag_of(context, settings.base)
        repository = aws.ecr.Repository(
            f"{name}-{image}",
            name=repository_name(place, image),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": key}],
            force_delete=not foundation.protected,
            opts=foundation.holding_data(self),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-{image}-lifecycle",
            repository=repository.name,
            policy=lifecycle(settings.kept),
            opts=child,
        )
        if settings.readers:
            aws.ecr.RepositoryPolicy(
                f"{name}-{image}-readers",
                repository=repository.name,
                policy=document(readers_statement(settings.readers, place)),
                opts=child,
            )
        file = keep(context, args.build / f"{image}-{tag}.zip")
        source = aws.s3.BucketObjectv2(
            f"{name}-{image}-source",
            bucket=args.bucket,
            key=f"images/{image}/{tag}.zip",
            source=pulumi.FileAsset(str(file)),
            source_hash=tag,
            content_type="application/zip",
            server_side_encryption="aws:kms",
            kms_key_id=key,
            opts=child,
        )
        log_name = f"/aws/codebuild/{project_name(place, image)}"
        group = log_group(f"{name}-{image}-log", name=log_name, foundation=foundation, opts=child)
        variables: dict[str, pulumi.Input[str]] = {
            "NAME": repository.name,
            "REPOSITORY": repository.repository_url,
            "TAG": tag,
            "BASE": settings.base,
        }
        project = aws.codebuild.Project(
            f"{name}-{image}-build",
            name=project_name(place, image),
            description=f"Builds the {image} image, scans it, and releases what passes",
            service_role=role.arn,
            encryption_key=key,
            build_timeout=60,
            concurrent_build_limit=1,
            artifacts={"type": "NO_ARTIFACTS"},
            source=aws.codebuild.ProjectSourceArgs(
                type="S3", location=pulumi.Output.concat(source.bucket, "/", source.key)
            ),
            environment=aws.codebuild.ProjectEnvironmentArgs(
                type="LINUX_CONTAINER",
                compute_type="BUILD_GENERAL1_MEDIUM",
                image="aws/codebuild/amazonlinux2-x86_64-standard:5.0",
                # Docker runs within the build's own container.
                privileged_mode=True,
                environment_variables=[
                    aws.codebuild.ProjectEnvironmentEnvironmentVariableArgs(name=one, value=value)
                    for one, value in variables.items()
                ],
            ),
            logs_config=aws.codebuild.ProjectLogsConfigArgs(
                cloudwatch_logs=aws.codebuild.ProjectLogsConfigCloudwatchLogsArgs(group_name=group.name)
            ),
            opts=child,
        )
        started = aws.lambda_.Invocation(
            f"{name}-{image}-start",
            function_name=starter.function_name,
            input=pulumi.Output.json_dumps(
                {"project": project.name, "repository": repository.name, "tag": tag}, sort_keys=True
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[project]),
        )
        return pulumi.Output.all(repository.repository_url, repository.arn, project.name, started.id).apply(
            lambda known: {
                "uri": f"{known[0]}:{tag}",
                "repositoryArn": str(known[1]),
                "tag": tag,
                "project": str(known[2]),
            }
        )


def images_of(stack: str) -> pulumi.Output[dict[str, Any]]:
    """The images that another stack built, from its output `images`; the run fails where it has none."""
    return pulumi.StackReference(stack).require_output("images")


def repository_name(place: Place, image: ImageName) -> str:
    return f"{place.prefix}-{image}"


def project_name(place: Place, image: ImageName) -> str:
    return f"{place.prefix}-{image}-image"


def lifecycle(kept: int) -> str:
    """Candidates that passed no scan go after a day, so do images without a tag; of the rest the newest stay.

    Released images bear digests as tags, so the last rule takes whatever the first two left.
    """
    expire = {"type": "expire"}
    rules = [
        {
            "rulePriority": 1,
            "description": "Candidates of builds",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": ["candidate-"],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 1,
            },
            "action": expire,
        },
        {
            "rulePriority": 2,
            "description": "Images without a tag",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 1,
            },
            "action": expire,
        },
        {
            "rulePriority": 3,
            "description": "All but the newest",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept},
            "action": expire,
        },
    ]
    return json.dumps({"rules": rules})


def readers_statement(accounts: tuple[str, ...], place: Place) -> Statement:
    """Who else may pull: the accounts named, by what their own policies say."""
    return Statement(
        sid="ReadersOfOtherAccounts",
        principals={"AWS": [f"arn:{place.partition}:iam::{account}:root" for account in accounts]},
        actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    )


def _repository_arns(place: Place) -> list[str]:
    return [place.arn("ecr", f"repository/{repository_name(place, image)}") for image in CONTEXTS]


def starter_statements(place: Place) -> list[Statement]:
    """Looks whether an image is there, and starts the builds of our own projects."""
    projects = [place.arn("codebuild", f"project/{project_name(place, image)}") for image in CONTEXTS]
    return [
        Statement(sid="LookForImage", actions=["ecr:DescribeImages"], resources=_repository_arns(place)),
        Statement(sid="StartBuild", actions=["codebuild:StartBuild"], resources=projects),
    ]


def builder_statements(place: Place, key_arn: str) -> list[Statement]:
    """Reads its source, pushes to our own repositories, reads the scan, writes its log."""
    logs = [
        arn
        for image in CONTEXTS
        for arn in place.log_group_arns(f"/aws/codebuild/{project_name(place, image)}")
    ]
    models = place.bucket_arn("models")
    return [
        Statement(
            sid="LogInToImages",
            actions=["ecr:GetAuthorizationToken"],
            resources=["*"],
            any_resource_because="the operation knows no resource",
        ),
        Statement(
            sid="PushAndScan",
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchDeleteImage",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImageScanFindings",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            resources=_repository_arns(place),
        ),
        Statement(
            sid="ReadSource",
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[f"{models}/images/*"],
        ),
        Statement(sid="FindSource", actions=["s3:GetBucketLocation", "s3:ListBucket"], resources=[models]),
        Statement(
            sid="UseModelKey",
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
            resources=[key_arn],
        ),
        Statement(sid="WriteLogs", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=logs),
    ]
