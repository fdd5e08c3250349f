"""What is a job? A name, the arguments that it takes, and the work that it does for a use case."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from ml.case import UseCase
from ml.container import Job as Kind


@dataclass(frozen=True, kw_only=True)
class Job:
    """`work` gets the use case and the parsed arguments; it may raise what `ml.container.run` foresees.

    A job's module imports nothing that `needs` names, which `ml.dependencies.ensure` installs first.
    """

    kind: Kind
    what: str
    needs: tuple[str, ...]
    arguments: Callable[[argparse.ArgumentParser], None]
    work: Callable[[UseCase, argparse.Namespace], None]
    open_ended: bool = False
    """Whether it takes further arguments, unparsed, as the list `more`."""
