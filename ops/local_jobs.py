"""A job of the package `ml`, run on this machine by the project's interpreter, and told line by line."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ops.session import Session
from sandbox.engine.interpreters import interpreter_of


@dataclass(frozen=True)
class Ended:
    """How a job ended: its exit status, and what it said."""

    status: int
    lines: Sequence[str]


def run_job(
    session: Session,
    job: str,
    case: str,
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str] = MappingProxyType({}),
    say: Callable[[str], None] = lambda line: None,
) -> Ended:
    """Runs `python -m ml <job> --case <case> …` to its end; `say` gets each line as it comes."""
    lines: list[str] = []
    with subprocess.Popen(
        [str(interpreter_of(session.workspace.project).path), "-m", "ml", job, "--case", case, *arguments],
        cwd=session.workspace.folder,
        env={**session.workspace.environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        for line in process.stdout:
            lines.append(line.rstrip())
            say(lines[-1])
    return Ended(process.returncode, lines)
