"""Quality: what the preparation set aside and warned of, as metrics, and the alarm on rows set aside."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.settings.block import Settings

NAMESPACE = "Groundplan"
QUARANTINED, WARNED = "QuarantinedRows", "QualityWarnings"
"""By `Case`, and by `Case` and `Source`."""

_FIELDS = {QUARANTINED: "$.quarantinedRows", WARNED: "$.qualityWarnings"}
"""Metric → where its value stands in the line that Prepare prints for a source (`ml/quality/judging.py`)."""
_HOUR = 3600


class QualitySettings(Settings):
    """`groundplan:quality`: from how many rows set aside somebody is told."""

    quarantined_rows: int = Field(
        default=1, ge=1, description="Rows that were set aside within an hour from which the alarm tells."
    )


@dataclass(frozen=True, kw_only=True)
class QualityArgs:
    """What the rest of the platform hands over. `log_group` is that of processing jobs."""

    settings: QualitySettings
    foundation: Foundation
    topics: Topics
    case: str
    log_group: pulumi.Input[str]


class Quality(pulumi.ComponentResource):
    """Filters over the log of the processing jobs, and an alarm on rows that were set aside.

    The jobs run without a network and can put no metric; what they print reaches the log all the same
    (decision 0115).
    """

    alarm_name: pulumi.Output[str]

    def __init__(self, name: str, args: QualityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Quality", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        prefix, case = args.foundation.place.prefix, args.case
        for metric, field in _FIELDS.items():
            for by in (("Case",), ("Case", "Source")):
                ending = f"{metric.lower()}-by-{'-'.join(by).lower()}"
                aws.cloudwatch.LogMetricFilter(
                    f"{name}-{ending}",
                    name=f"{prefix}-{case}-{ending}",
                    log_group_name=args.log_group,
                    pattern=filter_pattern(case, field),
                    metric_transformation={
                        "namespace": NAMESPACE,
                        "name": metric,
                        "value": field,
                        "unit": "Count",
                        "dimensions": {one: f"$.{one.lower()}" for one in by},
                    },
                    opts=child,
                )
        self.alarm_name = alarm(
            f"{name}-alarm",
            name=f"{prefix}-{case}-quarantined",
            says=f"Rows of the data of {case} were set aside: they break a rule or a contract.",
            runbook="quarantined-data",
            severity="warning",
            topics=args.topics,
            foundation=args.foundation,
            namespace=NAMESPACE,
            metric_name=QUARANTINED,
            dimensions={"Case": case},
            unit="Count",
            statistic="Sum",
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=args.settings.quarantined_rows,
            period=_HOUR,
            evaluation_periods=1,
            opts=child,
        ).name
        self.register_outputs({"alarm_name": self.alarm_name})


def filter_pattern(case: str, field: str) -> str:
    """The lines of a case that hold the field, whatever its value."""
    return f'{{ $.case = "{case}" && {field} = * && $.source = * }}'
