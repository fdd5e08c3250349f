"""How do several boosters become one model? As one booster: all their trees, each leaf divided by how many.

The mean of boosters' margins is itself a sum of trees, so serving, ONNX and explanations know nothing of it.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from ml.training.boosting import Run, Trained, train
from ml.training.data import Rows
from ml.training.parameters import Parameters
from ml.training.schema import Feature


def train_all(
    training: Rows,
    validation: Rows,
    features: Sequence[Feature],
    parameters: Parameters,
    run: Run,
) -> Trained:
    """As `boosting.train`, for every booster of the ensemble in turn, each with checkpoints of its own.

    Raises Interrupted.
    """
    everyone = parameters.members()
    made = []
    for number, member in enumerate(everyone):
        alone = len(everyone) == 1
        if not alone:
            run.say(f"booster {number + 1} of {len(everyone)}")
        made.append(
            train(
                drawn(training, member.seed) if parameters.bagged else training,
                validation,
                features,
                member,
                run if alone or run.checkpoints is None else _of_member(run, run.checkpoints, number),
            )
        )
    return made[0] if len(made) == 1 else merged(made)


def _of_member(run: Run, checkpoints: Path, number: int) -> Run:
    return replace(run, checkpoints=checkpoints / f"member-{number:02}")


def drawn(rows: Rows, seed: int) -> Rows:
    """As many rows, drawn with replacement, in their order (Breiman, Bagging Predictors, 1996)."""
    chosen = np.sort(np.random.default_rng(seed).integers(0, len(rows.labels), len(rows.labels)))
    return Rows(rows.values[chosen], rows.labels[chosen])


def merged(made: Sequence[Trained]) -> Trained:
    """One booster whose margin is the mean of theirs, each by its useful rounds alone."""
    parts = [json.loads(one.booster[: one.rounds].save_raw("json")) for one in made]
    whole = parts[0]
    trees = [tree for part in parts for tree in _model(part)["trees"]]
    for number, tree in enumerate(trees):
        tree["id"] = number
        # A leaf's value stands where an inner node has its threshold.
        tree["split_conditions"] = [
            value / len(parts) if left == -1 else value
            for value, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
        ]
    model = _model(whole)
    model["trees"] = trees
    model["tree_info"] = [0] * len(trees)
    model["iteration_indptr"] = list(range(len(trees) + 1))
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    start = float(np.mean([_logit(part) for part in parts]))
    whole["learner"]["learner_model_param"]["base_score"] = f"[{1 / (1 + np.exp(-start)):.9E}]"
    booster = xgboost.Booster()
    booster.load_model(bytearray(json.dumps(whole).encode()))
    return Trained(booster, len(trees), tuple(value for one in made for value in one.history))


def _model(part: Any) -> Any:
    return part["learner"]["gradient_booster"]["model"]


def _logit(part: Any) -> float:
    (share,) = json.loads(part["learner"]["learner_model_param"]["base_score"])
    return float(np.log(share / (1 - share)))
