"""Recorder: how is the account set up, how was it before, and which rules does it break? AWS Config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.audit.rules import RULES, of_name
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.notifications.event_alert import EventAlert, EventAlertArgs
from infra.settings.block import Settings

_SERVICE = "config.amazonaws.com"


class RecorderSettings(Settings):
    """`groundplan:audit.recorder`: AWS Config. An account has one recorder a region."""

    enabled: bool = Field(
        default=False,
        description="Whether changes are recorded, 0.003 USD each; off where the account has a recorder.",
    )
    create_service_role: bool = Field(
        default=True,
        description="Whether to make AWS Config's service-linked role; off where the account has it already.",
    )
    daily: bool = Field(
        default=False,
        description="Whether changes are recorded once a day, 0.012 USD each: cheaper from four a day on.",
    )
    rules: bool = Field(default=True, description="Whether managed rules judge what is recorded.")
    without: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]+$")], ...] = Field(
        default=(), description="Rules to leave out, by name (docs/components/audit.md)."
    )

    @model_validator(mode="after")
    def _known_rules(self) -> Self:
        unknown = sorted(set(self.without) - {of_name(rule) for rule in RULES})
        if unknown:
            raise ValueError(
                f"in without, names of docs/components/audit.md; there is no {', '.join(unknown)}"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class RecorderArgs:
    """What the audit hands to the recorder. `bucket` admits AWS Config below `config/`.

    It must keep nothing by a default lock: AWS Config delivers to no such bucket (AWS Config guide, "Managing
    the delivery channel").
    """

    settings: RecorderSettings
    foundation: Foundation
    bucket: pulumi.Input[str]
    topics: Topics
    undelivered_arn: pulumi.Input[str] | None = None


class Recorder(pulumi.ComponentResource):
    """A recorder of every kind of resource, its daily snapshot, and managed rules on it.

    Controls: Config.1, CIS AWS 3.3, PCI DSS 10.5.2 and 11.5, NIST CM-3 and CM-8.
    """

    recorder_name: pulumi.Output[str]

    def __init__(self, name: str, args: RecorderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Recorder", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, place = args.settings, args.foundation.place
        role: pulumi.Input[str] = (
            f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/{_SERVICE}/AWSServiceRoleForConfig"
        )
        if settings.create_service_role:
            role = aws.iam.ServiceLinkedRole(
                f"{name}-role",
                aws_service_name=_SERVICE,
                description="Lets AWS Config read the account's set-up",
                opts=child,
            ).arn
        recorder = aws.cfg.Recorder(
            f"{name}-recorder",
            name=place.prefix,
            role_arn=role,
            recording_group={"all_supported": True, "include_global_resource_types": True},
            recording_mode={"recording_frequency": "DAILY" if settings.daily else "CONTINUOUS"},
            opts=child,
        )
        channel = aws.cfg.DeliveryChannel(
            f"{name}-channel",
            name=place.prefix,
            s3_bucket_name=args.bucket,
            s3_key_prefix="config",
            snapshot_delivery_properties={"delivery_frequency": "TwentyFour_Hours"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[recorder]),
        )
        started = aws.cfg.RecorderStatus(
            f"{name}-started",
            name=recorder.name,
            is_enabled=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[channel]),
        )
        if settings.rules:
            for rule in RULES:
                if of_name(rule) in settings.without:
                    continue
                aws.cfg.Rule(
                    f"{name}-{of_name(rule)}",
                    name=f"{place.prefix}-{of_name(rule)}",
                    description=", ".join(rule.frameworks),
                    source={"owner": "AWS", "source_identifier": rule.identifier},
                    input_parameters=rule.parameters,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[started]),
                )
            EventAlert(
                f"{name}-broken",
                EventAlertArgs(
                    purpose="config-rule-broken",
                    pattern={
                        "source": ["aws.config"],
                        "detail-type": ["Config Rules Compliance Change"],
                        "detail": {
                            "configRuleName": [{"prefix": f"{place.prefix}-"}],
                            "newEvaluationResult": {"complianceType": ["NON_COMPLIANT"]},
                        },
                    },
                    says="A resource breaks a rule of AWS Config.",
                    runbook="config-rule-broken",
                    severity="info",
                    topics=args.topics,
                    foundation=args.foundation,
                    undelivered_arn=args.undelivered_arn,
                ),
                opts=child,
            )
        self.recorder_name = started.name
        self.register_outputs({"recorder_name": self.recorder_name})
