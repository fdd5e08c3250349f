"""Captures and outcomes as an experiment needs them: who said what when, what came of it, and, where the
archives are at hand, what the other would have said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.case import Costs
from ml.container import JobFailed
from ml.experiments.observed import Observed
from ml.monitoring.captured import joined, read_captures, read_outcomes


class NoCaptures(JobFailed):
    """A folder holds nothing that could be read as a capture."""

    def __init__(self, folder: Path, skipped: Mapping[str, int]) -> None:
        why = ", ".join(f"{count} {reason}" for reason, count in skipped.items()) or "no .jsonl file"
        super().__init__(
            f"{folder} holds no prediction: {why}. It is the folder of an endpoint's data capture, "
            "<endpoint>/<variant>/yyyy/mm/dd/hh/*.jsonl; requests need an InferenceId."
        )


@dataclass(frozen=True)
class Models:
    """The archives of the champion and of the challenger: `model.tar.gz`, a folder with it or its content."""

    champion: Path
    challenger: Path


@dataclass(frozen=True)
class Read:
    """The predictions with their outcomes; why what was left out → how many; the thresholds of the champion's
    and the challenger's archive, None without archives.
    """

    observed: Observed
    skipped: Mapping[str, int]
    thresholds: tuple[float, float] | None


def read(
    captures: Path,
    outcomes: Path,
    *,
    variants: tuple[str, str],
    models: Models | None = None,
    costs: Costs,
) -> Read:
    """`variants` are the champion's and the challenger's. Raises NoCaptures, and with `models` OtherFeatures
    or NotWhatAnswered (`counterfactual.py`).
    """
    both, thresholds = None, None
    if models is None:
        captured = read_captures(captures, None, single=True)
    else:
        # Only here: it loads what answers.
        from ml.experiments.counterfactual import recompute

        answered = recompute(captures, models, variants, costs)
        captured, both, thresholds = answered.captured, answered.said, answered.thresholds
    if not len(captured):
        raise NoCaptures(captures, captured.skipped)
    known = read_outcomes(outcomes)
    outcome, _ = joined(captured, known)
    observed = Observed(
        inference_id=captured.inference_id,
        variant=captured.variant,
        at=captured.at,
        probability=captured.probability,
        outcome=outcome,
        latency=np.full(len(captured), np.nan),
        both=both,
    )
    return Read(observed, Counter(captured.skipped) + Counter(known.skipped), thresholds)
