"""What is to be told? The history held against the baseline: verdicts, figures by day, how it stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ml.evaluation.metrics import average_precision, calibration
from ml.monitoring import concept
from ml.monitoring import days as by_day
from ml.monitoring.baseline import Baseline
from ml.monitoring.bins import Counts, Floats
from ml.monitoring.drift import Drift, measure
from ml.monitoring.history import Day, History, matrix
from ml.monitoring.outcomes import Missing, Sums, missing_by_segment

RECENT = 28
"""Days whose outcomes say how good the model is now."""
_RESAMPLED = 200
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval: whole days are resampled, since a day's rows share its weather."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Now:
    """How good the answers of the last days were whose outcomes are due."""

    rows: int
    brier: Interval
    gap: Interval
    pr_auc: Interval | None
    said: tuple[float, ...]
    came_true: tuple[float, ...]


@dataclass(frozen=True)
class Assessment:
    """Everything by day: the sequences are as long as `days` (days since 1970)."""

    days: tuple[int, ...]
    features: by_day.Series
    prediction: by_day.Series
    predictions: tuple[int, ...]
    by_probability: Counts
    """By day and bin of the probability."""
    alert_rate: Floats
    sums: tuple[Sums, ...]
    due: tuple[Missing, ...]
    """Of each day's predictions, once outcomes are due; before, nothing is due."""
    missing: Floats
    """As known on the day: the share of the last seven due days' predictions that has no outcome."""
    concept: Mapping[str, concept.Concept]
    """By the day of the events; `concept_known` moves it to the day on which it is known."""
    delay_days: int
    drifts: tuple[Drift, ...]
    """Of the last window, by feature."""
    window: Counts
    said: Counts
    now: Now | None
    segments: Mapping[str, Mapping[str, Missing]]

    @property
    def verdict(self) -> by_day.Verdict:
        return self.features.verdict[-1]

    @property
    def drifted(self) -> list[str]:
        """The features that are responsible, the furthest first."""
        last = self.features.lasting[-1]
        return [self.drifts[place].name for place in np.argsort(-last) if last[place] > 1]

    @property
    def concept_known(self) -> Floats:
        """By day: the larger residual relative to its bound where the concept has drifted, else 0."""
        found = np.zeros(len(self.days))
        for one in self.concept.values():
            found = np.maximum(found, np.where(one.drifted, one.relative, 0.0))
        late = min(self.delay_days, len(found))
        return np.concatenate([np.zeros(late), found[: len(found) - late]])


def assess(
    baseline: Baseline,
    history: History,
    *,
    delay_days: int,
    segments: Mapping[str, Sequence[str]],
    until: int | None = None,
) -> Assessment | None:
    """Holds a history against the baseline; None of an empty one.

    Outcomes of a day are due `delay_days` after it, seen from `until` or the history's last day.
    """
    days, counts, said = matrix(history, baseline)
    if not days:
        return None
    if until is not None and until > days[-1]:
        # Days on which nobody asked, up to the one that was asked for.
        more = until - days[-1]
        days = [*days, *range(days[-1] + 1, until + 1)]
        counts, said = (np.pad(one, ((0, more), (0, 0))) for one in (counts, said))
    known = [history.days.get(day) for day in days]
    features = by_day.follow(baseline.features, days, counts)
    prediction = by_day.follow(baseline.probability, days, said)
    summed = tuple(one.sums if one is not None else Sums() for one in known)
    due = tuple(
        Missing(one.predictions, one.without_outcome)
        if one is not None and day <= days[-1] - delay_days
        else Missing(0, 0)
        for day, one in zip(days, known, strict=True)
    )
    settled = [one if day <= days[-1] - delay_days else Sums() for day, one in zip(days, summed, strict=True)]
    raw = concept.residuals(settled)
    window = counts[-min(baseline.features.normal.longest, len(days)) :].sum(axis=0)
    recent = [
        one
        for day, one in zip(days, known, strict=True)
        if one is not None and one.rows is not None and days[-1] - RECENT < day + delay_days <= days[-1]
    ]
    return Assessment(
        days=tuple(days),
        features=features,
        prediction=prediction,
        predictions=tuple(one.predictions if one is not None else 0 for one in known),
        by_probability=said,
        alert_rate=np.array([one.alerts / one.predictions if one else np.nan for one in known]),
        sums=summed,
        due=due,
        missing=_missing(due, delay_days),
        concept={name: concept.follow(stream, raw[name]) for name, stream in baseline.streams.items()},
        delay_days=delay_days,
        drifts=tuple(measure(baseline.features.bins, baseline.features.counts, window)),
        window=window,
        said=said[-min(baseline.probability.normal.longest, len(days)) :].sum(axis=0),
        now=_now(recent),
        segments=_segments(recent, segments),
    )


def _missing(due: Sequence[Missing], delay_days: int) -> Floats:
    found = np.zeros(len(due))
    for place in range(len(due)):
        last = place - delay_days + 1
        part = due[max(0, last - by_day.LOOKED_AT) : max(0, last)]
        found[place] = Missing(sum(one.due for one in part), sum(one.missing for one in part)).share
    return found


def _segments(
    recent: Sequence[Day], values: Mapping[str, Sequence[str]]
) -> Mapping[str, Mapping[str, Missing]]:
    rows = [one.rows for one in recent if one.rows is not None]
    if not rows or not values:
        return {}
    return missing_by_segment(
        np.concatenate([one.outcome for one in rows]), np.concatenate([one.segments for one in rows]), values
    )


def _now(recent: Sequence[Day]) -> Now | None:
    parts = []
    for day in recent:
        if day.rows is not None:
            known = ~np.isnan(day.rows.outcome)
            if known.any():
                parts.append((day.rows.probability[known], day.rows.outcome[known]))
    if not parts:
        return None
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(parts), (_RESAMPLED, len(parts)))
    rows = np.array([len(said) for said, _ in parts], dtype=np.float64)
    squares = np.array([((said - came) ** 2).sum() for said, came in parts])
    gaps = np.array([(came - said).sum() for said, came in parts])
    said, came = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    bins = calibration(came, said)

    def ratio(sums: Floats) -> Interval:
        resampled = sums[drawn].sum(axis=1) / rows[drawn].sum(axis=1)
        return _interval(float(sums.sum() / rows.sum()), resampled)

    pr_auc = None
    if 0 < came.sum() < len(came):
        resampled = []
        for places in drawn:
            outcome = np.concatenate([parts[place][1] for place in places])
            if 0 < outcome.sum() < len(outcome):
                probability = np.concatenate([parts[place][0] for place in places])
                resampled.append(average_precision(outcome, probability))
        pr_auc = _interval(average_precision(came, said), np.array(resampled or [np.nan]))
    return Now(
        rows=len(said),
        brier=ratio(squares),
        gap=ratio(gaps),
        pr_auc=pr_auc,
        said=tuple(part.said for part in bins),
        came_true=tuple(part.came_true for part in bins),
    )


def _interval(value: float, resampled: Floats) -> Interval:
    low, high = np.quantile(resampled, _INTERVAL)
    return Interval(value, float(low), float(high))


def date(day: int) -> str:
    """A day since 1970 as ISO 8601."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()


def document(found: Assessment, baseline: Baseline) -> dict[str, Any]:
    """`monitoring.json`; what is not known is null."""
    last = len(found.days) - 1
    listed = [
        {
            **{name: _figure(value) for name, value in asdict(one).items()},
            "bound": _figure(found.features.bound[last, place]),
            "lasting": _figure(found.features.lasting[last, place]),
            "drifted": bool(found.features.drifted[last, place]),
        }
        for place, one in enumerate(found.drifts)
    ]
    largest = found.features.relative.argmax(axis=1)
    streams = found.concept
    days = [
        {
            "day": date(day),
            "verdict": found.features.verdict[place],
            "predictions": found.predictions[place],
            "drift": _figure(found.features.lasting[place].max()),
            "furthest": found.drifts[int(largest[place])].name,
            "furthest_relative": _figure(found.features.relative[place, largest[place]]),
            "drifted": [
                one.name
                for one, drifted in zip(found.drifts, found.features.drifted[place], strict=True)
                if drifted
            ],
            "prediction_psi": _figure(found.prediction.psi[place, 0]),
            "prediction_drift": _figure(found.prediction.lasting[place, 0]),
            "alert_rate": _figure(found.alert_rate[place]),
            "outcomes": int(found.sums[place].rows),
            "due": found.due[place].due,
            "missing": found.due[place].missing,
            "outcome_delay_minutes": _figure(found.sums[place].delay),
            "brier": _figure(found.sums[place].brier),
            "gap": _figure(found.sums[place].gap),
            "pr_auc": _figure(found.sums[place].pr_auc),
            "concept": {name: _figure(one.residual[place]) for name, one in streams.items()},
            "concept_drifted": [name for name, one in streams.items() if one.drifted[place]],
        }
        for place, day in enumerate(found.days)
    ]
    return {
        "version": 1,
        "baseline": baseline.digest,
        "until": date(found.days[-1]),
        "verdict": found.verdict,
        "drifted": found.drifted,
        "prediction_drift": _figure(found.prediction.lasting[last, 0]),
        "concept_drift": _figure(found.concept_known[-1]),
        "missing_outcomes": _figure(found.missing[-1]),
        "performance": None if found.now is None else asdict(found.now),
        "performance_before": asdict(baseline.performance),
        "segments": {
            name: {value: asdict(one) for value, one in values.items()}
            for name, values in found.segments.items()
        },
        "features": listed,
        "days": days,
    }


def _figure(value: Any) -> Any:
    if isinstance(value, str | bool):
        return value
    number = float(value)
    return round(number, 5) if np.isfinite(number) else None
