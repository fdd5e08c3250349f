"""The provider of toys with a cloud on the disk: in this process, or as the plugin that an engine starts."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3])]

from conftest import Cloud, ToyProvider

from sandbox.engine.provider import ReadResult
from sandbox.engine.values import PropertyMap

PLUGIN = """#!/bin/sh
exec '{python}' '{script}' '{shelf}' "$@"
"""


class Shelf(Cloud):
    """What there is and every call that was made, in a file that the processes of both engines share."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._load()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """One call at a time, of all processes."""
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._load()
            try:
                yield
            finally:
                plain = {"toys": self.toys, "calls": self.calls}
                self._path.write_text(json.dumps(plain))

    def next(self, name: str) -> tuple[int, str]:
        """Numbered by name: the order in which resources come is not the same from run to run."""
        serial = self.called("create").count(name)
        return serial, f"{name}-{serial}"

    def _load(self) -> None:
        if self._path.exists():
            plain = json.loads(self._path.read_text())
            self.toys = plain["toys"]
            self.calls = [(operation, name) for operation, name in plain["calls"]]


class ShelfProvider(ToyProvider):
    """A toy provider whose every change is on the disk before it answers."""

    cloud: Shelf

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        with self.cloud.opened():
            return super().create(urn, inputs, timeout, preview)

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        with self.cloud.opened():
            return super().read(urn, id, inputs, properties)

    def update(self, urn: str, *rest: Any) -> PropertyMap:
        with self.cloud.opened():
            return super().update(urn, *rest)

    def delete(self, urn: str, *rest: Any) -> None:
        with self.cloud.opened():
            super().delete(urn, *rest)


def install(folder: Path, shelf: Path) -> Path:
    """Puts `pulumi-resource-toy` into a folder for an engine's PATH; its cloud is `shelf`."""
    folder.mkdir(exist_ok=True)
    path = folder / "pulumi-resource-toy"
    path.write_text(PLUGIN.format(python=sys.executable, script=Path(__file__), shelf=shelf))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


if __name__ == "__main__":
    from sandbox.engine.plugin_server import serve
    from sandbox.engine.provider_service import ProviderService

    cloud = Shelf(Path(sys.argv[1]))
    service = ProviderService(lambda: ShelfProvider(cloud), package="toy", version="1.2.3", folder=Path.cwd())
    sys.exit(serve(service, parent=os.getppid()))
