"""Which Python runs a project's program: its own virtual environment's, or this one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.project import Project

_POETRY_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Interpreter:
    """A Python, and what a person should know of the choice; `note` is empty where there is nothing."""

    path: Path
    note: str = ""


def interpreter_of(project: Project) -> Interpreter:
    """The interpreter of the project's virtual environment where it exists; else this one, with a note.

    `virtualenv` names the environment. With `toolchain: uv` it is `.venv` by default; with `toolchain:
    poetry` it is that too, or where Poetry says.
    """
    options = project.runtime_options
    name, toolchain = options.get("virtualenv", ""), options.get("toolchain", "")
    if not name and toolchain not in ("uv", "poetry"):
        return Interpreter(Path(sys.executable))
    environment = project.folder / (name or ".venv")
    path = _python(environment)
    if not path.exists() and not name and toolchain == "poetry":
        path = _python(_poetrys(project.folder) or environment)
    if path.exists():
        return Interpreter(path)
    make = {
        "uv": "uv sync",
        "poetry": "poetry install",
    }.get(toolchain, f"python3 -m venv {name} && {name}/bin/pip install -r requirements.txt")
    return Interpreter(
        Path(sys.executable),
        f"the project's virtual environment {environment} does not exist: the program runs with the "
        f"sandbox's own interpreter, {sys.executable}. To make it: {make}",
    )


def _python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _poetrys(folder: Path) -> Path | None:
    """The environment that Poetry keeps for the project, often outside its folder."""
    poetry = shutil.which("poetry")
    if poetry is None:
        return None
    done = subprocess.run(
        [poetry, "env", "info", "--path"],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_POETRY_SECONDS,
        check=False,
    )
    return Path(done.stdout.strip()) if done.returncode == 0 and done.stdout.strip() else None
