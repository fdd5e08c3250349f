"""A training job, for any use case: read the channels, boost, calibrate, write the model."""

import argparse
import hashlib
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from types import FrameType

import numpy as np

from ml import container
from ml.container import TrainingFolders
from ml.training import archive, calibration, data
from ml.training.boosting import Parameters, choose_device, train
from ml.training.machines import Machines
from ml.training.schema import Feature


class _StopAsked:
    """Whether the service has asked the job to end (SIGTERM, before a spot instance goes)."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def __call__(self) -> bool:
        return self.asked


def run(features: Sequence[Feature], label: str, argv: Sequence[str] | None) -> None:
    """Trains on the channels `train` and `validation`, with the hyperparameters in `argv`.

    Raises JobFailed, and Interrupted after a SIGTERM.
    """
    stop = _StopAsked()
    began = time.monotonic()
    device_asked, parameters = hyperparameters(argv)
    device = choose_device(device_asked, container.gpus(os.environ))
    folders = TrainingFolders.of(os.environ)
    digests = {"train": data.digest(folders.train), "validation": data.digest(folders.validation)}
    features = data.with_values(features, folders.train)
    training = data.read(folders.train, features, label)
    validation = data.read(folders.validation, features, label)
    _say(f"training on {len(training.labels):,} rows, {training.labels.mean():.1%} positive, device {device}")
    made_from = replace(
        archive.manifest(digests, parameters, device),
        periods={"train": data.periods(folders.train), "validation": data.periods(folders.validation)},
    )
    identity = hashlib.sha256(json.dumps(asdict(made_from), sort_keys=True).encode()).hexdigest()
    machines = Machines.of(os.environ, folders.config / "resourceconfig.json")
    if len(machines.hosts) > 1:
        _say(f"machine {machines.place + 1} of {len(machines.hosts)}")
        identity = f"{identity} on {len(machines.hosts)} machines"
    with machines.together():
        trained = train(
            training,
            validation,
            features,
            parameters,
            device=device,
            checkpoints=folders.checkpoints,
            identity=identity,
            machines=machines,
            stop=stop,
            say=_say,
        )
    if not machines.first:
        return
    margins = np.asarray(
        trained.booster.inplace_predict(
            validation.values,
            iteration_range=(0, trained.rounds),
            predict_type="margin",
            validate_features=False,
        ),
        dtype=np.float64,
    )
    scale = calibration.fit(margins, validation.labels.astype(np.float64))
    archive.write(folders.model, trained, features, scale, made_from)
    _say(f"trained {trained.rounds} rounds in {time.monotonic() - began:.1f} s")


def hyperparameters(argv: Sequence[str] | None) -> tuple[str, Parameters]:
    """The device asked for and the parameters, from `--name value`, underscores or dashes alike."""
    parser = argparse.ArgumentParser(description="Train a gradient-boosted classifier.")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    for field in fields(Parameters):
        names = dict.fromkeys([f"--{field.name.replace('_', '-')}", f"--{field.name}"])
        parser.add_argument(*names, dest=field.name, type=type(field.default), default=field.default)
    given = vars(parser.parse_args(argv))
    return given.pop("device"), Parameters(**given)


def _say(line: str) -> None:
    print(line, flush=True)
