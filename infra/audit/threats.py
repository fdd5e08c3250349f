"""Threats: does somebody attack the account, or misuse it? GuardDuty."""

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

Watch = Literal["s3", "eks", "malware", "lambda", "rds"]

FEATURES: dict[Watch, str] = {
    "s3": "S3_DATA_EVENTS",
    "eks": "EKS_AUDIT_LOGS",
    "malware": "EBS_MALWARE_PROTECTION",
    "lambda": "LAMBDA_NETWORK_LOGS",
    "rds": "RDS_LOGIN_EVENTS",
}

HIGH = 7.0
"""From here on a finding is of high severity (GuardDuty guide, "Severity levels of findings")."""


class ThreatSettings(Settings):
    """`groundplan:audit.threats`: GuardDuty. An account has one detector a region."""

    enabled: bool = Field(
        default=False, description="Whether GuardDuty watches; off where an organization's does already."
    )
    features: tuple[Watch, ...] = Field(
        default=("s3",), description="What it watches besides, each at a price."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.features)) < len(self.features):
            raise ValueError("each of features once")
        return self


@dataclass(frozen=True, kw_only=True)
class ThreatsArgs:
    """What the audit hands to GuardDuty."""

    settings: ThreatSettings
    foundation: Foundation
    topics: Topics
    undelivered_arn: pulumi.Input[str] | None = None


class Threats(pulumi.ComponentResource):
    """A detector, each of its features on or off, and findings of high severity told at once.

    Controls: GuardDuty.1 and .10, PCI DSS 11.5.1, NIST SI-4.
    """

    detector_id: pulumi.Output[str]

    def __init__(self, name: str, args: ThreatsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Threats", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        detector = aws.guardduty.Detector(
            f"{name}-detector", enable=True, finding_publishing_frequency="FIFTEEN_MINUTES", opts=child
        )
        for watch, feature in FEATURES.items():
            # A new detector comes with some of them on, so what is not chosen is switched off by name.
            aws.guardduty.DetectorFeature(
                f"{name}-{watch}",
                detector_id=detector.id,
                name=feature,
                status="ENABLED" if watch in args.settings.features else "DISABLED",
                opts=child,
            )
        EventAlert(
            f"{name}-found",
            EventAlertArgs(
                purpose="threat-found",
                pattern={
                    "source": ["aws.guardduty"],
                    "detail-type": ["GuardDuty Finding"],
                    "detail": {"severity": [{"numeric": [">=", HIGH]}]},
                },
                says="GuardDuty found a threat of high severity.",
                runbook="security-finding",
                severity="critical",
                topics=args.topics,
                foundation=args.foundation,
                undelivered_arn=args.undelivered_arn,
            ),
            opts=child,
        )
        self.detector_id = detector.id
        self.register_outputs({"detector_id": self.detector_id})
