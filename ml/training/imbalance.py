"""What can be done where positives are rare? Each remedy changes what is learned from, never what judges.

Sources: Chawla et al., SMOTE (JAIR 2002), whose variant for numbers and categories is SMOTENC; Liu, Wu and
Zhou, Exploratory Undersampling (EasyEnsemble, 2009); Chen, Liaw and Breiman, Balanced Random Forests (2004).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ml.training.boosting import Run, train
from ml.training.data import Rows
from ml.training.ensemble import merged
from ml.training.schema import Feature
from ml.training.variants import Scorer, Setting, Variant, boosted, silent

_NEIGHBOURS = 5
_MEMBERS = 10
_TREES = 200
_SMALLEST_LEAF = 10

Resample = Callable[[Rows, Sequence[Feature], int], Rows]


def variants() -> tuple[Variant, ...]:
    """Nothing first, which the others are compared with."""
    return (
        Variant("none", "the rows as they are", boosted),
        Variant("class weight", "a positive weighs as much more as it is rarer", _weighted),
        Variant("oversampling", "positives drawn again until there are as many", _resampled(oversampled)),
        Variant("undersampling", "as many negatives as positives, drawn", _resampled(undersampled)),
        Variant("SMOTE", "positives made up between neighbours until there are as many", _resampled(smote)),
        Variant("balanced bagging", f"the mean of {_MEMBERS} boosters, each undersampled anew", _bagged),
        Variant("balanced forest", f"{_TREES} trees, each of a balanced draw", _forest),
    )


def oversampled(rows: Rows, features: Sequence[Feature], seed: int) -> Rows:
    """The rows, and rows of the rarer class drawn with replacement until both are as many."""
    rare, frequent = _classes(rows)
    more = np.random.default_rng(seed).choice(rare, len(frequent) - len(rare))
    chosen = np.sort(np.concatenate([rare, frequent, more]))
    return Rows(rows.values[chosen], rows.labels[chosen])


def undersampled(rows: Rows, features: Sequence[Feature], seed: int) -> Rows:
    """The rows of the rarer class, and as many of the other, drawn without replacement."""
    rare, frequent = _classes(rows)
    some = np.random.default_rng(seed).choice(frequent, len(rare), replace=False)
    chosen = np.sort(np.concatenate([rare, some]))
    return Rows(rows.values[chosen], rows.labels[chosen])


def smote(rows: Rows, features: Sequence[Feature], seed: int) -> Rows:
    """The rows, and rows between neighbours of the rarer class until both are as many.

    SMOTE knows neither missing values nor codes. Numbers are brought to one scale; a missing one stands at
    its column's mean, and a column of its own says so, of the kind category. A made-up row takes each
    category, and each being missing, from the majority of its neighbours, and where that says missing it is
    NaN again: otherwise no made-up row would lack anything, and to be complete would mean to be positive.
    What was a whole number may be a fraction between two. The given rows stay as they were.
    """
    from imblearn.over_sampling import SMOTENC

    numbers = np.array([feature.kind == "number" for feature in features])
    missing = np.isnan(rows.values)
    centre, spread = _scale(rows.values)
    plain = np.where(numbers, (rows.values - centre) / spread, rows.values)
    filled = np.where(missing, np.where(numbers, 0.0, -1.0), plain)
    holes = np.flatnonzero(numbers & missing.any(axis=0))
    wide = np.hstack([filled, missing[:, holes]])
    kinds = [*np.flatnonzero(~numbers).tolist(), *range(len(features), wide.shape[1])]
    if not kinds:
        from imblearn.over_sampling import SMOTE

        sampler = SMOTE(k_neighbors=_NEIGHBOURS, random_state=seed)
    else:
        sampler = SMOTENC(categorical_features=kinds, k_neighbors=_NEIGHBOURS, random_state=seed)
    resampled, labels = sampler.fit_resample(wide, rows.labels)
    made = resampled[len(rows.labels) :]
    back = np.where(numbers, made[:, : len(features)] * spread + centre, made[:, : len(features)])
    lacking = np.zeros(back.shape, dtype=bool)
    lacking[:, holes] = made[:, len(features) :] > 0.5
    lacking |= ~numbers & (back < 0)
    values = np.vstack([rows.values, np.where(lacking, np.nan, back).astype(np.float32)])
    return Rows(values, np.asarray(labels, dtype=np.float32))


def _resampled(resample: Resample) -> Callable[[Rows, Rows, Setting], Scorer]:
    def fit(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
        return boosted(resample(training, setting.features, setting.parameters.seed), stopping, setting)

    return fit


def _weighted(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
    share = float(training.labels.mean())
    weighted = replace(setting.parameters, scale_pos_weight=(1 - share) / share)
    return boosted(training, stopping, replace(setting, parameters=weighted))


def _bagged(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
    seeds = [setting.parameters.seed + number for number in range(_MEMBERS)]
    made = [
        train(
            undersampled(training, setting.features, seed),
            stopping,
            setting.features,
            replace(setting.parameters, seed=seed, ensemble="none"),
            Run(device=setting.device, say=silent),
        )
        for seed in seeds
    ]
    return merged(made).margins


def _forest(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
    """Its trees send missing values the better way; categories stand in the order of their codes."""
    from imblearn.ensemble import BalancedRandomForestClassifier

    forest = BalancedRandomForestClassifier(
        n_estimators=_TREES,
        min_samples_leaf=_SMALLEST_LEAF,
        random_state=setting.parameters.seed,
        n_jobs=setting.parameters.threads or -1,
        sampling_strategy="all",
        replacement=True,
        bootstrap=False,
    )
    forest.fit(training.values, training.labels)

    def margins(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        # No leaf of a finite forest may be certain.
        share = np.clip(forest.predict_proba(values)[:, 1], 0.5 / _TREES, 1 - 0.5 / _TREES)
        return np.asarray(np.log(share / (1 - share)), dtype=np.float64)

    return margins


def _classes(rows: Rows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    positives, negatives = np.flatnonzero(rows.labels == 1), np.flatnonzero(rows.labels == 0)
    return (positives, negatives) if len(positives) <= len(negatives) else (negatives, positives)


def _scale(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    known = np.ma.masked_invalid(values.astype(np.float64))
    centre, spread = known.mean(axis=0).filled(0.0), known.std(axis=0).filled(1.0)
    return np.asarray(centre), np.where(spread > 0, spread, 1.0)
