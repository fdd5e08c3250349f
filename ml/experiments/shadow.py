"""A challenger in the champion's shadow, asked the same, answering nobody: is it safe to go on to A/B?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ml.case import Costs
from ml.evaluation.metrics import log_losses
from ml.experiments.observed import DAY, Floats, Loss, Observed, losses
from ml.experiments.sequential import Sequence, bounded, by_clusters, looks_of

Verdict = Literal["go on to A/B", "stop", "watch on"]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What a shadow must show. Stated before it begins."""

    alpha: float = 0.05
    margin: float = 0.002
    """By how much its mean loss may be above the champion's."""
    batch: int = 100
    """Outcomes between looks; with `days`, a look follows each day."""
    days: bool = True
    """Whether the outcomes of one day are taken to depend on each other."""
    unanswered: float = 0.01
    """Share of the champion's requests that the shadow may leave without an answer."""
    slower: float = 1.5
    """By what factor the 99th percentile of its latency may be above the champion's."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of each, median and 99th percentile."""

    champion: tuple[float, float]
    shadow: tuple[float, float]


@dataclass(frozen=True)
class Shadowed:
    """How a shadow did. `gain` is the champion's mean loss less the shadow's, after each look."""

    verdict: Verdict
    why: str
    requests: int
    unanswered: float
    agreement: float
    """Share of requests on which both would act, or neither."""
    difference: float
    """Mean of the shadow's probability less the champion's."""
    apart: float
    """95th percentile of the distance between both."""
    brier: float | None
    """Mean gain in the Brier score, the log loss and the cost per 1,000 rows; None without outcomes."""
    log_loss: float | None
    cost: float | None
    gain: Sequence
    at: Floats
    outcomes: int
    latency: Latency | None


def judge(
    observed: Observed,
    bar: Bar,
    *,
    champion: str,
    shadow: str,
    loss: Loss,
    thresholds: tuple[float, float],
    costs: Costs,
) -> Shadowed:
    """Pairs the two by inference id; `thresholds` are the champion's and the shadow's."""
    ours = _first(observed.of(observed.variant == champion).in_order())
    theirs = _first(observed.of(observed.variant == shadow).in_order())
    _, first, second = np.intersect1d(ours.inference_id, theirs.inference_id, return_indices=True)
    order = np.lexsort((ours.inference_id[first], ours.at[first]))
    a, b = ours.of(first[order]), theirs.of(second[order])
    unanswered = 1 - len(a) / len(ours) if len(ours) else 0.0
    known = ~np.isnan(a.outcome)
    labels, p, q = a.outcome[known], a.probability[known], b.probability[known]
    gains = losses(labels, p, loss, thresholds[0], costs) - losses(labels, q, loss, thresholds[1], costs)
    gain, at = _sequence(gains, a.at[known], bar)
    latency = _latency(a, b)
    verdict, why = _decide(gain, unanswered, latency, bar, len(a))
    whole_cost = losses(labels, p, "cost", thresholds[0], costs) - losses(
        labels, q, "cost", thresholds[1], costs
    )
    dearest = max(costs.missed, costs.false_alarm)
    some = len(labels) > 0
    return Shadowed(
        verdict=verdict,
        why=why,
        requests=len(ours),
        unanswered=unanswered,
        agreement=_mean((a.probability >= thresholds[0]) == (b.probability >= thresholds[1])),
        difference=_mean(b.probability - a.probability),
        apart=float(np.quantile(np.abs(b.probability - a.probability), 0.95)) if len(a) else 0.0,
        brier=float(((p - labels) ** 2 - (q - labels) ** 2).mean()) if some else None,
        log_loss=float((log_losses(labels, p) - log_losses(labels, q)).mean()) if some else None,
        cost=float(whole_cost.mean() * dearest * 1000) if some else None,
        gain=gain,
        at=at,
        outcomes=len(labels),
        latency=latency,
    )


def _sequence(gains: Floats, at: Floats, bar: Bar) -> tuple[Sequence, Floats]:
    empty = np.array([])
    if not len(gains):
        return Sequence(empty, empty, empty, empty), empty
    if not bar.days:
        looks = looks_of(len(gains), bar.batch)
        return bounded(gains, looks, bar.alpha, lowest=-1.0, highest=1.0), at[looks - 1]
    days, place = np.unique(np.floor(at / DAY), return_inverse=True)
    totals = np.bincount(place.reshape(-1), weights=gains).astype(np.float64)
    sizes = np.bincount(place.reshape(-1)).astype(np.float64)
    looks = np.arange(1, len(days) + 1, dtype=np.int64)
    return by_clusters(totals, sizes, looks, bar.alpha), (days + 1) * DAY


def _decide(
    gain: Sequence, unanswered: float, latency: Latency | None, bar: Bar, pairs: int
) -> tuple[Verdict, str]:
    if not pairs:
        return "watch on", "no request has an answer of both yet"
    if unanswered > bar.unanswered:
        return (
            "stop",
            f"{unanswered:.1%} of the requests have no answer of the shadow; {bar.unanswered:.1%} may",
        )
    if latency is not None and latency.shadow[1] > bar.slower * latency.champion[1]:
        return "stop", (
            f"the 99th percentile of its latency is {latency.shadow[1]:.3g} ms, the champion's "
            f"{latency.champion[1]:.3g} ms; {bar.slower:g} times that may be"
        )
    # The first look that decides, decides: later ones do not take it back.
    for low, high in zip(gain.low, gain.high, strict=True):
        between = f"its gain lies between {low:+.5f} and {high:+.5f}"
        if low >= -bar.margin:
            return "go on to A/B", f"{between}: no worse by more than the margin of {bar.margin:g}"
        if high < -bar.margin:
            return "stop", f"{between}: worse by more than the margin of {bar.margin:g}"
    return "watch on", "the outcomes so far do not decide"


def _latency(a: Observed, b: Observed) -> Latency | None:
    if np.isnan(a.latency).all() or np.isnan(b.latency).all():
        return None
    one, other = (np.nanquantile(part.latency, [0.5, 0.99]).tolist() for part in (a, b))
    return Latency((one[0], one[1]), (other[0], other[1]))


def _first(observed: Observed) -> Observed:
    """Of an id that was asked twice, the first."""
    _, places = np.unique(observed.inference_id, return_index=True)
    return observed.of(np.sort(places))


def _mean(values: Floats | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return float(values.mean()) if len(values) else 0.0
