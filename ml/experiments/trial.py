"""An A/B test of a challenger: promote it, keep the champion, stop for harm, or go on?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ml.case import Costs
from ml.container import JobFailed
from ml.experiments.assignment import Split, split
from ml.experiments.observed import Floats, Loss, Observed, losses
from ml.experiments.sequential import Sequence, bounded, looks_of

Decision = Literal["promote", "keep", "stop for harm", "go on", "void"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a trial ends. Stated before it begins.

    A challenger as good as the champion is promoted, or stopped for harm, with a chance of `alpha` at most,
    however often one looks.
    """

    alpha: float = 0.05
    margin: float = 0.001
    """The least gain worth a change, in the loss: once the gain is surely below it, the champion stays."""
    most: int = 200_000
    """Outcomes after which the trial ends undecided, and the champion stays."""
    batch: int = 100
    """Outcomes between looks."""


@dataclass(frozen=True)
class Trial:
    """How a trial went: the gain of the challenger (the champion's mean loss less its own) after each look.

    `decided_at` is the number of outcomes at the decision, `decided_on` its time in minutes since 1970.
    """

    decision: Decision
    why: str
    gain: Sequence
    at: Floats
    decided_at: int | None
    decided_on: float | None
    split: Split
    waiting: int
    """Requests whose outcome is not known."""


class WrongRule(JobFailed):
    """A trial cannot be judged as asked."""


def judge(
    observed: Observed,
    rule: Rule,
    *,
    champion: str,
    challenger: str,
    share: float,
    loss: Loss,
    threshold: float,
    costs: Costs,
) -> Trial:
    """`share` is that of the requests which the challenger was set to answer. Raises WrongRule,
    UnknownVariant.

    Requests are assigned at random, so what is expected of `loss * (champion / (1 - share) - challenger /
    share)` is the difference of the two losses on that very request, whatever outcomes of one day have in
    common and however the losses drift: the bound needs no independence (Howard and others, 2021, section
    4.2, with the weights of Horvitz and Thompson).
    """
    if not 0 < share < 1 or not 0 < rule.alpha < 1 or rule.batch < 1 or rule.margin < 0:
        raise WrongRule(
            f"share {share}, alpha {rule.alpha}, batch {rule.batch}, margin {rule.margin}: allowed are "
            "shares and alphas between 0 and 1, batches of one outcome or more, margins of 0 or more."
        )
    told = split(observed.variant, {champion: 1 - share, challenger: share})
    ordered = observed.in_order()
    known = ordered.of(~np.isnan(ordered.outcome))
    waiting = len(ordered) - len(known)
    known = known.of(np.arange(min(len(known), rule.most)))
    empty = np.array([])
    if not len(known):
        nothing = Sequence(empty, empty, empty, empty)
        return Trial("go on", "no outcome is known yet", nothing, empty, None, None, told, waiting)
    lost = losses(known.outcome, known.probability, loss, threshold, costs)
    theirs = known.variant == challenger
    # What is taken off both is known before the request: it changes no expectation, and less varies.
    before = np.concatenate([[0.0], np.cumsum(lost)[:-1]]) / np.maximum(np.arange(len(lost)), 1)
    centred = lost - before
    gains = np.where(theirs, -centred / share, centred / (1 - share))
    widest = 1 / min(share, 1 - share)
    looks = looks_of(len(gains), rule.batch)
    gain = bounded(gains, looks, rule.alpha, lowest=-widest, highest=widest)
    at = known.at[looks - 1]
    if told.mismatch:
        return Trial("void", _mismatch(told), gain, at, None, None, told, waiting)
    for place in range(len(looks)):
        decision, why = _decide(gain.low[place], gain.high[place], rule)
        if decision != "go on":
            seen = Sequence(*(part[: place + 1] for part in (gain.count, gain.estimate, gain.low, gain.high)))
            return Trial(
                decision, why, seen, at[: place + 1], int(looks[place]), float(at[place]), told, waiting
            )
    if len(gains) >= rule.most:
        why = f"after {rule.most:,} outcomes no gain is shown: the champion stays"
        return Trial("keep", why, gain, at, int(looks[-1]), float(at[-1]), told, waiting)
    why = f"the gain lies between {gain.low[-1]:+.5f} and {gain.high[-1]:+.5f}: too wide to decide"
    return Trial("go on", why, gain, at, None, None, told, waiting)


def _decide(low: float, high: float, rule: Rule) -> tuple[Decision, str]:
    between = f"the gain lies between {low:+.5f} and {high:+.5f}"
    if low > 0:
        return "promote", f"{between}: the challenger is better"
    if high < 0:
        return "stop for harm", f"{between}: the challenger is worse"
    if high < rule.margin:
        return "keep", f"{between}: less than the {rule.margin:g} that a change must be worth"
    return "go on", between


def _mismatch(told: Split) -> str:
    asked = ", ".join(
        f"{name} {count:,} (set {told.weights[name]:.1%})" for name, count in told.asked.items()
    )
    return (
        f"the split is not the one that was set: {asked}. Whatever loses or doubles requests of one variant "
        "also biases its loss; find it before anything is concluded"
    )
