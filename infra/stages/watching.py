"""The watching: drift and retraining, dashboards and error budgets, costs, recovery points, audit."""

from collections.abc import Mapping
from typing import Any

from infra.audit.audit import Audit, AuditArgs
from infra.backup.backup import Backup, BackupArgs
from infra.cost.budget import Budget, BudgetArgs
from infra.data.declared import OUTCOMES
from infra.data.features import group_name
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.identity.persona_permissions import STARTERS_OF_TRAINING
from infra.monitoring.drift import Drift, DriftArgs, Outcomes
from infra.monitoring.looks import Looks, LooksArgs
from infra.monitoring.monitoring import Monitoring, MonitoringArgs
from infra.monitoring.served import Served
from infra.settings.loading import PlatformSettings
from infra.stages.ground import Ground
from infra.stages.serving import Serving
from infra.stages.training import Trained
from infra.training.retraining import Retraining, RetrainingArgs


def watch_over(
    settings: PlatformSettings, ground: Ground, trained: Trained, serving: Serving
) -> Mapping[str, Any]:
    """Makes what watches over the other stages; the outputs of it."""
    base, zones, topics = ground.foundation, ground.storage.buckets, ground.notifications.topics
    endpoint, served = serving.endpoint, None
    looks = None
    if endpoint is not None:
        served = Served(endpoint_name=ground.endpoint_name, variants=endpoint.variant_names)
        drift = Drift(
            "drift",
            DriftArgs(
                settings=settings.drift,
                foundation=base,
                placement=ground.network.workloads,
                zones=zones,
                role_arns=ground.identity.role_arns,
                topics=topics,
                endpoint_name=ground.endpoint_name,
                endpoint=endpoint.endpoint_name,
                captures=settings.endpoint.capture_percent > 0,
                outcomes=outcomes_of(settings),
                undelivered_arn=trained.undelivered_arn,
            ),
        )
        captures = settings.endpoint.mode == "realTime" and settings.endpoint.capture_percent > 0
        if settings.drift.looks.enabled and captures and settings.release is not None:
            looks = Looks(
                "looks",
                LooksArgs(
                    settings=settings.drift.looks,
                    foundation=base,
                    placement=ground.network.workloads,
                    zones=zones,
                    role_arns=ground.identity.role_arns,
                    topics=topics,
                    use_case=settings.use_case,
                    image=ground.image.uri,
                    source_uri=ground.source_uri,
                    endpoint_name=ground.endpoint_name,
                    variant=served.variants[0],
                    package_arn=settings.release.model_package_arn,
                    outcomes_group=group_name(base.place, settings.case, OUTCOMES)
                    if settings.features.enabled
                    else None,
                    undelivered_arn=trained.undelivered_arn,
                ),
            )
        if settings.retraining.on_drift:
            Retraining(
                "retraining",
                RetrainingArgs(
                    settings=settings.retraining,
                    foundation=base,
                    topics=topics,
                    pipeline_name=trained.pipeline_name,
                    alarm_names=drift.alarm_names,
                    undelivered_arn=trained.undelivered_arn,
                ),
            )
    budget = Budget(
        "budget",
        BudgetArgs(
            settings=settings.budget,
            foundation=base,
            topics=topics,
            team_topics=ground.notifications.team_topics,
            stop_policy_arn=ground.stop_policy_arn,
            stopped_roles=[
                ground.identity.role_arns["pipeline"],
                *(arn for one, arn in ground.people.role_arns.items() if one in STARTERS_OF_TRAINING),
            ],
        ),
    )
    monitoring = Monitoring(
        "monitoring",
        MonitoringArgs(
            settings=settings.monitoring,
            foundation=base,
            topics=topics,
            monthly_usd=settings.budget.monthly_usd,
            served=served,
        ),
    )
    undelivered = DeadLetters(
        "alerts-undelivered",
        DeadLettersArgs(
            purpose="alerts",
            runbook="undelivered-messages",
            foundation=base,
            topics=topics,
            senders=["events.amazonaws.com"],
        ),
    )
    Backup(
        "backup",
        BackupArgs(
            settings=settings.backup,
            foundation=base,
            topics=topics,
            undelivered_arn=undelivered.queue_arn,
        ),
    )
    Audit(
        "audit",
        AuditArgs(
            settings=settings.audit,
            foundation=base,
            topics=topics,
            trail_bucket=zones["audit"],
            config_bucket=zones["logs"],
            undelivered_arn=undelivered.queue_arn,
        ),
    )
    return {
        "budget": budget.budget_name,
        "monitoring": looks.pipeline_name if looks else None,
        "dashboards": dict(monitoring.dashboards),
        "prometheus": monitoring.prometheus_endpoint,
        "grafana": monitoring.grafana_endpoint,
    }


def outcomes_of(settings: PlatformSettings) -> Outcomes:
    """Who says what became of predictions."""
    if not settings.features.enabled:
        return "none"
    return "kept" if settings.streaming.kind == "none" else "heard"
