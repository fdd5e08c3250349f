"""Monitoring: the dashboards, the error budget's alarms, and Prometheus and Grafana where they are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.monitoring import boards
from infra.monitoring.burn_rate import BurnRate, BurnRateArgs, SloSettings
from infra.monitoring.grafana import Grafana, GrafanaArgs, GrafanaSettings
from infra.monitoring.prometheus import Prometheus, PrometheusArgs, PrometheusSettings
from infra.monitoring.served import Served
from infra.settings.block import Settings


class MonitoringSettings(Settings):
    """`groundplan:monitoring`: what people look at, and what the endpoint promises."""

    dashboards: bool = Field(
        default=True, description="Whether there are dashboards; an account's first three cost nothing."
    )
    slo: SloSettings = SloSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    grafana: GrafanaSettings = GrafanaSettings()


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What the rest of the platform hands to the monitoring. Without `served` nothing is released yet."""

    settings: MonitoringSettings
    foundation: Foundation
    topics: Topics
    monthly_usd: float
    served: Served | None = None


class Monitoring(pulumi.ComponentResource):
    """Dashboards for the service, the model's quality and the cost; alarms on the error budget.

    What watches the endpoint is made with a release. Every alarm and every dashboard links its runbooks.
    """

    dashboards: Mapping[str, pulumi.Output[str]]
    """What it shows (`service`, `quality`, `cost`) → name of the dashboard."""
    prometheus_endpoint: pulumi.Output[str] | None
    grafana_endpoint: pulumi.Output[str] | None

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Monitoring", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation, place = args.settings, args.foundation, args.foundation.place

        burn = None
        if args.served is not None and settings.slo.enabled:
            burn = BurnRate(
                f"{name}-burn",
                BurnRateArgs(
                    settings=settings.slo, served=args.served, foundation=foundation, topics=args.topics
                ),
                opts=child,
            )
        bodies: dict[str, pulumi.Input[str]] = {}
        if settings.dashboards:
            bodies = self._bodies(args, burn)
        self.dashboards = {
            shows: aws.cloudwatch.Dashboard(
                f"{name}-{shows}", dashboard_name=f"{place.prefix}-{shows}", dashboard_body=body, opts=child
            ).dashboard_name
            for shows, body in bodies.items()
        }
        prometheus = None
        if settings.prometheus.enabled:
            prometheus = Prometheus(
                f"{name}-prometheus",
                PrometheusArgs(settings=settings.prometheus, foundation=foundation, topics=args.topics),
                opts=child,
            )
        grafana = None
        if settings.grafana.enabled:
            grafana = Grafana(
                f"{name}-grafana",
                GrafanaArgs(
                    settings=settings.grafana,
                    foundation=foundation,
                    prometheus_arn=prometheus.workspace_arn if prometheus else None,
                ),
                opts=child,
            )
        self.prometheus_endpoint = prometheus.endpoint if prometheus else None
        self.grafana_endpoint = grafana.endpoint if grafana else None
        self.register_outputs({"dashboards": dict(self.dashboards)})

    def _bodies(self, args: MonitoringArgs, burn: BurnRate | None) -> dict[str, pulumi.Input[str]]:
        place, served, slo = args.foundation.place, args.served, args.settings.slo

        def pages(**slugs: str) -> dict[str, str]:
            return {label.replace("_", " "): args.foundation.runbook(slug) for label, slug in slugs.items()}

        found: dict[str, pulumi.Input[str]] = {
            "cost": boards.cost(
                place.prefix,
                place.region,
                args.monthly_usd,
                served,
                pages(The_budget_is_spent="budget-breached"),
            )
        }
        if served is None:
            return found
        runbooks = pages(
            The_error_budget_burns="slo-burn", Faults="endpoint-faults", Latency="endpoint-latency"
        )
        rings = list(burn.alarm_names.values()) if burn else []
        named = [f"{served.endpoint_name}-{ending}" for ending in ("faults", "latency")]
        found["service"] = pulumi.Output.all(*rings).apply(
            lambda names: boards.service(
                served,
                place.region,
                [place.arn("cloudwatch", f"alarm:{one}") for one in [*names, *named]],
                slo.availability_percent,
                runbooks,
            )
        )
        quality_pages = pages(
            The_requests_have_drifted="data-drift",
            The_answers_have_drifted="prediction-drift",
            What_is_said_comes_true_otherwise="concept-drift",
            Outcomes_are_missing="missing-outcomes",
        )
        found["quality"] = boards.quality(served, place.region, quality_pages)
        return found
