"""Boundary: the ceiling that no role can rise above, and the lower one of a breached budget."""

from __future__ import annotations

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
    recovery_region: str | None = None


class Boundary(pulumi.ComponentResource):
    """The permission boundary of every role. Controls: IAM.1; no way to raise one's own privileges."""

    policy_arn: pulumi.Output[str]
    """Of the ceiling, known once both policies are there."""
    stop_policy_arn: pulumi.Output[str]
    """Of what denies new training. A budget's action attaches it, outside of any `up`."""

    def __init__(self, name: str, args: BoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Boundary", name, opts=opts)
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=f"{args.place.prefix}-boundary",
            description="The most that a role of the platform can ever do",
            policy=document(*boundary_statements(args.place, args.recovery_region)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        stop = aws.iam.Policy(
            f"{name}-training-stop",
            name=stop_policy_name(args.place),
            description="Denies new training; attached by the budget's action",
            policy=document(*stop_statements()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Every role so stands on both: a destroy takes the roles first, and the policy is attached to none.
        self.policy_arn = pulumi.Output.all(policy.arn, stop.arn).apply(lambda made: str(made[0]))
        self.stop_policy_arn = stop.arn
        self.register_outputs({"policy_arn": self.policy_arn, "stop_policy_arn": self.stop_policy_arn})


def stop_policy_name(place: Place) -> str:
    return f"{place.prefix}-training-stop"


def stop_statements() -> list[Statement]:
    """What begins to cost by the hour: training, tuning, processing, and the pipelines that start them."""
    return [
        Statement(
            sid="BudgetSpent",
            effect="Deny",
            actions=[
                "sagemaker:CreateHyperParameterTuningJob",
                "sagemaker:CreateProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:RetryPipelineExecution",
                "sagemaker:StartPipelineExecution",
            ],
            resources=["*"],
        )
    ]


def boundary_statements(place: Place, recovery_region: str | None = None) -> list[Statement]:
    """The services that roles may use, in our regions; nothing of IAM but handing on our own roles.

    Recovery points are copied to the second region, so what makes them reaches there too.
    """
    stop = stop_policy_name(place)
    regions = [place.region, recovery_region] if recovery_region else place.region
    return [
        Statement(
            sid="ServicesOfThePlatform",
            actions=[
                "application-autoscaling:DeregisterScalableTarget",
                "application-autoscaling:DescribeScalableTargets",
                "aps:GetLabels",
                "aps:GetMetricMetadata",
                "aps:GetSeries",
                "aps:QueryMetrics",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
                "cloudwatch:PutMetricData",
                "codebuild:StartBuild",
                "dynamodb:BatchGetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
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
                "emr-serverless:*",
                "events:*",
                "firehose:PutRecordBatch",
                "glue:*",
                "kafka-cluster:*",
                "kafka:*",
                "kinesis:*",
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "lambda:InvokeFunction",
                "logs:*LogDeliver*",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
                "logs:DescribeResourcePolicies",
                "logs:GetLogEvents",
                "logs:GetLogGroupFields",
                "logs:GetQueryResults",
                "logs:PutLogEvents",
                "logs:PutResourcePolicy",
                "logs:StartQuery",
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetBucketAcl",
                "s3:GetBucketLocation",
                "s3:GetObject",
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectVersion*",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:PutObject",
                "s3:Replicate*",
                "sagemaker:*",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "sns:Publish",
                "sqs:SendMessage",
                "states:StartExecution",
                "xray:*",
            ],
            resources=["*"],
            any_resource_because=_CEILING,
            conditions={"StringEquals": {"aws:RequestedRegion": regions}},
        ),
        Statement(
            sid="BackupAndRestore",
            actions=[
                "backup:*BackupVault*",
                "cloudwatch:GetMetricData",
                "dynamodb:*Backup*",
                "dynamodb:DescribeTable",
                "dynamodb:ListTagsOfResource",
                "events:*Rule*",
                "events:*Targets*",
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:GenerateDataKey*",
                "s3:*Bucket*",
                "s3:*Inventory*",
                "s3:*Multipart*",
                "s3:*Object*",
                "tag:GetResources",
            ],
            resources=["*"],
            any_resource_because=_CEILING,
            conditions={
                "ArnLike": {"aws:PrincipalArn": place.role_arn("backup*")},
                "StringEquals": {
                    "aws:RequestedRegion": [place.region, *([recovery_region] if recovery_region else [])]
                },
            },
        ),
        Statement(
            sid="StopTrainingForTheBudget",
            actions=["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            resources=[place.role_arn("*")],
            conditions={
                "ArnEquals": {"iam:PolicyARN": f"arn:{place.partition}:iam::{place.account}:policy/{stop}"}
            },
        ),
        Statement(
            sid="HandOnOwnRolesToJobs",
            actions=["iam:PassRole"],
            resources=[f"arn:{place.partition}:iam::{place.account}:role/{place.prefix}-*"],
            conditions={
                "StringEquals": {
                    "iam:PassedToService": [
                        "emr-serverless.amazonaws.com",
                        "glue.amazonaws.com",
                        "sagemaker.amazonaws.com",
                    ]
                }
            },
        ),
    ]
