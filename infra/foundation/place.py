"""Where does the platform stand, and how are its resources called?"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class Place:
    """One stack in one account and region. Names are made of it alone, so every run gives the same."""

    project: str
    stack: str
    account: str
    region: str
    partition: str

    @classmethod
    def of_this_stack(cls) -> Place:
        """The place that the program runs for; the provider tells it before any resource exists."""
        return cls(
            project=pulumi.get_project(),
            stack=pulumi.get_stack(),
            account=aws.get_caller_identity().account_id,
            region=aws.get_region().region,
            partition=aws.get_partition().partition,
        )

    @property
    def prefix(self) -> str:
        """What the name of every resource begins with."""
        return f"{self.project}-{self.stack}"

    @property
    def root(self) -> str:
        """The account itself, as the principal of a policy."""
        return f"arn:{self.partition}:iam::{self.account}:root"

    def bucket(self, zone: str) -> str:
        """The name of a zone's bucket; bucket names are global, so the account is part of it."""
        return f"{self.prefix}-{zone}-{self.account}"

    def bucket_arn(self, zone: str) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket(zone)}"

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role_arn(self, purpose: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{self.prefix}-{purpose}"

    def log_group_arns(self, name: str) -> list[str]:
        """The ARNs of a log group: of itself and of its streams."""
        group = self.arn("logs", f"log-group:{name}")
        return [group, f"{group}:*"]
