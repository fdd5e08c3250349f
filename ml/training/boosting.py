"""Gradient boosting that stops early, and that an interruption does not change."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from ml.container import JobFailed, write_json
from ml.training.data import Rows
from ml.training.machines import Machines
from ml.training.parameters import Parameters
from ml.training.schema import Feature

CHECKPOINT_EVERY = 25
"""Rounds between checkpoints, and between lines of progress; it is part of what a model is made of."""


@dataclass(frozen=True)
class Trained:
    """A booster of `rounds` useful rounds, and the validation metric after every round that was made."""

    booster: xgboost.Booster
    rounds: int
    history: tuple[float, ...]

    def margins(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The log odds of rows (rows, features) by the useful rounds, shape (rows,)."""
        said = self.booster.inplace_predict(
            values, iteration_range=(0, self.rounds), predict_type="margin", validate_features=False
        )
        return np.asarray(said, dtype=np.float64)


class Interrupted(Exception):
    """The run was asked to end; the checkpoint holds the rounds so far."""


class NoGpu(JobFailed):
    """CUDA was asked for and cannot be used."""


def choose_device(asked: str, gpus: int) -> str:
    """`cpu` or `cuda`, for `auto`, `cpu` or `cuda`, on a machine with so many GPUs.

    XGBoost itself would fall back to the CPU with no more than a warning, at the price of a GPU. Raises
    NoGpu.
    """
    if asked not in ("auto", "cpu", "cuda"):
        raise JobFailed(f"device {asked!r}: allowed are auto, cpu and cuda.")
    if asked == "cpu" or (asked == "auto" and gpus == 0):
        return "cpu"
    if not xgboost.build_info().get("USE_CUDA"):
        raise NoGpu(
            f"device={asked} on a machine with {gpus} GPUs, but this build of XGBoost {xgboost.__version__} "
            "has no CUDA: install `xgboost` in place of `xgboost-cpu`, or train with device=cpu."
        )
    if gpus == 0:
        raise NoGpu(
            "device=cuda, but the job has no GPU (SM_NUM_GPUS is 0): use a GPU instance, or device=cpu."
        )
    return "cuda"


def _never() -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a training runs, beside what it learns: `device` is `cpu` or `cuda`.

    `identity` says what is trained on what: a checkpoint of another identity is not continued; without a
    folder for them there are none. `stop` is asked after every round, `say` hears a line of progress.
    """

    device: str
    checkpoints: Path | None = None
    identity: str = ""
    machines: Machines = field(default_factory=Machines)
    stop: Callable[[], bool] = _never
    say: Callable[[str], None] = print


def train(
    training: Rows,
    validation: Rows,
    features: Sequence[Feature],
    parameters: Parameters,
    run: Run,
) -> Trained:
    """Boosts until the validation metric has not risen for `patience` rounds, from the checkpoint if there
    is one.

    Raises Interrupted; the rounds since the last checkpoint are then made again. Of several machines each
    boosts on its share of the rows, and the first one writes.
    """
    machines = run.machines
    training, validation = machines.share(training), machines.share(validation)
    learn, watch = matrices(training, validation, features, parameters.threads)
    history, model = machines.agree(_checkpoint(run.checkpoints, run.identity) if machines.first else None)
    saved = len(history)
    if history:
        run.say(f"resumed from round {saved}")

    def save(booster: xgboost.Booster) -> None:
        nonlocal saved
        if machines.first and run.checkpoints is not None and saved < len(history):
            _save(booster, history, run.checkpoints, run.identity)
        saved = len(history)

    def after(booster: xgboost.Booster) -> None:
        if len(history) % CHECKPOINT_EVERY == 0:
            save(booster)
            run.say(f"round={len(history)} validation-pr_auc={history[-1]:.4f}")
        if machines.any(run.stop()):
            raise Interrupted(f"interrupted after round {len(history)}; the checkpoint has {saved} rounds")

    booster = boost(learn, watch, features, parameters, history, after, device=run.device, model=model)
    # What follows may be interrupted too, and must not cost the last rounds.
    save(booster)
    best = _best(history)
    run.say(f"stopped at round={len(history)}, best round={best + 1} validation-pr_auc={history[best]:.4f}")
    return Trained(booster, best + 1, tuple(history))


def matrices(
    training: Rows, validation: Rows, features: Sequence[Feature], threads: int = 0
) -> tuple[xgboost.QuantileDMatrix, xgboost.QuantileDMatrix]:
    """The rows to learn from and those to stop by, as XGBoost has them."""
    options: dict[str, Any] = {
        "feature_names": [feature.name for feature in features],
        "feature_types": [feature.xgboost_type for feature in features],
        "enable_categorical": True,
        "nthread": threads or None,
    }
    learn = xgboost.QuantileDMatrix(training.values, training.labels, **options)
    return learn, xgboost.QuantileDMatrix(validation.values, validation.labels, ref=learn, **options)


def boost(
    learn: xgboost.QuantileDMatrix,
    watch: xgboost.QuantileDMatrix,
    features: Sequence[Feature],
    parameters: Parameters,
    history: list[float],
    after: Callable[[xgboost.Booster], None],
    *,
    device: str,
    model: bytearray | None = None,
) -> xgboost.Booster:
    """Adds rounds to the model, or to none, and to `history` the metric after each, until it has settled.

    `after` is called after every round; it may raise to end the boosting. Every CHECKPOINT_EVERY rounds the
    booster is made anew from its own bytes: a new booster draws once more from its round's seed than one that
    has made rounds before (XGBoost 3.2, the sampler of columns), so that one which goes on from a checkpoint
    would draw other rows and columns than one that was never interrupted.
    """
    options = parameters.for_xgboost(device, features)
    booster = xgboost.Booster(options, [learn, watch], model_file=model)
    while len(history) < parameters.rounds and not _settled(history, parameters.patience):
        number = len(history)
        if number and number % CHECKPOINT_EVERY == 0:
            booster = xgboost.Booster(options, [learn, watch], model_file=booster.save_raw("ubj"))
        booster.update(learn, number)
        told = booster.eval_set([(watch, "validation")], number)
        history.append(float(told.rsplit(":", 1)[1]))
        after(booster)
    return booster


def _best(history: Sequence[float]) -> int:
    return max(range(len(history)), key=lambda number: (history[number], -number))


def _settled(history: Sequence[float], patience: int) -> bool:
    return bool(history) and len(history) - 1 - _best(history) >= patience


def _save(booster: xgboost.Booster, history: Sequence[float], folder: Path, identity: str) -> None:
    """The model first, then the note that names it: a kill in between leaves the older pair whole."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / f"round-{len(history):05}.ubj"
    scratch = folder / "partial.ubj"
    booster.save_model(str(scratch))
    scratch.replace(model)
    write_json(
        folder / "checkpoint.json", {"identity": identity, "model": model.name, "history": list(history)}
    )
    for older in folder.glob("round-*.ubj"):
        if older != model:
            older.unlink()


def _checkpoint(folder: Path | None, identity: str) -> tuple[list[float], bytearray | None]:
    """The metric of the rounds made and their model; nothing without such a checkpoint."""
    if folder is None:
        return [], None
    try:
        note = json.loads((folder / "checkpoint.json").read_text())
        if note["identity"] == identity:
            return [float(value) for value in note["history"]], bytearray(
                (folder / note["model"]).read_bytes()
            )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        # A checkpoint that cannot be read is worth no more than none.
        return [], None
    return [], None
