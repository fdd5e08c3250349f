"""On how many machines does a training run, and what do they do together?

Sources: SageMaker guide, "How Amazon SageMaker AI provides training information" (`resourceconfig.json`);
XGBoost's documentation, "Distributed XGBoost" (the tracker and the collective).
"""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from xgboost import collective
from xgboost.tracker import RabitTracker

from ml.training.data import Rows

_PORT = 9091
_RETRIES = 60
"""Tries of a machine to reach the first one, which may come up later."""


@dataclass(frozen=True)
class Machines:
    """The machines of a job by their names, in an order that all of them know, and this one's name."""

    hosts: tuple[str, ...] = ("algo-1",)
    current: str = "algo-1"
    port: int = _PORT

    @classmethod
    def of(cls, environment: Mapping[str, str], config: Path) -> "Machines":
        """From the toolkit's `SM_HOSTS`, else from `resourceconfig.json`; one machine where neither is."""
        if environment.get("SM_HOSTS"):
            hosts, current = json.loads(environment["SM_HOSTS"]), environment["SM_CURRENT_HOST"]
        elif config.is_file():
            told = json.loads(config.read_text())
            hosts, current = told["hosts"], told["current_host"]
        else:
            return cls()
        return cls(tuple(sorted(hosts)), current, int(environment.get("SM_TRACKER_PORT") or _PORT))

    @property
    def place(self) -> int:
        """This machine's number, from 0."""
        return self.hosts.index(self.current)

    @property
    def first(self) -> bool:
        """Whether this machine writes what all have made: checkpoints, the model."""
        return self.place == 0

    def share(self, rows: Rows) -> Rows:
        """This machine's rows: every so manieth."""
        if len(self.hosts) == 1:
            return rows
        step = slice(self.place, None, len(self.hosts))
        return Rows(np.ascontiguousarray(rows.values[step]), rows.labels[step])

    def agree(self, value: Any) -> Any:
        """What the first machine has, on all of them."""
        return value if len(self.hosts) == 1 else collective.broadcast(value if self.first else None, 0)

    def any(self, asked: bool) -> bool:
        """Whether one of them says yes, on all of them."""
        if len(self.hosts) == 1:
            return asked
        found = collective.allreduce(np.array([int(asked)]), collective.Op.MAX)
        return bool(found[0])

    @contextmanager
    def together(self) -> Iterator[None]:
        """Within it the machines train as one; alone, nothing is different."""
        if len(self.hosts) == 1:
            yield
            return
        tracker = None
        if self.first:
            address = socket.gethostbyname(self.current)
            tracker = RabitTracker(len(self.hosts), address, self.port, sortby="task")
            tracker.start()
        with collective.CommunicatorContext(
            dmlc_communicator="rabit",
            dmlc_tracker_uri=socket.gethostbyname(self.hosts[0]),
            dmlc_tracker_port=self.port,
            dmlc_task_id=f"{self.place:04}",
            dmlc_retry=_RETRIES,
        ):
            if collective.get_rank() != self.place:
                raise xgboost.core.XGBoostError(
                    f"machine {self.place} is number {collective.get_rank()} to the tracker"
                )
            yield
        if tracker is not None:
            tracker.wait_for()
