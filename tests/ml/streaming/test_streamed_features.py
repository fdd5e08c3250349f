"""Are the features of the stream those of the preparation, flight by flight, on real days?"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.flights.happenings import flight_key, happenings
from ml.flights.schema import FEATURES
from tests.ml.streaming.conftest import Days, Feed, data_of, opened, prepared_rows, some_days


def _key(row: Mapping[str, Any]) -> str:
    local = datetime(row["year"], row["month"], row["day"], tzinfo=UTC)
    local += timedelta(hours=row["hour"], minutes=row["minute"])
    return flight_key(row["carrier"], row["flight"], row["origin"], local)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _differences(days: Days, asked: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where the features of a flight are not equal in single precision, or only one of them is missing."""
    found = []
    for row in days.rows:
        streamed = asked[_key(row)]
        for feature in FEATURES:
            ours, theirs = streamed[feature.name], row[feature.name]
            if _is_missing(ours) and _is_missing(theirs):
                continue
            if feature.kind == "category" or _is_missing(ours) or _is_missing(theirs):
                same = ours == theirs
            else:
                same = math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-6)
            if not same:
                found.append(f"{_key(row)} {feature.name}: streamed {ours!r}, prepared {theirs!r}")
    return found


def _known(asked: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(name for one in asked for name, value in one.items() if not _is_missing(value))


_PERIODS = (
    (date(2013, 3, 9), 2),  # the clocks go forward
    (date(2013, 7, 9), 2),  # thunderstorms
    (date(2013, 11, 2), 2),  # the clocks go back
    (date(2013, 12, 5), 1),  # fog at LaGuardia
)


def test_every_feature_of_every_flight_is_what_the_preparation_computes(
    sources: Path, tmp_path: Path, feed: Feed
) -> None:
    there = some_days(sources, tmp_path, _PERIODS)
    kept = feed(data_of(there.happenings))
    assert kept.letters == []
    assert len(there.rows) > 5000
    assert _differences(there, kept.asked) == []
    # None of it is equal by being missing.
    known = _known(list(kept.asked.values()))
    assert [feature.name for feature in FEATURES if known[feature.name] < len(kept.asked) / 8] == []


def test_a_flight_that_is_cancelled_is_asked_about_too_for_nobody_knew(stormy: Days, feed: Feed) -> None:
    kept = feed(data_of(stormy.happenings))
    arrived = {_key(row) for row in stormy.rows}
    assert arrived < kept.asked.keys()
    assert kept.of("outcomes").keys() == arrived
    assert kept.of("predictions").keys() == kept.asked.keys()


def test_an_outcome_stands_beside_its_prediction(stormy: Days, feed: Feed) -> None:
    kept = feed(data_of(stormy.happenings))
    outcomes, predictions = kept.of("outcomes"), kept.of("predictions")
    late = {_key(row): row["late"] for row in stormy.rows}
    assert {key: float(one["outcome"]) for key, one in outcomes.items()} == late
    assert all(one["predicted"] == predictions[key]["probability"] for key, one in outcomes.items())


@pytest.mark.soak
def test_the_whole_year_is_streamed_as_it_is_prepared(sources: Path, feed: Feed) -> None:
    engine, tables = opened(sources)
    happened = happenings(engine, tables, date(2013, 1, 1), 365)
    kept = feed((json.dumps(one.event).encode() for one in happened), batch=500)
    rows = prepared_rows(engine, tables)
    engine.close()
    assert len(rows) == 327_346
    assert _differences(Days([], rows), kept.asked) == []
