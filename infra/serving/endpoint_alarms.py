"""Endpoint alarms: what takes a change back, and wakes the team."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.serving.faults import faults_share


@dataclass(frozen=True, kw_only=True)
class EndpointAlarmsArgs:
    """What the endpoint hands to its alarms."""

    endpoint_name: str
    variant: str
    latency_ms: int
    foundation: Foundation
    topics: Topics


class EndpointAlarms(pulumi.ComponentResource):
    """Alarms on answers of 5XX and on the model's latency. A quiet endpoint raises none."""

    alarm_names: Sequence[pulumi.Output[str]]

    def __init__(
        self, name: str, args: EndpointAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:EndpointAlarms", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        dimensions = {"EndpointName": args.endpoint_name, "VariantName": args.variant}
        faults = alarm(
            f"{name}-faults",
            name=f"{args.endpoint_name}-faults",
            says="The endpoint answers with 5XX.",
            runbook="endpoint-faults",
            severity="critical",
            topics=args.topics,
            foundation=args.foundation,
            opts=child,
            **faults_share(
                "Invocation5XXErrors",
                namespace="AWS/SageMaker",
                dimensions=dimensions,
                above=0.01,
                period=60,
                periods=2,
                of_them=2,
            ),
        )
        latency = alarm(
            f"{name}-latency",
            name=f"{args.endpoint_name}-latency",
            says=f"One in a hundred answers takes the model longer than {args.latency_ms} ms.",
            runbook="endpoint-latency",
            severity="critical",
            topics=args.topics,
            foundation=args.foundation,
            namespace="AWS/SageMaker",
            metric_name="ModelLatency",
            dimensions=dimensions,
            extended_statistic="p99",
            comparison_operator="GreaterThanThreshold",
            threshold=args.latency_ms * 1000,  # microseconds
            period=60,
            evaluation_periods=3,
            datapoints_to_alarm=3,
            opts=child,
        )
        self.alarm_names = [faults.name, latency.name]
        self.register_outputs({"alarm_names": self.alarm_names})
