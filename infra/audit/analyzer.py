"""Analyzer: who outside of the account can reach in, and which permissions does nobody use?"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.notifications.event_alert import EventAlert, EventAlertArgs
from infra.settings.block import Settings


class AnalyzerSettings(Settings):
    """`groundplan:audit.analyzer`: IAM Access Analyzer."""

    external: bool = Field(
        default=True,
        description="Whether access from outside the account is looked for, which costs nothing.",
    )
    unused_days: int | None = Field(
        default=None,
        ge=1,
        le=365,
        description="Days until a permission counts as unused, 0.20 USD a role and month; none seeks none.",
    )


@dataclass(frozen=True, kw_only=True)
class AnalyzerArgs:
    """What the audit hands to the analyzers."""

    settings: AnalyzerSettings
    foundation: Foundation
    topics: Topics
    undelivered_arn: pulumi.Input[str] | None = None


class AccessAnalyzer(pulumi.ComponentResource):
    """Analyzers of external and of unused access. Controls: IAM.28, CIS AWS 1.20, NIST AC-6(7)."""

    external_arn: pulumi.Output[str] | None = None

    def __init__(self, name: str, args: AnalyzerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:AccessAnalyzer", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        prefix = args.foundation.place.prefix
        if args.settings.external:
            self.external_arn = aws.accessanalyzer.Analyzer(
                f"{name}-external", analyzer_name=f"{prefix}-external", type="ACCOUNT", opts=child
            ).arn
            EventAlert(
                f"{name}-reached",
                EventAlertArgs(
                    purpose="external-access",
                    pattern={
                        "source": ["aws.access-analyzer"],
                        "detail-type": ["Access Analyzer Finding"],
                        "detail": {"status": ["ACTIVE"]},
                    },
                    says="Somebody outside of the account can reach a resource of it.",
                    runbook="security-finding",
                    severity="warning",
                    topics=args.topics,
                    foundation=args.foundation,
                    undelivered_arn=args.undelivered_arn,
                ),
                opts=child,
            )
        if args.settings.unused_days is not None:
            aws.accessanalyzer.Analyzer(
                f"{name}-unused",
                analyzer_name=f"{prefix}-unused",
                type="ACCOUNT_UNUSED_ACCESS",
                configuration={"unused_access": {"unused_access_age": args.settings.unused_days}},
                opts=child,
            )
        self.register_outputs({"external_arn": self.external_arn})
