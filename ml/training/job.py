"""A training job, for any use case: read the channels, boost, calibrate, choose a threshold, write it all."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType

import numpy as np

from ml import container
from ml.case import UseCase
from ml.container import TrainingFolders
from ml.training import archive, calibration, data, threshold
from ml.training.boosting import Run, choose_device
from ml.training.ensemble import train_all
from ml.training.machines import Machines
from ml.training.parameters import Asked, parse

_ALONE = Machines()


class StopAsked:
    """Whether the service has asked the job to end (SIGTERM, before a spot instance goes)."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def __call__(self) -> bool:
        return self.asked


def run(case: UseCase, argv: Sequence[str] | None) -> bool:
    """Trains on the channels `train` and `validation`, with the hyperparameters in `argv`.

    Whether this machine has written the model: of several the first one does. Raises JobFailed, and
    Interrupted after a SIGTERM.
    """
    stop = StopAsked()
    asked = parse(argv, case.costs)
    folders = TrainingFolders.of(os.environ)
    machines = Machines.of(os.environ, folders.config / "resourceconfig.json")
    make(case, asked, folders, machines=machines, stop=stop)
    return machines.first


def make(
    case: UseCase,
    asked: Asked,
    folders: TrainingFolders,
    *,
    machines: Machines = _ALONE,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Trains and, on the first machine, writes the model's folder.

    Raises JobFailed, and Interrupted where `stop` asks for the end before the boosting has ended; after that
    what is left takes less time than a service waits.
    """
    began = time.monotonic()
    device = choose_device(asked.device, gpus_here())
    digests = {"train": data.digest(folders.train), "validation": data.digest(folders.validation)}
    features = data.with_values(case.features, folders.train)
    training = data.read(folders.train, features, case.label)
    validation = data.read(folders.validation, features, case.label)
    say(f"training on {len(training.labels):,} rows, {training.labels.mean():.1%} positive, device {device}")
    made_from = replace(
        archive.manifest(digests, asked, device, len(machines.hosts)),
        periods={"train": data.periods(folders.train), "validation": data.periods(folders.validation)},
    )
    if len(machines.hosts) > 1:
        say(f"machine {machines.place + 1} of {len(machines.hosts)}")
    with machines.together():
        trained = train_all(
            training,
            validation,
            features,
            asked.parameters,
            Run(
                device=device,
                checkpoints=folders.checkpoints,
                identity=made_from.identity,
                machines=machines,
                stop=stop,
                say=say,
            ),
        )
    if not machines.first:
        return
    labels = validation.labels.astype(np.float64)
    margins = trained.margins(validation.values)
    scale = calibration.fit(margins, labels)
    chosen = threshold.choose(labels, scale.probabilities(margins), asked.costs)
    say(f"threshold={chosen.threshold:.4f} saves {chosen.saving:.2f} {chosen.unit} a row of the validation")
    archive.write(folders.model, trained, features, scale, chosen, case.event, made_from, validation.values)
    say(f"trained {trained.rounds} rounds in {time.monotonic() - began:.1f} s")


def gpus_here() -> int:
    """How many GPUs this job has."""
    return container.gpus(os.environ)


def say(line: str) -> None:
    """A line of the job's log, at once."""
    print(line, flush=True)
