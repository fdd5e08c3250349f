"""Whether log events become metrics as filters say, and alarms on them speak."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from infra.audit.activity import ACTIVITIES
from sandbox.runtime import daemon
from sandbox.runtime.logs.metric_filters import data_of
from sandbox.runtime.logs.patterns import PatternError, read

LOGIN = {
    "eventName": "ConsoleLogin",
    "additionalEventData": {"MFAUsed": "No"},
    "userIdentity": {"type": "IAMUser"},
    "responseElements": {"ConsoleLogin": "Success"},
    "sourceIPAddress": "203.0.113.7",
    "count": 12,
    "ratio": 0.5,
    "open": True,
    "gone": None,
    "places": [{"zone": "a"}, {"zone": "b"}],
}


# The service's own examples, and the controls' patterns.
@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True),
        ('{ $.eventName = "ConsoleLogin" }', True),
        ("{ $.eventName = ConsoleLogin }", True),
        ('{ $.eventName = "consolelogin" }', False),
        ('{ $.eventName = "Console*" }', True),
        ('{ $.sourceIPAddress = "203.0.*" }', True),
        ('{ $.sourceIPAddress != "203.0.*" }', False),
        ('{ $.nothing != "x" }', False),
        ("{ $.count = 12 }", True),
        ("{ $.count > 11.5 && $.count <= 12 }", True),
        ("{ $.count < 12 || $.ratio = 0.50 }", True),
        ("{ $.count = * }", True),
        ("{ $.nothing = * }", False),
        ("{ $.open IS TRUE }", True),
        ("{ $.gone IS NULL }", True),
        ("{ $.nothing IS NULL }", False),
        ("{ $.nothing NOT EXISTS && $.gone EXISTS }", True),
        ('{ $.places[1].zone = "b" }', True),
        ('{ $["eventName"] = "ConsoleLogin" }', True),
        ("{ ($.count = 1) || (($.count = 12) && ($.open IS FALSE)) }", False),
        ("{ $.eventName = %^Con.*in$% }", True),
        ('{ $.eventName = "a" || $.count = 12 && $.ratio = 2 }', False),
        ("ConsoleLogin", True),
        ("ConsoleLogin -Success", False),
        ("?Nothing ?Success", True),
        ('"MFAUsed"', True),
        ("%Console\\w+%", True),
    ],
)
def test_a_pattern_matches_as_the_service_says(pattern: str, matches: bool) -> None:
    assert (read(pattern).match(json.dumps(LOGIN)) is not None) is matches


def test_fields_between_spaces_are_matched_by_place() -> None:
    line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
    found = read("[ip, user, name, when, request, status = 4*, size > 1000]").match(line)
    assert found is not None
    assert (found.value("$status"), found.value("$size"), found.value("$nothing")) == ("404", "1534", None)
    assert read("[..., size > 2000]").match(line) is None
    assert read("[ip, ..., size]").match(line) is not None
    assert read("[ip, size]").match(line) is None


def test_the_controls_patterns_find_what_they_look_for() -> None:
    found = {one.name for one in ACTIVITIES if read(one.pattern).match(json.dumps(LOGIN))}
    assert found == {"console-without-mfa"}


@pytest.mark.parametrize(
    "pattern",
    ["{ $.a = 1", "{ $.a }", "{ a = 1 }", "{ $.a > b }", "{ ($.a = 1 }", "{ $.a IS ODD }", "[a = ]", "[a b]"],
)
def test_a_pattern_that_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        read(pattern)


def test_only_an_event_with_a_number_and_all_dimensions_makes_a_datum() -> None:
    transformation = {"metricName": "Rows", "metricValue": "$.rows", "dimensions": {"Source": "$.source"}}
    lines = ['{"rows": 3, "source": "a"}', '{"rows": "many", "source": "a"}', '{"rows": 4}', "rows"]
    events = [{"message": line, "timestamp": 1_000_000} for line in lines]
    (datum,) = data_of(read("{ $.rows = * }"), transformation, events)
    assert (datum["Value"], datum["Dimensions"]) == (3.0, [{"Name": "Source", "Value": "a"}])
    zero = {"metricName": "Rows", "metricValue": "1", "defaultValue": 0}
    assert [one["Value"] for one in data_of(read("{ $.rows = 9 }"), zero, events)] == [0.0]


def test_an_alarm_on_a_filter_speaks_when_the_line_comes_and_after_a_restart(
    cloud: Any, eventually: Callable[..., Any]
) -> None:
    logs, watch = cloud.client("logs"), cloud.client("cloudwatch")
    logs.create_log_group(logGroupName="/jobs")
    logs.create_log_stream(logGroupName="/jobs", logStreamName="one")
    for pattern in ("{ $.bad = 0 }", "{ $.bad > 0 }"):
        logs.put_metric_filter(
            logGroupName="/jobs",
            filterName="bad-rows",
            filterPattern=pattern,
            metricTransformations=[
                {
                    "metricName": "BadRows",
                    "metricNamespace": "Jobs",
                    "metricValue": "$.bad",
                    "dimensions": {"Case": "$.case"},
                }
            ],
        )
    assert len(logs.describe_metric_filters(logGroupName="/jobs")["metricFilters"]) == 1
    watch.put_metric_alarm(
        AlarmName="bad-rows",
        Namespace="Jobs",
        MetricName="BadRows",
        Dimensions=[{"Name": "Case", "Value": "flights"}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    for line in ('{"case": "flights", "bad": 0}', "plain", '{"case": "flights", "bad": 7}'):
        now = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName="/jobs", logStreamName="one", logEvents=[{"timestamp": now, "message": line}]
        )

    def alarm() -> Any:
        (found,) = watch.describe_alarms(AlarmNames=["bad-rows"])["MetricAlarms"]
        return found if found["StateValue"] == "ALARM" else None

    assert "7.0" in eventually(alarm)["StateReason"]
    daemon.stop(cloud.root)
    daemon.start(cloud.root)
    assert alarm() is not None
    assert cloud.administration.status()["replayDifferences"] == 0


def test_a_filter_that_means_nothing_is_refused(cloud: Any) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/others")
    with pytest.raises(botocore.exceptions.ClientError, match="Invalid metric filter pattern"):
        logs.put_metric_filter(
            logGroupName="/others",
            filterName="odd",
            filterPattern="{ $.a = 1",
            metricTransformations=[{"metricName": "A", "metricNamespace": "B", "metricValue": "1"}],
        )
