"""Where a job finds its folders, and how it says why it failed."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PREFIX = Path("/opt/ml")
"""The root of every path in a SageMaker container."""

_REASON_LIMIT = 1024  # what DescribeTrainingJob and DescribeProcessingJob show of a reason

Job = Literal["training", "processing"]


class JobFailed(Exception):
    """A job cannot do what it was asked to, for a reason that its owner can act on."""


@dataclass(frozen=True)
class TrainingFolders:
    """The folders of a training job under SageMaker's container contract."""

    train: Path
    validation: Path
    model: Path
    checkpoints: Path
    config: Path
    """Where the service tells the job of its machines: `resourceconfig.json`."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "TrainingFolders":
        """From the `SM_*` variables of the framework toolkit, with the contract's own paths where one lacks.

        The toolkit has no variable for the checkpoints: they lie beside the model's folder, as on SageMaker,
        unless `SM_CHECKPOINT_DIR` (ours) says otherwise.
        """

        def folder(variable: str, usual: Path) -> Path:
            return Path(environment.get(variable) or usual)

        model = folder("SM_MODEL_DIR", PREFIX / "model")
        return cls(
            train=folder("SM_CHANNEL_TRAIN", PREFIX / "input/data/train"),
            validation=folder("SM_CHANNEL_VALIDATION", PREFIX / "input/data/validation"),
            model=model,
            checkpoints=folder("SM_CHECKPOINT_DIR", model.parent / "checkpoints"),
            config=folder("SM_INPUT_CONFIG_DIR", model.parent / "input/config"),
        )


def gpus(environment: Mapping[str, str]) -> int:
    """How many GPUs the job has, after `SM_NUM_GPUS`."""
    return int(environment.get("SM_NUM_GPUS") or 0)


def run(job: Job, work: Callable[[], None]) -> int:
    """Runs the work of a job and gives its exit status.

    A foreseen failure (JobFailed, ValueError, OSError) is told in words, on the error stream and in the file
    that the service shows: `failure` of a training job, `message` of a processing job. Any other exception
    is a defect and keeps its traceback, after the file is written.
    """
    try:
        work()
    except (JobFailed, ValueError, OSError) as error:
        tell(job, str(error))
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BaseException as error:
        if not isinstance(error, (SystemExit, KeyboardInterrupt)):
            tell(job, f"{type(error).__name__}: {error}")
        raise
    return 0


def tell(job: Job, reason: str) -> None:
    """Writes the reason where the service looks for it; outside a container it may lack."""
    folder = Path(os.environ.get("SM_OUTPUT_DIR") or PREFIX / "output")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("failure" if job == "training" else "message")).write_text(reason[:_REASON_LIMIT])
    except OSError as error:
        print(f"(the reason could not be written to {folder}: {error})", file=sys.stderr)


def write_json(path: Path, document: object) -> None:
    """Writes a document, keys in order, in one step: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(path.suffix + ".partial")
    scratch.write_bytes(as_json(document))
    scratch.replace(path)


def as_json(document: object) -> bytes:
    """A document as the jobs write it: keys in order, no number that is none."""
    return f"{json.dumps(document, indent=2, sort_keys=True, allow_nan=False)}\n".encode()
