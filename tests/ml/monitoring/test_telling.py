"""What do the document, the page and the published metrics say?"""

import json
from datetime import UTC, datetime, timedelta

from ml.monitoring import assessment, history, publishing
from ml.monitoring import baseline as baselines
from ml.monitoring.page import page
from tests.ml.monitoring.simulated import FIRST, NONE, ROWS, added, of_days


def test_the_document_and_the_page_say_how_it_stands(learned: baselines.Baseline) -> None:
    kept = added(history.History(), learned, *of_days(FIRST, FIRST + 30, moved=2.0))
    found = assessment.assess(learned, kept, delay_days=2, segments={"airport": ("EWR", "JFK", "LGA")})
    assert found is not None
    told = assessment.document(found, learned)
    assert json.loads(json.dumps(told, allow_nan=False)).keys() == told.keys()
    assert (told["verdict"], told["drifted"]) == ("drifted", ["size"])
    size = told["features"][0]
    assert size["psi"] > size["bound"]
    interval = told["performance"]["brier"]
    assert interval["low"] < interval["value"] < interval["high"]
    html = page(found, learned, title="<b>")
    assert "<b>" not in html.split("<body>")[0].split("<title>")[1].split("</title>")[0]
    assert html.count("<svg") >= 8
    assert "The requests have drifted: size." in html
    assert "nan" not in html.lower().replace("nance", "")


def test_published_figures_mean_what_the_verdict_says(learned: baselines.Baseline) -> None:
    captured, outcomes = of_days(FIRST, FIRST + 20, moved=2.0)
    kept = added(history.History(), learned, captured, outcomes)
    found = assessment.assess(learned, kept, delay_days=2, segments={})
    assert found is not None
    measured = publishing.metrics(found, learned, since=FIRST + 1)
    largest = {one.day: one.value for one in measured if one.name == "Drift" and not one.feature}
    assert list(largest) == list(range(FIRST + 1, FIRST + 21))
    for place, day in enumerate(found.days[1:], 1):
        assert (largest[day] > 1) == (found.features.verdict[place] == "drifted")
    in_time = datetime(1970, 1, 1, 2, 30, tzinfo=UTC) + timedelta(days=FIRST + 21)
    asked = publishing.requests(measured, "groundplan-dev-flights", in_time)
    data = [datum for one in asked for datum in one["MetricData"]]
    assert all(len(one["MetricData"]) <= 1000 for one in asked)
    assert {datum["MetricName"] for datum in data} == {
        "Drift",
        "PredictionDrift",
        "ConceptDrift",
        "MissingOutcomes",
        "Probability",
    }
    probability = next(datum for datum in data if datum["MetricName"] == "Probability")
    assert sum(probability["Counts"]) == ROWS
    moments = {datum["Timestamp"] for datum in data}
    assert len(moments) == 20
    assert all(moment.hour == 12 for moment in moments)

    late = in_time + timedelta(days=2)
    asked = publishing.requests(measured, "groundplan-dev-flights", late)
    told = sorted({datum["Timestamp"] for one in asked for datum in one["MetricData"]})
    assert told[-1] == late, "an alarm would not look back to the newest day"
    assert all(moment.hour == 12 for moment in told[:-1])


def test_where_nobody_tells_outcomes_none_is_published_as_missing(learned: baselines.Baseline) -> None:
    kept = added(history.History(), learned, of_days(FIRST, FIRST + 9)[0], NONE)
    found = assessment.assess(learned, kept, delay_days=2, segments={})
    assert found is not None
    assert found.missing[-1] == 1
    told = {one.name for one in publishing.metrics(found, learned, since=0, outcomes=False)}
    assert told == {"Drift", "PredictionDrift", "Probability"}


def test_nothing_is_published_that_cloudwatch_no_longer_takes() -> None:
    now = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
    first = publishing.newest(now)
    noon = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=first)
    assert timedelta(days=13) < now - noon <= timedelta(days=14)
