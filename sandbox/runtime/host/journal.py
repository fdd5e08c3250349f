"""How each change of the emulated cloud is kept on disk, so that a kill loses nothing that was answered.

A file of records, one a change: an 16-byte head (length of the meta data, length of the body kept here,
checksum of both, zero), the meta data as JSON, the body. A body above 256 KiB lies in a file of its own,
named by its SHA-256. A record cut off at the end was never answered, and is dropped when the journal is
opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sandbox.runtime.host.http import HttpRequest

_HEAD = struct.Struct(">IIII")
_BLOB_ABOVE = 256 * 1024


class JournalCorruptError(Exception):
    """A record in the middle of the journal does not match its checksum."""

    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(
            f"{path}: the record at byte {offset} is damaged, and more records follow it. "
            f"To go on without what came later: truncate -s {offset} {path}"
        )


@dataclass(frozen=True)
class Entry:
    """One change: when (seconds since 1970), the seed of its chance, the status it was answered with, the
    request."""

    when: float
    seed: int
    status: int
    request: HttpRequest


class Journal:
    """The records of one sandbox, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._path = folder / "journal"
        self._end = self._sound_length()
        self._file = self._path.open("r+b" if self._path.exists() else "w+b")
        self._file.truncate(self._end)
        self._file.seek(self._end)
        self._file.flush()
        _sync_folder(folder)
        self._write = threading.Lock()
        self._synced = self._end
        self._sync = threading.Lock()

    def append(self, entry: Entry) -> int:
        """Writes one change and returns what `sync` is to be asked for."""
        body, blob = entry.request.body, ""
        if len(body) > _BLOB_ABOVE:
            body, blob = b"", self._keep(body)
        request = entry.request
        meta = json.dumps(
            {
                "when": entry.when,
                "seed": entry.seed,
                "status": entry.status,
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "headers": request.headers,
                "blob": blob,
            }
        ).encode()
        record = _record(meta, body)
        with self._write:
            self._file.write(record)
            self._file.flush()
            self._end += len(record)
            return self._end

    def sync(self, until: int) -> None:
        """Returns once everything written up to `until` is on disk."""
        with self._sync:
            if self._synced >= until:
                return
            reached = self._end
            os.fdatasync(self._file.fileno())
            self._synced = reached

    def entries(self) -> Iterator[Entry]:
        """Every change, oldest first."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            while (record := _read(file)) is not None:
                yield self._entry(*record)

    def keep_only(self, matters: Callable[[Entry], bool]) -> int:
        """Leaves out the entries that do not matter, and returns how many are left. A kill in between harms
        nothing."""
        fresh = self._path.with_name("journal.fresh")
        kept, blobs = 0, set()
        with self._write, self._sync:
            with fresh.open("wb") as file, self._path.open("rb") as old:
                while (record := _read(old)) is not None:
                    meta, body = record
                    entry = self._entry(meta, body)
                    if matters(entry):
                        file.write(_record(meta, body))
                        blobs.add(json.loads(meta)["blob"])
                        kept += 1
                file.flush()
                os.fsync(file.fileno())
            self._file.close()
            fresh.replace(self._path)
            _sync_folder(self._path.parent)
            self._file = self._path.open("r+b")
            self._end = self._synced = self._file.seek(0, os.SEEK_END)
            for blob in self._blobs.iterdir():
                if blob.name not in blobs:
                    blob.unlink()
        return kept

    def clear(self) -> None:
        """Forgets every change."""
        with self._write, self._sync:
            self._file.truncate(0)
            self._file.seek(0)
            os.fsync(self._file.fileno())
            self._end = self._synced = 0
            for blob in self._blobs.iterdir():
                blob.unlink()

    def close(self) -> None:
        """Syncs and closes the file."""
        self.sync(self._end)
        self._file.close()

    def _entry(self, meta: bytes, body: bytes) -> Entry:
        kept = json.loads(meta)
        if kept["blob"]:
            body = (self._blobs / kept["blob"]).read_bytes()
        headers = tuple((name, value) for name, value in kept["headers"])
        request = HttpRequest(kept["method"], kept["path"], kept["query"], headers, body)
        return Entry(kept["when"], kept["seed"], kept["status"], request)

    def _keep(self, body: bytes) -> str:
        name = hashlib.sha256(body).hexdigest()
        path = self._blobs / name
        if not path.exists():
            fresh = self._blobs / f".{name}.{threading.get_ident()}"
            with fresh.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            _sync_folder(self._blobs)
        return name

    def _sound_length(self) -> int:
        if not self._path.exists():
            return 0
        size = self._path.stat().st_size
        end = 0
        with self._path.open("rb") as file:
            while _read(file) is not None:
                end = file.tell()
            if end < size and self._more_follows(file, end):
                raise JournalCorruptError(self._path, end)
        return end

    def _more_follows(self, file: BinaryIO, offset: int) -> bool:
        """Whether the record at `offset` is whole in length, damaged, and not the last."""
        file.seek(offset)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return False
        meta, body, _, zero = _HEAD.unpack(head)
        if zero != 0:
            return False
        file.seek(offset + _HEAD.size + meta + body)
        return _read(file) is not None


def _record(meta: bytes, body: bytes) -> bytes:
    return _HEAD.pack(len(meta), len(body), zlib.crc32(body, zlib.crc32(meta)), 0) + meta + body


def _read(file: BinaryIO) -> tuple[bytes, bytes] | None:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    meta_size, body_size, checksum, _ = _HEAD.unpack(head)
    meta, body = file.read(meta_size), file.read(body_size)
    if not meta or len(body) < body_size or zlib.crc32(body, zlib.crc32(meta)) != checksum:
        return None
    return meta, body


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
