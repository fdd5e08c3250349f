"""Does a project use AWS? Told by its settings, its state and its files, without running it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ops.workspace import Workspace
from sandbox.engine.project import StackConfig
from sandbox.engine.urn import package_of

_SPOKEN: Final = re.compile(rb"aws|boto", re.IGNORECASE)
_ENDINGS: Final = (".py", ".txt", ".toml", ".in")
_MOST_FILES: Final = 1000
"""A project with more is taken to use AWS: to start the sandbox for nothing costs a second, no more."""


def uses_aws(workspace: Workspace, stack: str, config: StackConfig) -> bool:
    """Whether the stack may come to use AWS, by Pulumi's provider or by a client of its own.

    False only where nothing speaks of it: then no sandbox is started before a provider is asked for.
    """
    if any(key.startswith("aws:") for key in config.values):
        return True
    types = workspace.backend.types(workspace.project.name, stack)
    return any(package_of(type) == "aws" for type in types) or _spoken_of(workspace.project.program_folder)


def _spoken_of(folder: Path) -> bool:
    for number, file in enumerate(_sources(folder)):
        if number == _MOST_FILES:
            return True
        if _SPOKEN.search(file.read_bytes()):
            return True
    return False


def _sources(folder: Path) -> Iterator[Path]:
    """The files of a program and its requirements, without those of environments and of hidden folders."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("node_modules", "__pycache__")
            and not (Path(place) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            path = Path(place) / name
            if name.endswith(_ENDINGS) and path.is_file():
                yield path
