"""Burn rate: is the endpoint's error budget being spent faster than the month allows?

Windows and factors: Google's SRE Workbook, chapter 5 ("Alerting on SLOs", table 5-6): 2 % of a month's budget
in an hour, 5 % in six hours, 10 % in three days, each seen over a short window too, so that the alarm ends
soon after its cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Severity, Topics, alarm, every_alarm
from infra.foundation.foundation import Foundation
from infra.monitoring.served import INVOCATIONS, Served
from infra.settings.block import Settings

RUNBOOK = "slo-burn"
_MOST_VARIANTS = 5
"""An alarm reads at most ten metrics, and each variant has two."""

Queries = list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]


@dataclass(frozen=True, kw_only=True)
class Burn:
    """How fast, over which windows (seconds), and how grave that is."""

    factor: float
    long_seconds: int
    short_seconds: int
    severity: Severity
    word: str


BURNS = (
    Burn(factor=14.4, long_seconds=3600, short_seconds=300, severity="critical", word="fast"),
    Burn(factor=6, long_seconds=6 * 3600, short_seconds=1800, severity="critical", word="steady"),
    Burn(factor=1, long_seconds=3 * 86400, short_seconds=6 * 3600, severity="warning", word="slow"),
)


class SloSettings(Settings):
    """`groundplan:monitoring.slo`: what the endpoint promises."""

    enabled: bool = Field(default=True, description="Whether alarms watch the endpoint's error budget.")
    availability_percent: float = Field(
        default=99.9,
        ge=95,
        le=99.99,
        description="Share of a month's requests that are to be answered without a fault of the endpoint.",
    )
    least_requests: int = Field(
        default=20,
        ge=1,
        description="Requests in a long window below which a share says nothing; faults alarm without.",
    )


@dataclass(frozen=True, kw_only=True)
class BurnRateArgs:
    """What the monitoring hands over."""

    settings: SloSettings
    served: Served
    foundation: Foundation
    topics: Topics


class TooManyVariantsError(ValueError):
    """More variants than an alarm of CloudWatch can read."""

    def __init__(self, variants: Sequence[str]) -> None:
        super().__init__(
            f"The endpoint has {len(variants)} variants, and an alarm on its error budget reads the metrics "
            f"of {_MOST_VARIANTS} at most. Serve fewer variants, or set monitoring.slo.enabled to false."
        )


class BurnRate(pulumi.ComponentResource):
    """For each speed an alarm a window, which tell nobody, and one that rings while both do.

    No traffic burns nothing. Raises TooManyVariantsError.
    """

    alarm_names: Mapping[str, pulumi.Output[str]]
    """Speed (`fast`, `steady`, `slow`) → name of the alarm that rings."""

    def __init__(self, name: str, args: BurnRateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:BurnRate", name, opts=opts)
        served, slo = args.served, args.settings
        if len(served.variants) > _MOST_VARIANTS:
            raise TooManyVariantsError(served.variants)
        child = pulumi.ResourceOptions(parent=self)

        def window(burn: Burn, seconds: int, word: str, least: int) -> pulumi.Output[str]:
            made = alarm(
                f"{name}-{burn.word}-{word}",
                name=f"{served.endpoint_name}-burn-{burn.word}-{word}",
                says=f"Over {shown(seconds)} the endpoint failed {burn.factor:g} times what its SLO allows.",
                runbook=RUNBOOK,
                severity=None,
                topics=args.topics,
                foundation=args.foundation,
                metric_queries=fault_share(served, seconds, least),
                comparison_operator="GreaterThanThreshold",
                threshold=threshold(burn.factor, slo.availability_percent),
                evaluation_periods=1,
                opts=child,
            )
            return made.name

        names = {}
        for burn in BURNS:
            windows = [
                window(burn, burn.long_seconds, "long", slo.least_requests),
                window(burn, burn.short_seconds, "short", 1),
            ]
            rings = every_alarm(
                f"{name}-{burn.word}",
                name=f"{served.endpoint_name}-burn-{burn.word}",
                of=windows,
                says=says(burn, slo.availability_percent),
                runbook=RUNBOOK,
                severity=burn.severity,
                topics=args.topics,
                foundation=args.foundation,
                opts=child,
            )
            names[burn.word] = rings.alarm_name
        self.alarm_names = names
        self.register_outputs({"alarm_names": dict(names)})


def fault_share(served: Served, period: int, least_requests: int) -> Queries:
    """The share of requests in a period (seconds) that failed by the endpoint's fault, of all its variants.

    Nothing where there was no request, and none below so many: a variant without traffic has no data, which
    SUM over a list passes by.
    """
    queries: Queries = []
    sums = {}
    for word, metric in (("faults", "Invocation5XXErrors"), ("requests", "Invocations")):
        ids = [f"{word}{number}" for number, _ in enumerate(served.variants)]
        queries += [
            {
                "id": id,
                "metric": {
                    "namespace": INVOCATIONS,
                    "metric_name": metric,
                    "dimensions": served.of(variant),
                    "period": period,
                    "stat": "Sum",
                },
                "return_data": False,
            }
            for id, variant in zip(ids, served.variants, strict=True)
        ]
        sums[word] = ids[0] if len(ids) == 1 else f"SUM([{', '.join(ids)}])"
    faults, requests = sums["faults"], sums["requests"]
    queries.append(
        {
            "id": "share",
            "expression": f"IF({requests} >= {least_requests}, {faults} / {requests}, 0)",
            "label": "Share of requests that failed",
            "return_data": True,
        }
    )
    return queries


def threshold(factor: float, availability_percent: float) -> float:
    """The share of failures at which the budget is spent `factor` times as fast as it may be."""
    return round(factor * (100 - availability_percent) / 100, 8)


def says(burn: Burn, availability_percent: float) -> str:
    """What the alarm says to people."""
    return (
        f"The endpoint spends its error budget (SLO {availability_percent:g} %) {burn.factor:g} times as "
        f"fast as it may, over {shown(burn.long_seconds)} and still over {shown(burn.short_seconds)}."
    )


def shown(seconds: int) -> str:
    """A window as people say it."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
