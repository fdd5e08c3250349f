"""What have earlier runs read? Each part by its digest, and its checked rows as Parquet."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ml.container import JobFailed, write_json
from ml.quality.contract import Source

_FORMAT = 1


class LedgerUnreadable(JobFailed):
    """A state folder does not hold what this code writes."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} cannot be read: {why}. Allowed: a ledger of format {_FORMAT}, as `prepare --state` "
            "writes it. Remove the folder: the next run reads every part again."
        )


class StateInUse(JobFailed):
    """Another run works with the same state folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"Another run is using {folder}; wait for it to end, or give another --state.")


class RemovedParts(JobFailed):
    """Parts that earlier runs have read are there no more."""

    def __init__(self, source: str, names: list[str]) -> None:
        one = f"{source}/{names[0]}.csv" if names[0] else f"{source}.csv"
        super().__init__(
            f"{len(names)} of the parts that earlier runs read are gone: {source}: "
            f"{', '.join(name or one for name in names)}. Put them back, or run with --forget to go on "
            "without their rows."
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A part that was read: the SHA-256 of its file, its version, its rows, and its file in the store."""

    sha256: str
    version: str
    rows: int
    store: str


@dataclass
class Ledger:
    """What was read, by source and part. Changes are kept by `commit`, all at once."""

    folder: Path
    entries: dict[str, dict[str, Entry]]
    fresh: dict[str, dict[str, Entry]] = field(default_factory=dict)
    """What this run has read or found unchanged."""

    def removed(self, source: str, there: list[str]) -> list[str]:
        """The parts of a source that were read once and are not there now."""
        return sorted(set(self.entries.get(source, {})) - set(there))

    def known(self, source: str, part: str, sha256: str, contract: Source) -> Entry | None:
        """The part as it was read before, if its file and its contract are still the same."""
        entry = self.entries.get(source, {}).get(part)
        if entry is None or entry.sha256 != sha256 or entry.store != self.store(sha256, contract):
            return None
        return entry if self.path(entry.store).is_file() else None

    def store(self, sha256: str, contract: Source) -> str:
        """The name in the store: by what a part holds, and by what it was checked against."""
        checked = repr((_FORMAT, contract.name, contract.columns, contract.key))
        return f"{hashlib.sha256(f'{sha256} {checked}'.encode()).hexdigest()[:32]}.parquet"

    def path(self, store: str) -> Path:
        return self.folder / "parts" / store

    def note(self, source: str, part: str, entry: Entry) -> None:
        """Takes a part into what `commit` keeps."""
        self.fresh.setdefault(source, {})[part] = entry

    def commit(self) -> None:
        """Keeps what this run noted, in one step, then clears the store of what nothing refers to."""
        plain = {
            source: {part: asdict(entry) for part, entry in parts.items()}
            for source, parts in self.fresh.items()
        }
        write_json(self.folder / "ledger.json", {"format": _FORMAT, "sources": plain})
        wanted = {entry.store for parts in self.fresh.values() for entry in parts.values()}
        for path in (self.folder / "parts").iterdir():
            if path.name not in wanted:
                path.unlink()


@contextmanager
def opened(folder: Path) -> Iterator[Ledger]:
    """The ledger in a folder, for this run alone. Raises LedgerUnreadable or StateInUse."""
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    # The system gives the lock back however the process ends.
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(folder) from None
        yield Ledger(folder, _read(folder / "ledger.json"))
    finally:
        os.close(lock)


def _read(path: Path) -> dict[str, dict[str, Entry]]:
    if not path.exists():
        return {}
    try:
        plain = json.loads(path.read_text())
        if plain["format"] != _FORMAT:
            raise LedgerUnreadable(path, f"it is of format {plain['format']}")
        sources: Mapping[str, Mapping[str, Mapping[str, object]]] = plain["sources"]
        return {
            source: {part: Entry(**entry) for part, entry in parts.items()}  # type: ignore[arg-type]
            for source, parts in sources.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerUnreadable(path, f"{type(error).__name__}: {error}") from None
