"""What would each model have answered to every captured request? Computed from its archive, and held against
what it did answer.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.case import Costs
from ml.container import JobFailed
from ml.evaluation.archived import Answering, answering, unpacked
from ml.experiments.gains import TOLERANCE
from ml.experiments.observed import Floats
from ml.experiments.reading import Models
from ml.monitoring.bins import NEW, Matrix
from ml.monitoring.captured import Captured, read_captures


class OtherFeatures(JobFailed):
    """The two models are not asked alike, so neither can answer for the other."""

    def __init__(self, champion: tuple[str, ...], challenger: tuple[str, ...]) -> None:
        apart = sorted(set(champion) ^ set(challenger))
        told = f"only one has {', '.join(apart[:5])}" if apart else "their order is another"
        super().__init__(
            f"The champion's archive and the challenger's read other features: {told}. What one was asked "
            "the other cannot answer; judge without --champion-model and --challenger-model."
        )


class NotWhatAnswered(JobFailed):
    """An archive says something else than was captured of its variant."""

    def __init__(self, variant: str, archive: Path, apart: int, asked: int, furthest: float) -> None:
        super().__init__(
            f"{archive} is not what has answered as {variant!r}: {apart:,} of its {asked:,} captured answers "
            f"are another, by up to {furthest:.2g}; allowed: {TOLERANCE:g}. Give the archive of the model "
            "package that the variant serves, or judge without --champion-model and --challenger-model."
        )


@dataclass(frozen=True)
class Recomputed:
    """The captured requests, what both archives say of each (rows, 2), and their thresholds."""

    captured: Captured
    said: Floats
    thresholds: tuple[float, float]


def recompute(captures: Path, models: Models, variants: tuple[str, str], costs: Costs) -> Recomputed:
    """Reads the captures and asks both archives; `variants` are the champion's and the challenger's.

    Raises OtherFeatures, NotWhatAnswered, and what an archive raises that is none.
    """
    with ExitStack() as stack:
        archives = (models.champion, models.challenger)
        one, other = (answering(stack.enter_context(unpacked(path)), costs) for path in archives)
        if _asked(one) != _asked(other):
            names = [tuple(feature.name for feature in model.features) for model in (one, other)]
            raise OtherFeatures(names[0], names[1])
        captured = read_captures(captures, one.features, single=True)
        # The same lines: only the codes of categories may be others.
        again = captured
        if one.features != other.features:
            again = read_captures(captures, other.features, single=True)
        said = np.stack([_said(one, captured.features), _said(other, again.features)], axis=1)
    for place, (variant, archive) in enumerate(zip(variants, archives, strict=True)):
        chosen = captured.variant == variant
        distance = np.nan_to_num(np.abs(said[chosen, place] - captured.probability[chosen]), nan=1.0)
        if (distance > TOLERANCE).any():
            apart = int((distance > TOLERANCE).sum())
            raise NotWhatAnswered(variant, archive, apart, int(chosen.sum()), float(distance.max()))
    return Recomputed(captured, said, (one.threshold, other.threshold))


def _asked(model: Answering) -> list[tuple[str, str]]:
    return [(feature.name, feature.kind) for feature in model.features]


def _said(model: Answering, values: Matrix) -> Floats:
    """NaN where the model would refuse the request: it holds a value of a category that it does not know."""
    categories = [place for place, feature in enumerate(model.features) if feature.kind == "category"]
    refused = (values[:, categories] == NEW).any(axis=1)
    found = np.full(len(values), np.nan)
    if (~refused).any():
        found[~refused] = model.said(np.ascontiguousarray(values[~refused]))
    return found
