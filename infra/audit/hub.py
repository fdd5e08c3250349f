"""Hub: which controls of the standards does the account fail? Security Hub CSPM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.notifications.event_alert import EventAlert, EventAlertArgs
from infra.settings.block import Settings

Standard = Literal["fsbp", "cis", "nist", "pci"]

STANDARDS: dict[Standard, str] = {
    "fsbp": "aws-foundational-security-best-practices/v/1.0.0",
    "cis": "cis-aws-foundations-benchmark/v/3.0.0",
    "nist": "nist-800-53/v/5.0.0",
    "pci": "pci-dss/v/4.0.1",
}
"""Source: Security Hub guide, "Standards reference"."""


class HubSettings(Settings):
    """`groundplan:audit.hub`: Security Hub, which needs a recorder of AWS Config in the account."""

    enabled: bool = Field(
        default=False, description="Whether Security Hub judges; off where an organization's does already."
    )
    standards: tuple[Standard, ...] = Field(
        default=("fsbp", "cis"), description="Standards that it judges by, 0.001 USD a check."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.standards)) < len(self.standards):
            raise ValueError("each of standards once")
        return self


@dataclass(frozen=True, kw_only=True)
class HubArgs:
    """What the audit hands to Security Hub."""

    settings: HubSettings
    foundation: Foundation
    topics: Topics
    undelivered_arn: pulumi.Input[str] | None = None


class Hub(pulumi.ComponentResource):
    """The account's hub with the standards chosen; failed critical controls are told."""

    hub_arn: pulumi.Output[str]

    def __init__(self, name: str, args: HubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Hub", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        hub = aws.securityhub.Account(
            f"{name}-hub",
            enable_default_standards=False,
            auto_enable_controls=True,
            control_finding_generator="SECURITY_CONTROL",
            opts=child,
        )
        for standard in args.settings.standards:
            aws.securityhub.StandardsSubscription(
                f"{name}-{standard}",
                standards_arn=f"arn:{place.partition}:securityhub:{place.region}::standards/{STANDARDS[standard]}",
                opts=pulumi.ResourceOptions(parent=self, depends_on=[hub]),
            )
        EventAlert(
            f"{name}-failed",
            EventAlertArgs(
                purpose="control-failed",
                pattern={
                    "source": ["aws.securityhub"],
                    "detail-type": ["Security Hub Findings - Imported"],
                    "detail": {
                        "findings": {
                            "ProductName": ["Security Hub"],
                            "RecordState": ["ACTIVE"],
                            "Compliance": {"Status": ["FAILED"]},
                            "Severity": {"Label": ["CRITICAL"]},
                            "Workflow": {"Status": ["NEW"]},
                        }
                    },
                },
                says="The account fails a critical control of Security Hub.",
                runbook="security-finding",
                severity="warning",
                topics=args.topics,
                foundation=args.foundation,
                undelivered_arn=args.undelivered_arn,
            ),
            opts=child,
        )
        self.hub_arn = hub.arn
        self.register_outputs({"hub_arn": self.hub_arn})
