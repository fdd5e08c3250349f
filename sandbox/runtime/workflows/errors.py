"""How does a state fail? By an error's name, which Retry and Catch look for, and a cause."""

from __future__ import annotations

from collections.abc import Sequence

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
TASK_FAILED = "States.TaskFailed"
_UNCAUGHT = frozenset({RUNTIME, "States.DataLimitExceeded"})
"""What `States.ALL` does not cover."""


class StateError(Exception):
    """A state failed."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


def covers(names: Sequence[str], error: str) -> bool:
    """Whether an ErrorEquals covers an error.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    if error in names:
        return True
    if TASK_FAILED in names and error != TIMEOUT and error not in _UNCAUGHT:
        return True
    return "States.ALL" in names and error not in _UNCAUGHT
