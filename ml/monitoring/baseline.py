"""What did the data look like that the model learned from? `baseline.json`, which drift is measured from.

Version 1 of the document: docs/monitoring.md. Training writes it into the model's archive.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.case import UseCase
from ml.container import JobFailed
from ml.evaluation.metrics import calibration, measure
from ml.monitoring import concept
from ml.monitoring.bins import Bins, Counts, Floats, Matrix, bins_of, count_by_day, quantile_bins, starts
from ml.monitoring.noise import Normal, normal_variation
from ml.monitoring.outcomes import MINUTES, sums
from ml.training.schema import Feature

NAME = "baseline.json"
VERSION = 1
PROBABILITY = "probability"


class NoBaseline(JobFailed):
    """The model's archive has no baseline that can be read."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"{folder} holds no {NAME} of version {VERSION} that can be read: {why}. A model trained "
            "by this version of the package has one: train it anew."
        )


@dataclass(frozen=True)
class Reference:
    """Bins with the counts of the reference in them, and what variation of them is normal."""

    bins: tuple[Bins, ...]
    counts: Counts
    normal: Normal

    @property
    def begin(self) -> npt.NDArray[np.intp]:
        return starts(self.bins)

    @property
    def sizes(self) -> npt.NDArray[np.intp]:
        """How many bins each feature has."""
        return np.array([one.count for one in self.bins], dtype=np.intp)


@dataclass(frozen=True)
class Performance:
    """How good the model was on the validation data, day by day and altogether."""

    rows: int
    prevalence: float
    brier: float
    pr_auc: float | None
    auc: float | None
    calibration_error: float
    said: tuple[float, ...]
    """Mean probability in ten parts of equal count, from the lowest up."""
    came_true: tuple[float, ...]


@dataclass(frozen=True)
class Baseline:
    """Features on training and validation data together; the probability and the rest on validation alone."""

    features: Reference
    probability: Reference
    rows: int
    days: int
    threshold: float | None
    """The probability from which to act, where the model's contract says one."""
    alert_rate: float
    performance: Performance
    streams: Mapping[str, concept.Stream]
    digest: str = ""
    """Of the document: what was counted in other bins cannot be compared."""

    def schema(self) -> tuple[Feature, ...]:
        """The features as the model takes them."""
        return tuple(
            Feature(name=one.name, kind="category" if one.values else "number", values=one.values)
            for one in self.features.bins
        )


def baseline(
    features: tuple[Feature, ...],
    *,
    values: Matrix,
    day: npt.NDArray[np.int64],
    probability: Floats,
    outcome: Floats,
    validation_day: npt.NDArray[np.int64],
    threshold: float | None = None,
) -> Baseline:
    """From the rows of training and validation, `values` (rows, features) and the `day` of each, and from the
    validation's `probability` and `outcome`.

    Without days (all the same one) nothing is known of normal variation: the customary bound stands alone.
    """
    bins = bins_of(features, values)
    days, counts = count_by_day(bins, values, day)
    said = probability.astype(np.float32).reshape(-1, 1)
    said_bins = (quantile_bins(PROBABILITY, said[:, 0]),)
    validation_days, said_counts = count_by_day(said_bins, said, validation_day)
    found = measure(outcome, probability)
    parts = calibration(outcome, probability)
    by_day = [
        sums(probability[validation_day == one], outcome[validation_day == one]) for one in validation_days
    ]
    return Baseline(
        features=Reference(bins, counts.sum(axis=0), normal_variation(counts, starts(bins))),
        probability=Reference(
            said_bins, said_counts.sum(axis=0), normal_variation(said_counts, starts(said_bins))
        ),
        rows=len(values),
        days=len(days),
        threshold=threshold,
        alert_rate=float((probability >= threshold).mean()) if threshold is not None else 0.0,
        performance=Performance(
            rows=found.rows,
            prevalence=found.prevalence,
            brier=found.brier,
            pr_auc=found.pr_auc,
            auc=found.auc,
            calibration_error=found.calibration_error,
            said=tuple(part.said for part in parts),
            came_true=tuple(part.came_true for part in parts),
        ),
        streams=concept.streams(by_day),
    )


def write_beside_model(case: UseCase, *, train: Path, validation: Path, model: Path) -> None:
    """Writes `baseline.json` into the folder of a model that has just been trained on these channels.

    Nothing is written where there is no model: of several machines one alone writes it.
    """
    from ml.serving.inference import model_fn, predict_fn
    from ml.training import data

    if not (model / "contract.json").exists():
        return
    features = data.with_values(case.features, train)
    learned, held = data.read(train, features, case.label), data.read(validation, features, case.label)
    made = baseline(
        features,
        values=np.concatenate([learned.values, held.values]),
        day=np.concatenate(
            [_days(case, train, len(learned.labels)), _days(case, validation, len(held.labels))]
        ),
        probability=predict_fn(held.values, model_fn(str(model))),
        outcome=held.labels.astype(np.float64),
        validation_day=_days(case, validation, len(held.labels)),
        threshold=_threshold(model),
    )
    (model / NAME).write_text(json.dumps(document(made), separators=(",", ":"), allow_nan=False) + "\n")


def _days(case: UseCase, channel: Path, rows: int) -> npt.NDArray[np.int64]:
    from ml.training import data

    if case.moment is None:
        return np.zeros(rows, dtype=np.int64)
    (minutes,) = data.columns(channel, [case.moment])
    return np.asarray(minutes, dtype=np.int64) // MINUTES


def _threshold(model: Path) -> float | None:
    found = json.loads((model / "contract.json").read_text()).get("threshold")
    return float(found) if isinstance(found, int | float) else None


def document(made: Baseline) -> dict[str, Any]:
    """The baseline as JSON: numbers rounded to what can be told apart."""
    return {
        "version": VERSION,
        "rows": made.rows,
        "days": made.days,
        "features": _reference(made.features),
        "probability": _reference(made.probability)[0],
        "threshold": made.threshold,
        "alert_rate": made.alert_rate,
        "performance": asdict(made.performance),
        "concept": {name: asdict(stream) for name, stream in made.streams.items()},
    }


def read(folder: Path) -> Baseline:
    """The baseline of an unpacked model. Raises NoBaseline."""
    try:
        text = (folder / NAME).read_text()
        given = json.loads(text)
        if given["version"] != VERSION:
            raise NoBaseline(folder, f"its version is {given['version']!r}")
        performance = given["performance"]
        return Baseline(
            features=_referred(given["features"]),
            probability=_referred([given["probability"]]),
            rows=int(given["rows"]),
            days=int(given["days"]),
            threshold=given["threshold"],
            alert_rate=float(given["alert_rate"]),
            performance=Performance(
                **{
                    **performance,
                    "said": tuple(performance["said"]),
                    "came_true": tuple(performance["came_true"]),
                }
            ),
            streams={
                name: concept.Stream(**{**stream, "days": tuple(stream["days"])})
                for name, stream in given["concept"].items()
            },
            digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoBaseline(folder, repr(error)) from None


def _reference(made: Reference) -> list[dict[str, Any]]:
    listed = []
    for place, (one, begin) in enumerate(zip(made.bins, made.begin, strict=True)):
        kind = {"values": list(one.values)} if one.values else {"edges": list(one.edges)}
        counts = made.counts[begin : begin + one.count].tolist()
        bounds = [round(float(bound), 4) for bound in made.normal.bounds[:, place]]
        listed.append({"name": one.name, **kind, "counts": counts, "normal": bounds})
    return listed


def _referred(given: list[dict[str, Any]]) -> Reference:
    bins = tuple(
        Bins(one["name"], edges=tuple(one.get("edges", ())), values=tuple(one.get("values", ())))
        for one in given
    )
    for one, listed in zip(bins, given, strict=True):
        if len(listed["counts"]) != one.count:
            raise ValueError(f"{one.name} has {len(listed['counts'])} counts in {one.count} bins")
    counts = np.concatenate([np.array(one["counts"], dtype=np.int64) for one in given])
    bounds = np.array([one["normal"] for one in given], dtype=np.float64).T.reshape(-1, len(given))
    return Reference(bins, counts, Normal(bounds))
