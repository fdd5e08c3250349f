"""Where the runtime's own documents are kept: one SQLite file, synced at each change."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


class SqliteDocuments:
    """Documents in `path`; every write is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = full")
        self._database.execute(_TABLE)
        self._database.execute("create index if not exists documents_by_place on documents (place)")

    def put(self, kind: str, key: str, document: Mapping[str, Any]) -> None:
        """Keeps a document in the place of its first put."""
        with self._lock:
            self._database.execute(_PUT, (kind, key, json.dumps(document)))

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """One document, or none."""
        query = "select document from documents where kind = ? and key = ?"
        with self._lock:
            row = self._database.execute(query, (kind, key)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def delete(self, kind: str, key: str) -> None:
        """Forgets a document; one that is not there is no error."""
        with self._lock:
            self._database.execute("delete from documents where kind = ? and key = ?", (kind, key))

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every document of a kind, in the order in which they were first put."""
        query = "select document from documents where kind = ? order by place"
        with self._lock:
            return [dict(json.loads(row[0])) for row in self._database.execute(query, (kind,))]

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._database.execute("delete from documents")

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._database.close()
