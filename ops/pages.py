"""Writes docs/cost.md and docs/platform.md from plans of the three environments: `python -m ops.pages`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ops.cost.page import cost_page
from ops.graph.page import platform_page
from ops.releases import Release
from ops.screen import Screen
from ops.session import Session
from ops.target import sandbox_account
from ops.workspace import Workspace
from sandbox.engine.state import Resource
from sandbox.runtime import daemon

STACKS: Final = ("dev", "staging", "prod")


def plans(folder: Path) -> dict[str, Sequence[Resource]]:
    """What each environment holds once it is up and serves a model, from plans in a sandbox of their own."""
    found: dict[str, Sequence[Resource]] = {}
    with tempfile.TemporaryDirectory(prefix="groundplan-pages-") as temporary:
        workspace = Workspace.find(folder, kept=Path(temporary))
        try:
            for stack in STACKS:
                workspace.releases.put(stack, Release(_package(workspace, stack)))
                found[stack] = Session(workspace, stack, Screen(sys.stderr, sys.stderr)).plan()
        finally:
            daemon.stop(workspace.sandbox_root)
    return found


def pages(folder: Path, found: Mapping[str, Sequence[Resource]]) -> dict[Path, str]:
    """The text of each page, by its path in the project's folder."""
    return {
        Path("docs/cost.md"): cost_page(found),
        Path("docs/platform.md"): platform_page(folder, found),
    }


def _package(workspace: Workspace, stack: str) -> str:
    """A model package that the plan serves; nothing looks whether it is there."""
    region = workspace.config(stack).values["aws:region"]
    group = f"{workspace.project.name}-{stack}-model"
    return f"arn:aws:sagemaker:{region}:{sandbox_account(workspace, stack)}:model-package/{group}/1"


def main() -> int:
    """Writes both pages of the project in this folder."""
    folder = Path.cwd()
    for path, text in pages(folder, plans(folder)).items():
        (folder / path).write_text(text, encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
