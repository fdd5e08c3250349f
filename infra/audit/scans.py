"""Scans: is personal data where none should be, or software with known weaknesses? Macie, Inspector."""

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

Scanned = Literal["EC2", "ECR", "LAMBDA"]


class MacieSettings(Settings):
    """`groundplan:audit.macie`: an account has one session a region."""

    enabled: bool = Field(
        default=False,
        description="Whether Macie looks for personal data in buckets: 0.10 USD a bucket, 1 USD a GB.",
    )


class InspectorSettings(Settings):
    """`groundplan:audit.inspector`: scans of software."""

    enabled: bool = Field(
        default=False, description="Whether Inspector scans for known weaknesses, at a price for each image."
    )
    scans: tuple[Scanned, ...] = Field(default=("ECR", "LAMBDA"), min_length=1, description="What it scans.")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.scans)) < len(self.scans):
            raise ValueError("each of scans once")
        return self


@dataclass(frozen=True, kw_only=True)
class ScansArgs:
    """What the audit hands to the scans."""

    macie: MacieSettings
    inspector: InspectorSettings
    foundation: Foundation
    topics: Topics
    undelivered_arn: pulumi.Input[str] | None = None


class Scans(pulumi.ComponentResource):
    """Macie's session and Inspector's scans, and word of what they find. Controls: Macie.1, Inspector.2."""

    def __init__(self, name: str, args: ScansArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Scans", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)

        def told(purpose: str, pattern: dict[str, object], says: str) -> None:
            EventAlert(
                f"{name}-{purpose}",
                EventAlertArgs(
                    purpose=purpose,
                    pattern=pattern,
                    says=says,
                    runbook="security-finding",
                    severity="warning",
                    topics=args.topics,
                    foundation=args.foundation,
                    undelivered_arn=args.undelivered_arn,
                ),
                opts=child,
            )

        if args.macie.enabled:
            aws.macie2.Account(
                f"{name}-macie", status="ENABLED", finding_publishing_frequency="FIFTEEN_MINUTES", opts=child
            )
            told(
                "sensitive-data",
                {
                    "source": ["aws.macie"],
                    "detail-type": ["Macie Finding"],
                    "detail": {"severity": {"description": ["High"]}},
                },
                "Macie found sensitive data, or a bucket that shows it.",
            )
        if args.inspector.enabled:
            aws.inspector2.Enabler(
                f"{name}-inspector",
                account_ids=[args.foundation.place.account],
                resource_types=list(args.inspector.scans),
                opts=child,
            )
            told(
                "weakness-found",
                {
                    "source": ["aws.inspector2"],
                    "detail-type": ["Inspector2 Finding"],
                    "detail": {"severity": ["CRITICAL"], "status": ["ACTIVE"]},
                },
                "Inspector found a critical weakness in software of the platform.",
            )
        self.register_outputs({})
