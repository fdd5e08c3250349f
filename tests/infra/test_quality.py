"""Whether what Prepare prints is what the metric filters look for, and the alarm watches what they make."""

from __future__ import annotations

from typing import Any

from mocked import Build, build

from infra.data.quality import NAMESPACE, QUARANTINED, WARNED
from infra.foundation.place import Place
from infra.platform import Platform
from infra.settings.loading import read_settings
from ml.quality.judging import Judged, Verdict, metric_lines
from ml.quality.quarantine import BadRow
from sandbox.runtime.logs.metric_filters import data_of
from sandbox.runtime.logs.patterns import read


def platform(**quality: Any) -> Build:
    def program() -> dict[str, Any]:
        return Platform(read_settings("dev", {"quality": quality}), Place.of_this_stack()).exports

    return build(program, stack="dev")


def filters(found: Build) -> list[Any]:
    made = found.of("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    return [one for name, one in made.items() if name.startswith("quality-")]


def data(case: str, found: Build) -> dict[tuple[str, str], float]:
    """What the filters make of the lines of a run: by metric and the values of its dimensions."""
    judged = Judged(
        tables={"flights": None, "weather": None},  # type: ignore[dict-item]
        bad={"flights": [BadRow("flights.csv", line, {}, ()) for line in (2, 3)]},
        verdicts=(Verdict("late", "flights", "warning", 7),),
    )
    events = [{"message": line, "timestamp": 0} for line in [*metric_lines(case, judged), "prepared in 3 s"]]
    made: dict[tuple[str, str], float] = {}
    for one in filters(found):
        given = one["metricTransformation"]
        transformation = {
            "metricName": given["name"],
            "metricValue": given["value"],
            "dimensions": given["dimensions"],
        }
        for datum in data_of(read(one["pattern"]), transformation, events):
            by = " ".join(sorted(f"{pair['Name']}={pair['Value']}" for pair in datum["Dimensions"]))
            key = (datum["MetricName"], by)
            made[key] = made.get(key, 0.0) + datum["Value"]
    return made


def test_the_filters_make_metrics_of_the_lines_that_prepare_prints() -> None:
    assert data("flights", platform()) == {
        (QUARANTINED, "Case=flights"): 2,
        (QUARANTINED, "Case=flights Source=flights"): 2,
        (QUARANTINED, "Case=flights Source=weather"): 0,
        (WARNED, "Case=flights"): 7,
        (WARNED, "Case=flights Source=flights"): 7,
        (WARNED, "Case=flights Source=weather"): 0,
    }
    assert data("others", platform()) == {}


def test_the_alarm_watches_what_was_set_aside_of_the_case() -> None:
    found = platform(quarantinedRows=50)
    watched = found.of("aws:cloudwatch/metricAlarm:MetricAlarm")["quality-alarm"]
    assert (watched["namespace"], watched["metricName"]) == (NAMESPACE, QUARANTINED)
    assert watched["dimensions"] == {"Case": "flights"}
    assert (watched["threshold"], watched["comparisonOperator"]) == (50, "GreaterThanOrEqualToThreshold")
    assert watched["unit"] == "Count"
    for one in filters(found):
        assert one["logGroupName"] == "/aws/sagemaker/ProcessingJobs"
        assert one["metricTransformation"]["unit"] == "Count"
