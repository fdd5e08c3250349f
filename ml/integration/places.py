"""Where files lie: in folders of this machine, or where only the engine reads (`ml/integration/spark.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Edges:
    """How a file begins and ends: its first line without the line break, and its last byte."""

    first: bytes
    last: bytes


class Files(Protocol):
    """What is asked of files beside reading their rows; a path is a local one, or a URI such as s3://…"""

    def is_file(self, path: str) -> bool: ...

    def listed(self, folder: str, ending: str) -> list[str]:
        """The names of the files in a folder that end so, sorted; none where there is no folder."""
        ...

    def edges(self, path: str) -> Edges: ...

    def local(self, path: str) -> AbstractContextManager[Path]:
        """The file on this machine, for as long as the context lasts."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Writes a file whole, with the folders that it needs."""
        ...


class LocalFiles:
    """The files of this machine."""

    def is_file(self, path: str) -> bool:
        return Path(path).is_file()

    def listed(self, folder: str, ending: str) -> list[str]:
        place = Path(folder)
        if not place.is_dir():
            return []
        return sorted(found.name for found in place.iterdir() if found.name.endswith(ending))

    def edges(self, path: str) -> Edges:
        with Path(path).open("rb") as file:
            first = file.readline()
            file.seek(0, 2)
            file.seek(max(file.tell() - 1, 0))
            return Edges(first.rstrip(b"\r\n"), file.read(1))

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        yield Path(path)

    def write(self, path: str, content: bytes) -> None:
        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = place.with_name(f"{place.name}.partial")
        scratch.write_bytes(content)
        scratch.replace(place)
