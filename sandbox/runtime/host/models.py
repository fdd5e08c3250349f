"""How the process holds each of botocore's data files once.

Every session has a loader with a cache of its own, and the emulator opens a session for each of its services:
the model of EC2 alone (some 10 MB once it is read) would be read five times. Nobody changes what is read
but the loader itself, which adds the same extras each time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader


def install() -> None:
    """Has every loader share what was read. To be called once, before the first session."""
    read = JSONFileLoader.load_file

    @cache
    def shared(path: str) -> Any:
        return read(JSONFileLoader(), path)

    def load(self: JSONFileLoader, file_path: str) -> Any:
        return shared(file_path)

    JSONFileLoader.load_file = load  # type: ignore[method-assign]
