"""Log group: where a part of the platform, or a service that it uses, writes its log."""

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation


def log_group(
    resource: str, *, name: pulumi.Input[str], foundation: Foundation, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """A group on the logs' key, with retention; every one of the platform is made here.

    `resource` is its name in the program. Controls: CloudWatch.16, PCI DSS 3.5.1 and 10.5.1.
    """
    return aws.cloudwatch.LogGroup(
        resource,
        name=name,
        kms_key_id=foundation.key_arns["logs"],
        retention_in_days=foundation.log_days,
        opts=opts,
    )
