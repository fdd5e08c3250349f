"""Idle endpoint: an alarm on instances that nobody has asked for hours, with what they cost a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.cost.instance_prices import daily_in_words
from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation

_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class IdleEndpointArgs:
    """What the endpoint hands to the alarm: `variant` is who is asked, `instances` are `(type, count)`."""

    endpoint_name: str
    variant: str
    instances: Sequence[tuple[str, int]]
    hours: int
    asynchronous: bool
    """Whether requests lie in S3: the service counts these for the endpoint, not for a variant."""
    foundation: Foundation
    topics: Topics


class IdleEndpoint(pulumi.ComponentResource):
    """An alarm that names the endpoint and its cost; nothing that is parked or scaled to none raises it."""

    alarm_name: pulumi.Output[str]

    def __init__(self, name: str, args: IdleEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:IdleEndpoint", name, opts=opts)
        cost = daily_in_words(args.instances)
        hours = "hour" if args.hours == 1 else f"{args.hours} hours"
        whole = {"EndpointName": args.endpoint_name}
        variant = {**whole, "VariantName": args.variant}
        asked = ("InvocationsProcessed", whole) if args.asynchronous else ("Invocations", variant)
        made = alarm(
            f"{name}-alarm",
            name=f"{args.endpoint_name}-idle",
            says=f"Nobody has asked the endpoint {args.endpoint_name} for {hours}; it costs {cost}.",
            runbook="idle-endpoint",
            severity="warning",
            topics=args.topics,
            foundation=args.foundation,
            metric_queries=[
                {
                    "id": "idle",
                    # Invocations have no data while nobody asks, CPU has none while no instance stands: where
                    # nothing stands, nothing is measured and nothing is wrong.
                    "expression": "IF(FILL(asked, 0) < 1, cpu * 0 + 1, 0)",
                    "label": "Hours without a request",
                    "return_data": True,
                },
                _metric("asked", "AWS/SageMaker", "Sum", *asked),
                _metric("cpu", "/aws/sagemaker/Endpoints", "Maximum", "CPUUtilization", variant),
            ],
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            evaluation_periods=args.hours,
            datapoints_to_alarm=args.hours,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.alarm_name = made.name
        self.register_outputs({"alarm_name": self.alarm_name})


def _metric(
    id: str, namespace: str, statistic: str, metric: str, dimensions: Mapping[str, str]
) -> dict[str, object]:
    return {
        "id": id,
        "metric": {
            "namespace": namespace,
            "metric_name": metric,
            "dimensions": dimensions,
            "period": _HOUR,
            "stat": statistic,
        },
    }
