"""Who may change a record now? One writer for each record, and writers of other records beside it."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

_LOCKS: Final = 1024


class RecordLocks:
    """Locks of records by what identifies them; a few records share one, which only makes them wait."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    @contextmanager
    def held(self, records: Iterable[Hashable]) -> Iterator[None]:
        """Holds the locks of records, always taken in one order: two writers cannot block each other."""
        with ExitStack() as stack:
            for place in sorted({hash(record) % _LOCKS for record in records}):
                stack.enter_context(self._locks[place])
            yield
