"""Audit: what is recorded of the account and judged in it; each part by a switch of its own."""

from dataclasses import dataclass

import pulumi

from infra.audit.analyzer import AccessAnalyzer, AnalyzerArgs, AnalyzerSettings
from infra.audit.hub import Hub, HubArgs, HubSettings
from infra.audit.recorder import Recorder, RecorderArgs, RecorderSettings
from infra.audit.scans import InspectorSettings, MacieSettings, Scans, ScansArgs
from infra.audit.threats import Threats, ThreatsArgs, ThreatSettings
from infra.audit.trail import Trail, TrailArgs, TrailSettings
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.settings.block import Settings


class AuditSettings(Settings):
    """`groundplan:audit`: most is once an account and region; leave out what the account has."""

    trail: TrailSettings = TrailSettings()
    recorder: RecorderSettings = RecorderSettings()
    threats: ThreatSettings = ThreatSettings()
    hub: HubSettings = HubSettings()
    analyzer: AnalyzerSettings = AnalyzerSettings()
    macie: MacieSettings = MacieSettings()
    inspector: InspectorSettings = InspectorSettings()


@dataclass(frozen=True, kw_only=True)
class AuditArgs:
    """What the rest of the platform hands to the audit.

    `trail_bucket` admits CloudTrail below `cloudtrail/`, `config_bucket` AWS Config below `config/` and keeps
    nothing by a default lock. `undelivered_arn` is a queue that admits `events.amazonaws.com`.
    """

    settings: AuditSettings
    foundation: Foundation
    topics: Topics
    trail_bucket: pulumi.Input[str]
    config_bucket: pulumi.Input[str]
    undelivered_arn: pulumi.Input[str] | None = None


class Audit(pulumi.ComponentResource):
    """A trail, a recorder with rules, GuardDuty, Security Hub, Access Analyzer, Macie and Inspector."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Audit", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation, topics, undelivered = (
            args.settings,
            args.foundation,
            args.topics,
            args.undelivered_arn,
        )
        if settings.trail.enabled:
            Trail(
                f"{name}-trail",
                TrailArgs(
                    settings=settings.trail, foundation=foundation, bucket=args.trail_bucket, topics=topics
                ),
                opts=child,
            )
        recorder = None
        if settings.recorder.enabled:
            recorder = Recorder(
                f"{name}-recorder",
                RecorderArgs(
                    settings=settings.recorder,
                    foundation=foundation,
                    bucket=args.config_bucket,
                    topics=topics,
                    undelivered_arn=undelivered,
                ),
                opts=child,
            )
        if settings.threats.enabled:
            Threats(
                f"{name}-threats",
                ThreatsArgs(
                    settings=settings.threats,
                    foundation=foundation,
                    topics=topics,
                    undelivered_arn=undelivered,
                ),
                opts=child,
            )
        if settings.hub.enabled:
            Hub(
                f"{name}-hub",
                HubArgs(
                    settings=settings.hub, foundation=foundation, topics=topics, undelivered_arn=undelivered
                ),
                # Controls that ask AWS Config fail until something is recorded.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[recorder] if recorder else None),
            )
        if settings.analyzer.external or settings.analyzer.unused_days is not None:
            AccessAnalyzer(
                f"{name}-analyzer",
                AnalyzerArgs(
                    settings=settings.analyzer,
                    foundation=foundation,
                    topics=topics,
                    undelivered_arn=undelivered,
                ),
                opts=child,
            )
        if settings.macie.enabled or settings.inspector.enabled:
            Scans(
                f"{name}-scans",
                ScansArgs(
                    macie=settings.macie,
                    inspector=settings.inspector,
                    foundation=foundation,
                    topics=topics,
                    undelivered_arn=undelivered,
                ),
                opts=child,
            )
        self.register_outputs({})
