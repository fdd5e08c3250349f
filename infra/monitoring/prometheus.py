"""Prometheus: a managed workspace for metrics of one's own, whose alert manager tells the topics."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.place import Place
from infra.settings.block import Settings


class PrometheusSettings(Settings):
    """`groundplan:monitoring.prometheus`: Amazon Managed Service for Prometheus."""

    enabled: bool = Field(
        default=False, description="Whether there is a workspace for Prometheus's metrics, kept for 150 days."
    )


@dataclass(frozen=True, kw_only=True)
class PrometheusArgs:
    """What the monitoring hands over."""

    settings: PrometheusSettings
    foundation: Foundation
    topics: Topics


class Prometheus(pulumi.ComponentResource):
    """A workspace on the data's key, with its log, an alert manager, and a rule that shows that it works.

    Turning it off takes its samples along; AWS keeps none of a deleted workspace.
    """

    workspace_arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Prometheus", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        log = log_group(
            f"{name}-log",
            name=f"/aws/vendedlogs/prometheus/{place.prefix}",
            foundation=foundation,
            opts=child,
        )
        workspace = aws.amp.Workspace(
            f"{name}-workspace",
            alias=place.prefix,
            kms_key_arn=foundation.key_arns["data"],
            logging_configuration={"log_group_arn": pulumi.Output.concat(log.arn, ":*")},
            opts=foundation.holding_data(self),
        )
        aws.amp.AlertManagerDefinition(
            f"{name}-alert-manager",
            workspace_id=workspace.id,
            definition=pulumi.Output.all(
                critical=args.topics["critical"], warning=args.topics["warning"]
            ).apply(lambda known: alert_manager(known["critical"], known["warning"], place)),
            opts=child,
        )
        aws.amp.RuleGroupNamespace(
            f"{name}-rules",
            name=f"{place.prefix}-scrapes",
            workspace_id=workspace.id,
            data=rules(foundation.runbook("prometheus-target-down")),
            opts=child,
        )
        self.workspace_arn = workspace.arn
        self.endpoint = workspace.prometheus_endpoint
        self.register_outputs({"workspace_arn": self.workspace_arn, "endpoint": self.endpoint})


def alert_manager(critical_arn: str, warning_arn: str, place: Place) -> str:
    """Alerts labelled `severity: critical` go to that topic, all others to `warning`, worded for the channel.

    JSON is YAML. Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html
    """
    said = (
        "{{ range .Alerts }}{{ .Labels.alertname }}: {{ .Annotations.summary }} "
        "Runbook: {{ .Annotations.runbook }}\n{{ end }}"
    )

    def receiver(name: str, topic_arn: str) -> dict[str, object]:
        told = {
            "topic_arn": topic_arn,
            "sigv4": {"region": place.region},
            "subject": "Prometheus: {{ .Status }}",
            "message": said,
        }
        return {"name": name, "sns_configs": [told]}

    definition = {
        "route": {
            "receiver": "warning",
            "group_by": ["alertname"],
            "routes": [{"receiver": "critical", "match": {"severity": "critical"}}],
        },
        "receivers": [receiver("critical", critical_arn), receiver("warning", warning_arn)],
    }
    return json.dumps({"alertmanager_config": json.dumps(definition)})


def rules(runbook: str) -> str:
    """A target that is scraped no more is told of; rules of one's own stand in namespaces beside this one."""
    down = {
        "alert": "TargetDown",
        "expr": "up == 0",
        "for": "10m",
        "labels": {"severity": "warning"},
        "annotations": {
            "summary": "{{ $labels.job }} at {{ $labels.instance }} is not scraped.",
            "runbook": runbook,
        },
    }
    return json.dumps({"groups": [{"name": "scrapes", "rules": [down]}]})
