"""Which types there are: the table of one file a service, each read when it is first asked for."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import threading
from collections.abc import Iterator, Mapping
from typing import Final

from sandbox.aws import types as _types
from sandbox.aws.schema import row_file
from sandbox.aws.table import ResourceType
from sandbox.engine.provider import ProviderError


class UnknownTypeError(ProviderError):
    """A type that the table does not have."""

    def __init__(self, token: str) -> None:
        folder = token.split(":")[1].split("/")[0] if token.count(":") == 2 else "service"
        super().__init__(
            f"{token} is not known to the sandbox. Add a ResourceType to sandbox/aws/types/{folder}.py "
            "(one entry: its create, read, update and delete), then run "
            "`python -m sandbox.aws.schema_source`. `groundplan sandbox types` lists those that are there."
        )
        self.token = token


class DuplicateTypeError(Exception):
    """Two rows of the table for one type."""


class Catalog(Mapping[str, ResourceType]):
    """The table by token, such as `aws:s3/bucket:Bucket`.

    A program uses a few services of some hundred: a look-up reads the one file that the schemas name for the
    type; whoever goes over all of them, or asks for what no schema knows, reads every file.
    """

    def __init__(self) -> None:
        self._rows: dict[str, ResourceType] = {}
        self._files: dict[str, str] = {}
        """By token, the file that holds its row."""
        self._read: set[str] = set()
        self._lock = threading.RLock()

    def __getitem__(self, token: str) -> ResourceType:
        if token not in self._rows:
            file = row_file(token)
            if file is None or not self._load(file):
                self._everything()
        return self._rows[token]

    def __iter__(self) -> Iterator[str]:
        return iter(self._everything())

    def __len__(self) -> int:
        return len(self._everything())

    def file_of(self, token: str) -> str:
        """The file in `sandbox/aws/types/` that holds a type's row, without its ending."""
        self._everything()
        return self._files[token]

    def _everything(self) -> Mapping[str, ResourceType]:
        for module in pkgutil.iter_modules(_types.__path__):
            self._load(module.name)
        return self._rows

    def _load(self, file: str) -> bool:
        """Reads one file; whether there is one."""
        with self._lock:
            if file in self._read:
                return True
            if importlib.util.find_spec(f"{_types.__name__}.{file}") is None:
                return False
            rows: tuple[ResourceType, ...] = importlib.import_module(f"{_types.__name__}.{file}").TYPES
            for row in rows:
                if row.type in self._rows:
                    raise DuplicateTypeError(f"{row.type} stands in the table twice")
                self._rows[row.type] = row
                self._files[row.type] = file
            self._read.add(file)
            return True


TYPES: Final = Catalog()
