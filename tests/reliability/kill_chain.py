"""A chain of kills, and what is left after it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Chain:
    """How a chain of kills went."""

    kills: int
    calls: Mapping[str, int]
    """At how many calls of each kind the engine was killed."""
    seconds: float
    result: str
    errors: list[str]
    changes: Mapping[str, int]
    """What the last run did, which nobody killed."""


def chain(
    folder: Path,
    action: str,
    when: str,
    environment: Mapping[str, str],
    *,
    share: float = 1,
    seed: int = 1,
    only: str = "",
) -> Chain:
    """Kills an engine at one call after the other until a run gets through (`killed_engine.py`)."""
    done = subprocess.run(
        [
            *(sys.executable, HERE / "killed_engine.py", folder, "dev", action, when),
            *("--share", str(share), "--seed", str(seed)),
            *(("--only", only) if only else ()),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = Chain(**json.loads(done.stdout))
    print(f"{action}, killed {when} each {only or 'call'}: {told}")
    assert told.result == "succeeded", told
    return told
