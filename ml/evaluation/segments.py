"""Where is the model worse than elsewhere? Figures by segment, and those that chance does not explain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml.evaluation.bootstrap import Estimate, Floats, Resamples, estimate
from ml.evaluation.ranking import FEWER_BINS
from ml.evaluation.scores import Scores, score_and_draws

FEWEST_ROWS = 500
FEWEST_OF_A_CLASS = 50
"""Segments with fewer rows, positives or negatives are shown and not judged."""
FALSE_DISCOVERIES = 0.05
"""Of the flagged segments, the share that may be flagged by chance (Benjamini and Hochberg, 1995)."""
WORTH_TELLING = 0.01
"""A gap of calibration below this, in probability, is none worth a flag, however sure."""


@dataclass(frozen=True)
class Segment:
    """A group of rows. `behind` is its ROC-AUC less the mean of the others' of its kind, weighted by rows.

    `worse` and `miscalibrated` are None where the group is too small to be judged.
    """

    name: str
    scores: Scores
    behind: Estimate | None
    worse: bool | None
    miscalibrated: bool | None


def judge(
    segments: Mapping[str, npt.NDArray[np.str_]], labels: Floats, said: Floats, resamples: Resamples
) -> dict[str, list[Segment]]:
    """Each kind of segment (name to the group of each row), its groups in order; flags are over all kinds."""
    kinds = {kind: _of_kind(groups.astype(str), labels, said, resamples) for kind, groups in segments.items()}
    everyone = [one for found in kinds.values() for one in found]
    worse = _discovered([one.chance_worse for one in everyone])
    gaps = _discovered([one.chance_gap for one in everyone])
    flags = iter(zip(worse, gaps, strict=True))
    told: dict[str, list[Segment]] = {}
    for kind, found in kinds.items():
        told[kind] = []
        for one in found:
            is_worse, is_off = next(flags)
            judged = one.chance_worse is not None
            off = is_off and abs(one.segment.scores.gap.value) >= WORTH_TELLING
            told[kind].append(
                replace(
                    one.segment,
                    worse=is_worse if judged else None,
                    miscalibrated=off if judged else None,
                )
            )
    return told


@dataclass(frozen=True)
class _Tested:
    segment: Segment
    chance_worse: float | None
    chance_gap: float | None


def _of_kind(
    groups: npt.NDArray[np.str_], labels: Floats, said: Floats, resamples: Resamples
) -> list[_Tested]:
    found: dict[str, Scores] = {}
    drawn: dict[str, Floats] = {}
    exact: dict[str, float] = {}
    for name in map(str, np.unique(groups)):
        chosen = groups == name
        scores, draws = score_and_draws(labels[chosen], said[chosen], resamples.of(chosen), FEWER_BINS)
        found[name] = scores
        if draws is not None and scores.auc is not None and _judged(scores):
            drawn[name], exact[name] = draws, scores.auc.value
    tested = []
    for name, scores in found.items():
        others = [other for other in drawn if other != name]
        if name not in drawn or not others:
            # The only one of its kind has nothing to stand behind.
            chance = _two_sided(scores.gap) if name in drawn else None
            alone = 1.0 if name in drawn else None
            tested.append(_Tested(Segment(name, scores, None, None, None), alone, chance))
            continue
        weights = np.array([found[other].rows for other in others], dtype=np.float64)
        weights /= weights.sum()
        rest = weights @ np.array([exact[other] for other in others])
        behind = estimate(
            float(exact[name] - rest),
            drawn[name] - sum(weight * drawn[other] for weight, other in zip(weights, others, strict=True)),
        )
        tested.append(
            _Tested(Segment(name, scores, behind, None, None), _below(behind), _two_sided(scores.gap))
        )
    return tested


def _judged(scores: Scores) -> bool:
    negatives = scores.rows - scores.positives
    return scores.rows >= FEWEST_ROWS and min(scores.positives, negatives) >= FEWEST_OF_A_CLASS


def _below(found: Estimate) -> float:
    """How likely chance puts a figure so far below 0, by its interval as a normal one."""
    spread = (found.high - found.low) / (2 * 1.96)
    if spread == 0:
        return 1.0 if found.value >= 0 else 0.0
    return 0.5 * math.erfc(-found.value / spread / math.sqrt(2))


def _two_sided(found: Estimate) -> float:
    spread = (found.high - found.low) / (2 * 1.96)
    if spread == 0:
        return 1.0 if found.value == 0 else 0.0
    return math.erfc(abs(found.value) / spread / math.sqrt(2))


def _discovered(chances: Sequence[float | None]) -> list[bool]:
    """Benjamini and Hochberg's step-up procedure over those that were tested."""
    known = sorted((chance, place) for place, chance in enumerate(chances) if chance is not None)
    passed = 0
    for rank, (chance, _) in enumerate(known, start=1):
        if chance <= FALSE_DISCOVERIES * rank / len(known):
            passed = rank
    chosen = {place for _, place in known[:passed]}
    return [place in chosen for place in range(len(chances))]
