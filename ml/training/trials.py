"""What has a search tried? The trials, and the file that keeps them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ml.container import write_json


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What was tried, and the best validation PR-AUC of its rounds.

    It is `pruned` if its curve was below the median of the others at the same place; `curve` has the best
    value so far at each look.
    """

    number: int
    parameters: Mapping[str, float]
    value: float
    rounds: int
    pruned: bool
    seconds: float
    curve: tuple[float, ...]
    system: Mapping[str, Any]
    """What Optuna's sampler remembers of it."""


@dataclass(frozen=True)
class Found:
    """The default parameters as a trial that is none of the search's, and the trials in order."""

    default: Trial
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The best trial, or the default if none is better."""
        return max([self.default, *self.ranked], key=lambda trial: (trial.value, -trial.number))

    @property
    def ranked(self) -> list[Trial]:
        """Those that ran to their end, the best first; of equals the earlier."""
        ended = [trial for trial in self.trials if not trial.pruned]
        return sorted(ended, key=lambda trial: (-trial.value, trial.number))


def write(file: Path, identity: str, default: Trial, trials: Sequence[Trial]) -> None:
    """In one step: a kill leaves the trials before the last one, or all."""
    write_json(
        file,
        {"identity": identity, "default": asdict(default), "trials": [asdict(trial) for trial in trials]},
    )


def read(file: Path, identity: str) -> tuple[Trial | None, list[Trial]]:
    """What was tried before; nothing without such a file, which is what a damaged one is worth."""
    try:
        note = json.loads(file.read_text())
        if note["identity"] == identity:
            return _trial(note["default"]), [_trial(one) for one in note["trials"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None, []
    return None, []


def _trial(told: dict[str, Any]) -> Trial:
    return Trial(**{**told, "curve": tuple(told["curve"])})
