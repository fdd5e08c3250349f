"""What may AWS Backup do with the platform's data stores?

Sources of the actions: AWSBackupServiceRolePolicyForS3Backup, -ForS3Restore, -ForBackup and -ForRestores (AWS
managed policies), narrowed to the resources of this stack.
"""

from collections.abc import Sequence

from infra.foundation.place import Place
from infra.foundation.policy import Statement


def backup_statements(place: Place, keys: Sequence[str], recovery_region: str | None) -> list[Statement]:
    """Reads buckets and tables of the stack, writes to its vaults, restores beside what is there."""
    buckets = f"arn:{place.partition}:s3:::{place.prefix}-*"
    trials = f"arn:{place.partition}:s3:::awsbackup-restore-test-*"
    regions = [place.region, *([recovery_region] if recovery_region else [])]
    return [
        Statement(
            sid="LookAtBuckets",
            actions=[
                "s3:GetBucketAcl",
                "s3:GetBucketLocation",
                "s3:GetBucketNotification",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetInventoryConfiguration",
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:PutBucketNotification",
                "s3:PutInventoryConfiguration",
            ],
            resources=[buckets],
        ),
        Statement(
            sid="ReadObjects",
            actions=[
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectTagging",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            resources=[f"{buckets}/*"],
        ),
        Statement(
            sid="FindStores",
            actions=[
                "cloudwatch:GetMetricData",
                "events:ListRules",
                "s3:ListAllMyBuckets",
                "tag:GetResources",
            ],
            resources=["*"],
            any_resource_because="the operations know no resource",
        ),
        Statement(
            sid="FollowChanges",
            actions=[
                "events:DeleteRule",
                "events:DescribeRule",
                "events:DisableRule",
                "events:EnableRule",
                "events:ListTargetsByRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
            ],
            resources=[place.arn("events", "rule/AwsBackupManagedRule*")],
        ),
        Statement(
            sid="Tables",
            actions=[
                "dynamodb:CreateBackup",
                "dynamodb:DeleteBackup",
                "dynamodb:DescribeBackup",
                "dynamodb:DescribeTable",
                "dynamodb:ListTagsOfResource",
                "dynamodb:RestoreTableFromAwsBackup",
                "dynamodb:RestoreTableFromBackup",
                "dynamodb:StartAwsBackupJob",
            ],
            resources=[place.arn("dynamodb", f"table/{place.prefix}-*")],
        ),
        Statement(
            sid="RestoreObjects",
            actions=[
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
                "s3:PutObjectAcl",
                "s3:PutObjectTagging",
                "s3:PutObjectVersionAcl",
            ],
            resources=[f"{buckets}/*", f"{trials}/*"],
        ),
        Statement(
            sid="RestoreBucketsOnTrial",
            actions=[
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:GetBucketLocation",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketVersioning",
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketVersioning",
            ],
            resources=[trials],
        ),
        Statement(
            sid="KeepAndCopy",
            actions=["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
            resources=[
                f"arn:{place.partition}:backup:{region}:{place.account}:backup-vault:{place.prefix}"
                for region in regions
            ],
        ),
        Statement(
            sid="UseKeys",
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
            resources=sorted(keys),
        ),
        Statement(
            sid="LendKeysToServices",
            actions=["kms:CreateGrant"],
            resources=sorted(keys),
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]
