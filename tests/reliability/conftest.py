"""What the reliability tests share lies beside them; this folder must be found for it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # pytest imports by file: what tests share is not found else

from inventory import Inventory  # noqa: E402
from sandboxed import Stack  # noqa: E402


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The small program in a folder of its own, not up yet, and its sandbox."""
    folder = tmp_path_factory.mktemp("small").resolve()
    (folder / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    shutil.copy(HERE / "small_program.py", folder / "__main__.py")
    stack = Stack(folder)
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def plain(small: Stack) -> Inventory:
    """What the cloud holds after an undisturbed up of the small program, which is gone again."""
    small.succeed("up")
    found = small.inventory()
    small.succeed("destroy")
    assert small.inventory() == {}
    return found
