"""Where the runtime's own documents are kept: one SQLite file. What is written is on disk when that returns.

Writers that come at the same time share one commit, and so one sync to disk: the first of them that gets the
file writes what all of them brought. Readers have a connection of their own and see what is committed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.runtime.overlay import DocumentChange

_TABLE = """
create table if not exists documents (
  kind text not null, key text not null, place integer not null, document text not null,
  primary key (kind, key)
) without rowid
"""
_PUT = """
insert into documents values (?1, ?2, (select coalesce(max(place), 0) + 1 from documents), ?3)
on conflict (kind, key) do update set document = excluded.document
"""
_DELETE = "delete from documents where kind = ? and key = ?"


@dataclass
class _Write:
    """What one writer brought: statements with their values, and what came of them."""

    statements: Sequence[tuple[str, tuple[str, ...]]]
    done: bool = False
    error: BaseException | None = None


class SqliteDocuments:
    """Documents in `path`; every write is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.execute(_TABLE)
        self._database.execute("create index if not exists documents_by_place on documents (place)")
        self._reading = threading.Lock()
        self._reader = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._queueing = threading.Lock()
        self._queue: list[_Write] = []

    def put(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Keeps a document in the place of its first put."""
        self.write([(kind, key, document)])

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """One document, or none."""
        query = "select document from documents where kind = ? and key = ?"
        with self._reading:
            row = self._reader.execute(query, (kind, key)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def delete(self, kind: str, key: str) -> None:
        """Forgets a document; one that is not there is no error."""
        self.write([(kind, key, None)])

    def write(self, changes: Sequence[DocumentChange]) -> None:
        """Puts and deletes documents, all of them or none. Raises sqlite3.Error where it is none."""
        self._write(
            [
                (_DELETE, (kind, key)) if document is None else (_PUT, (kind, key, json.dumps(document)))
                for kind, key, document in changes
            ]
        )

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every document of a kind, in the order in which they were first put."""
        query = "select document from documents where kind = ? order by place"
        with self._reading:
            rows = self._reader.execute(query, (kind,)).fetchall()
        return [dict(json.loads(row[0])) for row in rows]

    def clear(self) -> None:
        """Forgets everything."""
        self._write([("delete from documents", ())])

    def close(self) -> None:
        """Closes the file."""
        with self._writing, self._reading:
            self._reader.close()
            self._database.close()

    def _write(self, statements: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        """Returns once they are committed, by this thread or by another that took them along."""
        mine = _Write(statements)
        with self._queueing:
            self._queue.append(mine)
        with self._writing:
            if not mine.done:
                with self._queueing:
                    group, self._queue = self._queue, []
                self._commit_all(group)
        if mine.error is not None:
            raise mine.error

    def _commit_all(self, group: Sequence[_Write]) -> None:
        try:
            self._commit([one for write in group for one in write.statements])
        except sqlite3.Error as wrong:
            # Nothing of it was committed. Each by itself, so that a writer hears of its own failure alone.
            for write in group:
                write.error = wrong if len(group) == 1 else self._failure_of(write)
        except BaseException as ended:
            for write in group:
                write.error = ended
            raise
        finally:
            for write in group:
                write.done = True

    def _failure_of(self, write: _Write) -> sqlite3.Error | None:
        try:
            self._commit(write.statements)
        except sqlite3.Error as wrong:
            return wrong
        return None

    def _commit(self, statements: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        self._database.execute("begin immediate")
        try:
            for statement, values in statements:
                self._database.execute(statement, values)
            self._database.execute("commit")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("rollback")
            raise
