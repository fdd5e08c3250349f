"""How does a smaller ensemble learn to say what the booster says? Fewer trees, taught its margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import xgboost

from ml.training.data import Rows
from ml.training.parameters import Parameters
from ml.training.schema import Feature

SHARES = (2, 3, 5, 8)
"""The teacher has so many times as many trees: what is tried, each smaller than the one before."""
_FEWEST = 8
_RATE = 0.3
"""Few trees have to step further; without labels there is little noise to follow."""


def distil_trees(
    booster: xgboost.Booster,
    training: Rows,
    features: Sequence[Feature],
    parameters: Parameters,
    share: int,
) -> xgboost.Booster:
    """An ensemble of a `share`th of the trees that was taught the booster's margins of the training rows.

    What it predicts is a margin; `calibration.fit` on the validation rows makes probabilities of it.
    """
    margins: npt.NDArray[np.float32] = np.asarray(
        booster.inplace_predict(training.values, predict_type="margin", validate_features=False)
    )
    data = xgboost.QuantileDMatrix(
        training.values,
        margins,
        feature_names=[feature.name for feature in features],
        feature_types=[feature.xgboost_type for feature in features],
        enable_categorical=True,
        nthread=parameters.threads or None,
    )
    own = asdict(parameters)
    # In a squared error each row weighs 1, in the teacher's loss p * (1 - p): a leaf shall hold as many rows.
    chances = 1.0 / (1.0 + np.exp(-margins.astype(np.float64)))
    weight = float((chances * (1.0 - chances)).mean())
    return xgboost.train(
        {name: own[name] for name in ("max_depth", "seed")}
        | {
            "min_child_weight": own["min_child_weight"] / weight,
            "reg_lambda": own["reg_lambda"] / weight,
            "objective": "reg:squarederror",
            "tree_method": "hist",
            "max_cat_to_onehot": 4,
            "eta": _RATE,
            "nthread": parameters.threads,
        },
        data,
        num_boost_round=max(_FEWEST, booster.num_boosted_rounds() // share),
    )
