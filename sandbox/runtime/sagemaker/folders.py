"""Where are a job's files on this machine? A folder of its own stands in for the container's `/opt/ml`."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.runtime.images.building import SYSTEM_FOLDERS, Image

_PATH = re.compile(r"(?<![\w./-])/[\w.+@%-]+(?:/[\w.+@%-]+)*")
_PLAIN = re.compile(r"[\w/.,+@%:-]+")


class JobFolder:
    """The stand-in for one container's `/opt/ml`, and the rewriting of paths into it."""

    def __init__(self, root: Path) -> None:
        self.root = _plain_path(root)
        self._image: Image | None = None
        self._folders: frozenset[str] = frozenset()

    def path(self, container_path: str) -> Path:
        """The place on this machine of a path in the container."""
        return Path(self.rewrite(container_path))

    def rewrite(self, text: str) -> str:
        """Replaces the prefix `/opt/ml` wherever a path begins with it, and paths of what the image holds."""
        return _PATH.sub(lambda match: self._here(match[0]), text)

    def place(self, image: Image) -> None:
        """Lays the image's files into the folder that is made; from then on their paths are rewritten."""
        self._image = image
        folders = {image.folder}
        for name, file in image.files.items():
            target = self._of_image(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            # RUN is where programs are made executable, and nothing was run.
            target.chmod(0o755 if file.content[:2] == b"#!" else file.mode | 0o600)
            while (name := posixpath.dirname(name)) != "/":
                folders.add(name)
        self._folders = frozenset(folders - {"/"})
        self._of_image(image.folder).mkdir(parents=True, exist_ok=True)

    def working(self) -> Path:
        """Where the image's command begins: its WORKDIR."""
        return self._of_image(self._image.folder) if self._image is not None else self.root

    def surroundings(self, environment: Mapping[str, str]) -> dict[str, str]:
        """An environment with the image's own on top, and the image's programs first on its PATH."""
        if self._image is None:
            return dict(environment)
        own = self.rewrite_values(self._image.environment)
        places = self._image.environment.get("PATH", "").split(":")
        held = [str(self._of_image(place)) for place in places if place in self._folders]
        own["PATH"] = os.pathsep.join([*held, environment["PATH"]])
        return {**environment, **own}

    def _here(self, path: str) -> str:
        if path == "/opt/ml" or path.startswith("/opt/ml/"):
            return f"{self.root}{path[len('/opt/ml') :]}"
        if self._image is None:
            return path
        above = path
        while above != "/":
            own = above in self._image.files or above in self._folders
            if own and (above == path or above not in SYSTEM_FOLDERS):
                return str(self._of_image(path))
            above = posixpath.dirname(above)
        return path

    def _of_image(self, path: str) -> Path:
        if path == "/opt/ml" or path.startswith("/opt/ml/"):
            return Path(f"{self.root}{path[len('/opt/ml') :]}")
        return Path(f"{self.root}/.image{path}")

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
