"""Where are a job's files on this machine? A folder of its own stands in for the container's `/opt/ml`."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_PREFIX = re.compile(r"(?<![\w./-])/opt/ml(?![\w.-])")
_PLAIN = re.compile(r"[\w/.,+@%:-]+")


class JobFolder:
    """The stand-in for one container's `/opt/ml`, and the rewriting of paths into it."""

    def __init__(self, root: Path) -> None:
        self.root = _plain_path(root)

    def path(self, container_path: str) -> Path:
        """The place on this machine of a path in the container."""
        return Path(self.rewrite(container_path))

    def rewrite(self, text: str) -> str:
        """Replaces the prefix `/opt/ml` wherever a path begins with it."""
        return _PREFIX.sub(lambda _: str(self.root), text)

    def rewrite_all(self, texts: Sequence[str]) -> list[str]:
        return [self.rewrite(text) for text in texts]

    def rewrite_values(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.rewrite(value) for name, value in values.items()}

    def make(self, *names: str) -> None:
        """Makes the folders of these names, and the root, empty."""
        shutil.rmtree(self.root.resolve(), ignore_errors=True)
        self.root.resolve().mkdir(parents=True)
        for name in names:
            (self.root / name).mkdir(parents=True)

    def remove(self) -> None:
        shutil.rmtree(self.root.resolve(), ignore_errors=True)


def _plain_path(root: Path) -> Path:
    """A path that needs no quoting: job arguments are shell scripts as often as not.

    A checkout under a folder with a space in its name is reached through a link in the temporary folder.
    """
    root.mkdir(parents=True, exist_ok=True)
    if _PLAIN.fullmatch(str(root)):
        return root
    digest = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    link = Path(tempfile.gettempdir()) / f"sandbox-{digest}"
    if not link.is_symlink() or link.resolve() != root.resolve():
        link.unlink(missing_ok=True)
        link.symlink_to(root.resolve(), target_is_directory=True)
    return link
