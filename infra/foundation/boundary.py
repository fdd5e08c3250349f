"""Boundary: the ceiling that no role of the platform can rise above, whatever its own policies say."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.place import Place
from infra.foundation.policy import Statement, document

_CEILING = "a ceiling grants nothing; each role's own policy names its resources"


@dataclass(frozen=True, kw_only=True)
class BoundaryArgs:
    """What the rest of the platform hands to the boundary."""

    place: Place


class Boundary(pulumi.ComponentResource):
    """The permission boundary of every role. Controls: IAM.1; no way to raise one's own privileges."""

    policy_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Boundary", name, opts=opts)
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=f"{args.place.prefix}-boundary",
            description="The most that a role of the platform can ever do",
            policy=document(*boundary_statements(args.place)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.policy_arn = policy.arn
        self.register_outputs({"policy_arn": self.policy_arn})


def boundary_statements(place: Place) -> list[Statement]:
    """The services that roles may use, in this region; nothing of IAM but handing on our own roles."""
    return [
        Statement(
            sid="ServicesOfThePlatform",
            actions=[
                "cloudwatch:PutMetricData",
                "codebuild:StartBuild",
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "ecr:Batch*",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImage*",
                "ecr:GetAuthorizationToken",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:GenerateDataKey*",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
                "s3:GetBucketLocation",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:ListBucket",
                "s3:PutObject",
                "sagemaker:*",
                "secretsmanager:GetSecretValue",
                "sqs:SendMessage",
            ],
            resources=["*"],
            any_resource_because=_CEILING,
            conditions={"StringEquals": {"aws:RequestedRegion": place.region}},
        ),
        Statement(
            sid="HandOnOwnRolesToJobs",
            actions=["iam:PassRole"],
            resources=[f"arn:{place.partition}:iam::{place.account}:role/{place.prefix}-*"],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    ]
