"""Which metrics say how it stands? Of the newest days, for CloudWatch, each with the time of its day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ml.container import JobFailed
from ml.monitoring.assessment import Assessment
from ml.monitoring.baseline import Baseline
from ml.monitoring.bins import Floats

NAMESPACE = "Groundplan"
OLDEST = timedelta(days=14)
"""CloudWatch takes nothing older (PutMetricData)."""
LATE = timedelta(hours=36)
"""After a day's noon a look is late: in time, it comes in the next day."""
_REQUEST = 500
"""Metrics of one request: 1,000 are allowed."""
_VALUES = 150
"""Values of one metric (`Values` of a datum)."""


@dataclass(frozen=True)
class Metric:
    """A figure of a day; `feature` where it is one feature's. `values` with their `counts`, or a `value`."""

    name: str
    day: int
    value: float = 0.0
    feature: str = ""
    values: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()


def metrics(found: Assessment, baseline: Baseline, *, since: int, outcomes: bool = True) -> list[Metric]:
    """Of each day from `since` (days since 1970) on that had predictions:

    `Drift` by feature and the largest of all: above 1 it has lasted and counts (`days.Series.lasting`).
    `PredictionDrift`: the same of the probability. `ConceptDrift`: above 1 where the relation of features and
    outcome has changed, else 0. `MissingOutcomes`: a share. `Probability`: how the answers were distributed.
    Without `outcomes` nobody says what became of predictions, and none can be missing.
    """
    published: list[Metric] = []
    known = found.concept_known
    for place, day in enumerate(found.days):
        if day < since:
            continue
        if outcomes:
            published.append(Metric("ConceptDrift", day, float(known[place])))
            published.append(Metric("MissingOutcomes", day, float(found.missing[place])))
        if found.features.verdict[place] == "quiet":
            continue
        lasting = found.features.lasting[place]
        published.append(Metric("Drift", day, float(lasting.max())))
        published += [
            Metric("Drift", day, float(value), feature=one.name)
            for one, value in zip(found.drifts, lasting, strict=True)
        ]
        published.append(Metric("PredictionDrift", day, float(found.prediction.lasting[place, 0])))
        published += _probabilities(found, baseline, place)
    return published


def _probabilities(found: Assessment, baseline: Baseline, place: int) -> list[Metric]:
    counts = found.by_probability[place]
    (bins,) = baseline.probability.bins
    edges = np.clip([0.0, *bins.edges, 1.0], 0, 1)
    middles: Floats = (edges[1:] + edges[:-1]) / 2
    pairs = [(float(value), float(number)) for value, number in zip(middles, counts, strict=False) if number]
    if not pairs:
        return []
    values, numbers = zip(*pairs[:_VALUES], strict=True)
    return [Metric("Probability", found.days[place], values=values, counts=numbers)]


def requests(found: Sequence[Metric], endpoint: str, now: datetime) -> list[dict[str, Any]]:
    """What PutMetricData is asked, in as few requests as it takes.

    Each day's figures bear its noon. The newest day's bear the time of the look where that comes late (it had
    failed, or events did): an alarm looks back two days, and would never hear of it.
    """
    newest = max((metric.day for metric in found), default=0)

    def datum(metric: Metric) -> dict[str, Any]:
        dimensions = [{"Name": "Endpoint", "Value": endpoint}]
        if metric.feature:
            dimensions.append({"Name": "Feature", "Value": metric.feature})
        # Noon: wherever an alarm's periods begin, each day falls into a period of its own.
        moment = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=metric.day)
        if metric.day == newest and now - moment > LATE:
            moment = now
        told: dict[str, Any] = (
            {"Values": list(metric.values), "Counts": list(metric.counts)}
            if metric.values
            else {"Value": round(metric.value, 6)}
        )
        return {"MetricName": metric.name, "Dimensions": dimensions, "Timestamp": moment, **told}

    data = [datum(metric) for metric in found]
    return [
        {"Namespace": NAMESPACE, "MetricData": data[first : first + _REQUEST]}
        for first in range(0, len(data), _REQUEST)
    ]


def publish(asked: Sequence[dict[str, Any]]) -> None:
    """Puts the metrics. Raises JobFailed where CloudWatch refuses or cannot be reached."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = boto3.client("cloudwatch")
        for one in asked:
            client.put_metric_data(**one)
    except (BotoCoreError, ClientError) as error:
        raise JobFailed(
            f"The metrics could not be put: {error}. The job needs cloudwatch:PutMetricData in the namespace "
            f"{NAMESPACE} and a way to CloudWatch (the interface endpoint `monitoring` in a private subnet)."
        ) from None


def newest(now: datetime) -> int:
    """The first day whose noon CloudWatch still takes."""
    return int(((now - OLDEST).timestamp() - 12 * 3600) // 86400) + 1
