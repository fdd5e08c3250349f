"""How is a booster cut down? Splits that gained too little go, and what is left is fitted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import xgboost

from ml.training.data import Rows
from ml.training.parameters import Parameters
from ml.training.schema import Feature

GAINS = (5.0, 10.0, 20.0, 40.0)
"""Least gains that are tried, in units of the loss summed over the training rows; each cuts deeper."""


def prune(
    booster: xgboost.Booster,
    training: Rows,
    features: Sequence[Feature],
    parameters: Parameters,
    least_gain: float,
) -> xgboost.Booster:
    """The booster without the splits whose gain, computed anew, is below `least_gain`.

    XGBoost's own updaters `refresh` and `prune` do it tree by tree (XGBoost parameters, "process_type:
    update"), with the regularisation that the booster was trained with; then the leaves that are left are
    fitted again.
    """
    data = xgboost.DMatrix(
        training.values,
        training.labels,
        feature_names=[feature.name for feature in features],
        feature_types=[feature.xgboost_type for feature in features],
        enable_categorical=True,
        nthread=parameters.threads or None,
    )
    own = asdict(parameters)
    options = {name: own[name] for name in ("eta", "max_depth", "min_child_weight", "reg_lambda")}
    pruned = booster
    for updater in ("refresh,prune", "refresh"):
        pruned = xgboost.train(
            {
                **options,
                "objective": "binary:logistic",
                "process_type": "update",
                "updater": updater,
                "refresh_leaf": True,
                "gamma": least_gain,
                "nthread": parameters.threads,
            },
            data,
            num_boost_round=booster.num_boosted_rounds(),
            xgb_model=pruned.copy(),
        )
    return pruned


def leaves(booster: xgboost.Booster) -> int:
    """How many leaves can be reached."""
    return sum(tree.count("leaf=") for tree in booster.get_dump())
