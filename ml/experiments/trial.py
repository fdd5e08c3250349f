"""An A/B test of a challenger: promote it, keep the champion, stop for harm, or go on?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ml.case import Costs
from ml.container import JobFailed
from ml.experiments.assignment import Split, split
from ml.experiments.gains import gains, triggered
from ml.experiments.observed import Floats, Loss, Observed
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
    triggered: Split | None = None
    """The split of the requests on which both could lose differently; None without both models' answers."""


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
    thresholds: tuple[float, float],
    costs: Costs,
) -> Trial:
    """`share` is that of the requests which the challenger was set to answer; `thresholds` are the champion's
    and the challenger's. Raises WrongRule, UnknownVariant.

    Requests are assigned at random, so each outcome's weighted loss expects the difference of both losses on
    that very request (`gains.py`), whatever outcomes of one day have in common and however the losses drift:
    the bound needs no independence (Howard and others, 2021, section 4.2). Where both models' answers are
    known, the requests on which they act alike count as no gain, exactly.
    """
    if not 0 < share < 1 or not 0 < rule.alpha < 1 or rule.batch < 1 or rule.margin < 0:
        raise WrongRule(
            f"share {share}, alpha {rule.alpha}, batch {rule.batch}, margin {rule.margin}: allowed are "
            "shares and alphas between 0 and 1, batches of one outcome or more, margins of 0 or more."
        )
    weights = {champion: 1 - share, challenger: share}
    told = split(observed.variant, weights)
    ordered = observed.in_order()
    seen = None
    if ordered.both is not None:
        seen = split(ordered.variant[triggered(ordered.both, loss, thresholds)], weights)
    known = ordered.of(~np.isnan(ordered.outcome))
    waiting = len(ordered) - len(known)
    known = known.of(np.arange(min(len(known), rule.most)))
    empty = np.array([])
    if not len(known):
        nothing = Sequence(empty, empty, empty, empty)
        return Trial("go on", "no outcome is known yet", nothing, empty, None, None, told, waiting, seen)
    found = gains(known, challenger=challenger, share=share, loss=loss, thresholds=thresholds, costs=costs)
    widest = 1 / min(share, 1 - share)
    looks = looks_of(len(known), rule.batch)
    gain = bounded(found.value, looks, rule.alpha, lowest=-widest, highest=widest, predicted=found.predicted)
    at = known.at[looks - 1]

    def ended(decision: Decision, why: str, last: int | None) -> Trial:
        """With the looks up to the one that decided; with all of them where none did."""
        until = len(looks) if last is None else last + 1
        return Trial(
            decision=decision,
            why=why,
            gain=Sequence(*(part[:until] for part in (gain.count, gain.estimate, gain.low, gain.high))),
            at=at[:until],
            decided_at=None if last is None else int(looks[last]),
            decided_on=None if last is None else float(at[last]),
            split=told,
            waiting=waiting,
            triggered=seen,
        )

    for one, of in ((told, ""), (seen, " of the requests that could differ")):
        if one is not None and one.mismatch:
            return ended("void", _mismatch(one, of), None)
    for place in range(len(looks)):
        decision, why = _decide(gain.low[place], gain.high[place], rule)
        if decision != "go on":
            return ended(decision, why, place)
    if len(known) >= rule.most:
        return ended(
            "keep", f"after {rule.most:,} outcomes no gain is shown: the champion stays", len(looks) - 1
        )
    why = f"the gain lies between {gain.low[-1]:+.5f} and {gain.high[-1]:+.5f}: too wide to decide"
    return ended("go on", why, None)


def _decide(low: float, high: float, rule: Rule) -> tuple[Decision, str]:
    between = f"the gain lies between {low:+.5f} and {high:+.5f}"
    if low > 0:
        return "promote", f"{between}: the challenger is better"
    if high < 0:
        return "stop for harm", f"{between}: the challenger is worse"
    if high < rule.margin:
        return "keep", f"{between}: less than the {rule.margin:g} that a change must be worth"
    return "go on", between


def _mismatch(told: Split, of: str) -> str:
    asked = ", ".join(
        f"{name} {count:,} (set {told.weights[name]:.1%})" for name, count in told.asked.items()
    )
    return (
        f"the split{of} is not the one that was set: {asked}. Whatever loses or doubles requests of one "
        "variant also biases its loss; find it before anything is concluded"
    )
