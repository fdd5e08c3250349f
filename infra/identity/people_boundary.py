"""What is the most that a person can ever do, whatever the policies of personas come to say?"""

from infra.foundation.place import Place
from infra.foundation.policy import Statement

_CEILING = "a ceiling grants nothing; each persona's own policy names its resources"


def people_boundary(place: Place) -> list[Statement]:
    """Work with data, jobs, models and logs; no identities, keys, networks or deletions."""
    return [
        Statement(
            sid="WorkOfPeople",
            actions=[
                "athena:*",
                "cloudwatch:Describe*",
                "cloudwatch:Get*",
                "cloudwatch:List*",
                "emr-serverless:*JobRun*",
                "emr-serverless:GetApplication",
                "glue:*Partition*",
                "glue:*Table*",
                "glue:Get*",
                "kinesis:DescribeStreamSummary",
                "kinesis:Get*",
                "kinesis:ListShards",
                "kinesis:Put*",
                "kms:Decrypt",
                "kms:Describe*",
                "kms:GenerateDataKey",
                "kms:Get*",
                "kms:List*",
                "logs:Describe*",
                "logs:FilterLogEvents",
                "logs:Get*",
                "logs:StartQuery",
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:Get*",
                "s3:List*",
                "s3:PutObject",
                "sagemaker:*",
                "secretsmanager:DescribeSecret",
                "secretsmanager:ListSecrets",
                "secretsmanager:PutSecretValue",
                "states:*",
                "tag:GetResources",
            ],
            resources=["*"],
            any_resource_because=_CEILING,
            # Listings of buckets and some of the tags' are answered from the partition's first region.
            conditions={"StringEquals": {"aws:RequestedRegion": sorted({place.region, "us-east-1"})}},
        ),
        Statement(
            sid="ReadTheRecord",
            actions=[
                "access-analyzer:Get*",
                "access-analyzer:List*",
                "backup:Describe*",
                "backup:Get*",
                "backup:List*",
                "budgets:ViewBudget",
                "ce:Get*",
                "cloudtrail:Describe*",
                "cloudtrail:Get*",
                "cloudtrail:List*",
                "cloudtrail:LookupEvents",
                "config:Describe*",
                "config:Get*",
                "config:List*",
                "config:SelectResourceConfig",
                "ec2:Describe*",
                "ecr:Describe*",
                "guardduty:Get*",
                "guardduty:List*",
                "iam:GenerateCredentialReport",
                "iam:Get*",
                "iam:List*",
                "inspector2:BatchGet*",
                "inspector2:List*",
                "lambda:Get*",
                "lambda:List*",
                "macie2:Get*",
                "macie2:List*",
                "securityhub:BatchGet*",
                "securityhub:Describe*",
                "securityhub:Get*",
                "securityhub:List*",
                "sns:Get*",
                "sqs:Get*",
                "wafv2:Get*",
                "wafv2:List*",
            ],
            resources=["*"],
            any_resource_because=_CEILING,
        ),
        Statement(
            sid="HandOnRolesOfJobs",
            actions=["iam:PassRole"],
            resources=[place.role_arn(one) for one in ("processing", "spark", "training")],
            conditions={
                "StringEquals": {
                    "iam:PassedToService": ["emr-serverless.amazonaws.com", "sagemaker.amazonaws.com"]
                }
            },
        ),
        Statement(
            sid="NeverByHand",
            effect="Deny",
            actions=[
                "lambda:GetFunction",
                "sagemaker:CreateEndpoint*",
                "sagemaker:CreateNotebookInstance*",
                "sagemaker:CreatePresigned*",
                "sagemaker:Delete*",
                "sagemaker:UpdateEndpoint",
                "sagemaker:UpdatePipeline",
                "states:CreateStateMachine*",
                "states:DeleteStateMachine*",
                "states:UpdateStateMachine*",
            ],
            resources=["*"],
        ),
    ]
