"""Which managed rules of AWS Config judge the account, and which frameworks ask for them?"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ConfigRule:
    """A rule of AWS's own. `frameworks` are ids of AWS Foundational Security Best Practices, CIS AWS 3.0, PCI
    DSS 4 and others; `parameters` is JSON."""

    identifier: str
    frameworks: Sequence[str]
    parameters: str | None = None


def of_name(rule: ConfigRule) -> str:
    """The rule's name in settings and in the account, behind the prefix: `s3-bucket-ssl-requests-only`."""
    return rule.identifier.lower().replace("_", "-")


RULES: Sequence[ConfigRule] = (
    ConfigRule(
        identifier="MULTI_REGION_CLOUD_TRAIL_ENABLED",
        frameworks=["CloudTrail.1", "CIS 3.1", "PCI DSS 10.2.1"],
    ),
    ConfigRule(identifier="CLOUD_TRAIL_ENCRYPTION_ENABLED", frameworks=["CloudTrail.2", "CIS 3.5"]),
    ConfigRule(
        identifier="CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED",
        frameworks=["CloudTrail.4", "CIS 3.2", "PCI DSS 10.3.2"],
    ),
    ConfigRule(
        identifier="CMK_BACKING_KEY_ROTATION_ENABLED", frameworks=["KMS.4", "CIS 3.6", "PCI DSS 3.7.4"]
    ),
    ConfigRule(identifier="KMS_CMK_NOT_SCHEDULED_FOR_DELETION", frameworks=["KMS.3"]),
    ConfigRule(identifier="S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED", frameworks=["S3.8", "CIS 2.1.4"]),
    ConfigRule(identifier="S3_BUCKET_PUBLIC_READ_PROHIBITED", frameworks=["S3.2", "PCI DSS 1.4.4"]),
    ConfigRule(identifier="S3_BUCKET_PUBLIC_WRITE_PROHIBITED", frameworks=["S3.3", "PCI DSS 1.4.4"]),
    ConfigRule(identifier="S3_BUCKET_SSL_REQUESTS_ONLY", frameworks=["S3.5", "CIS 2.1.1", "GDPR 32"]),
    ConfigRule(identifier="S3_BUCKET_LOGGING_ENABLED", frameworks=["S3.9", "CIS 3.4", "PCI DSS 10.2.1"]),
    ConfigRule(identifier="S3_BUCKET_VERSIONING_ENABLED", frameworks=["S3.14", "PCI DSS 10.3.4"]),
    ConfigRule(identifier="S3_LIFECYCLE_POLICY_CHECK", frameworks=["S3.13"]),
    ConfigRule(identifier="ROOT_ACCOUNT_MFA_ENABLED", frameworks=["IAM.9", "CIS 1.5", "PCI DSS 8.4.2"]),
    ConfigRule(identifier="IAM_ROOT_ACCESS_KEY_CHECK", frameworks=["IAM.4", "CIS 1.4", "PCI DSS 2.2.2"]),
    ConfigRule(identifier="IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", frameworks=["IAM.1", "CIS 1.16"]),
    ConfigRule(identifier="IAM_USER_NO_POLICIES_CHECK", frameworks=["IAM.2", "CIS 1.15"]),
    ConfigRule(
        identifier="MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS", frameworks=["IAM.5", "CIS 1.10", "PCI DSS 8.4.2"]
    ),
    ConfigRule(
        identifier="ACCESS_KEYS_ROTATED",
        frameworks=["IAM.3", "CIS 1.14", "PCI DSS 8.3.9"],
        parameters='{"maxAccessKeyAge":"90"}',
    ),
    ConfigRule(identifier="VPC_FLOW_LOGS_ENABLED", frameworks=["EC2.6", "CIS 3.7", "PCI DSS 10.2.1"]),
    ConfigRule(identifier="VPC_DEFAULT_SECURITY_GROUP_CLOSED", frameworks=["EC2.2", "CIS 5.4"]),
    ConfigRule(identifier="INCOMING_SSH_DISABLED", frameworks=["EC2.13", "CIS 5.2", "PCI DSS 1.3.1"]),
    ConfigRule(identifier="SUBNET_AUTO_ASSIGN_PUBLIC_IP_DISABLED", frameworks=["EC2.15"]),
    ConfigRule(
        identifier="SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS",
        frameworks=["SageMaker.1", "PCI DSS 1.2.8", "HIPAA 164.308(a)(1)"],
    ),
    ConfigRule(
        identifier="SAGEMAKER_ENDPOINT_CONFIGURATION_KMS_KEY_CONFIGURED",
        frameworks=["checkov 98", "PCI DSS 3.5.1", "HIPAA 164.312(a)(2)(iv)"],
    ),
    ConfigRule(
        identifier="SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED",
        frameworks=["checkov 22", "PCI DSS 3.5.1"],
    ),
    ConfigRule(
        identifier="LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED", frameworks=["Lambda.1", "PCI DSS 7.2.1"]
    ),
    ConfigRule(identifier="SNS_ENCRYPTED_KMS", frameworks=["SNS.1", "NIST SC-28"]),
    ConfigRule(identifier="KINESIS_STREAM_ENCRYPTED", frameworks=["Kinesis.1", "NIST SC-28"]),
    ConfigRule(identifier="ECR_PRIVATE_IMAGE_SCANNING_ENABLED", frameworks=["ECR.1", "PCI DSS 6.3.3"]),
    ConfigRule(identifier="ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED", frameworks=["ECR.2"]),
    ConfigRule(identifier="BACKUP_RECOVERY_POINT_ENCRYPTED", frameworks=["Backup.1", "HIPAA 164.308(a)(7)"]),
    ConfigRule(identifier="BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED", frameworks=["NIST CP-9"]),
    ConfigRule(
        identifier="REQUIRED_TAGS",
        frameworks=["cost tags"],
        parameters='{"tag1Key":"Project","tag2Key":"Environment","tag3Key":"Owner","tag4Key":"CostCenter"}',
    ),
)
"""Source: AWS Config guide, "List of AWS Config managed rules"; Security Hub guide, "controls reference"."""
