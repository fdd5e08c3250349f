"""What does an alarm on the share of requests that end in one way watch?"""

from collections.abc import Mapping
from typing import Any

import pulumi


def faults_share(
    metric: str,
    *,
    namespace: str,
    dimensions: Mapping[str, pulumi.Input[str]],
    above: float,
    period: int,
    periods: int,
    of_them: int,
) -> Mapping[str, Any]:
    """For `alarm`: that the share is above `above` in `of_them` of `periods` periods of `period` seconds.

    The metric is 1 for a request that ended so and 0 for one that did not: its average is their share.
    """
    return {
        "namespace": namespace,
        "metric_name": metric,
        "dimensions": dimensions,
        "statistic": "Average",
        "comparison_operator": "GreaterThanThreshold",
        "threshold": above,
        "period": period,
        "evaluation_periods": periods,
        "datapoints_to_alarm": of_them,
    }
