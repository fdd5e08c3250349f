"""Which types there are: the table, put together from one file a service."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sandbox.aws import types as _types
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


def _gather() -> Mapping[str, ResourceType]:
    table: dict[str, ResourceType] = {}
    for module in pkgutil.iter_modules(_types.__path__):
        rows: tuple[ResourceType, ...] = importlib.import_module(f"{_types.__name__}.{module.name}").TYPES
        for row in rows:
            if row.type in table:
                raise DuplicateTypeError(f"{row.type} stands in the table twice")
            table[row.type] = row
    return MappingProxyType(table)


TYPES: Final[Mapping[str, ResourceType]] = _gather()
"""By token, such as `aws:s3/bucket:Bucket`."""
