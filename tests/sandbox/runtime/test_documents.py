"""The runtime's own documents: kept in order, written together or not at all, each writer by itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.runtime.host import documents
from sandbox.runtime.host.documents import SqliteDocuments

_WRITES_UNTIL_IT_IS_KILLED = """
import sys, threading
from pathlib import Path
from sandbox.runtime.host.documents import SqliteDocuments

kept = SqliteDocuments(Path(sys.argv[1]))
said = threading.Lock()

def write(writer):
    for number in range(1_000_000):
        kept.write([(f"writer {writer}", "last", {"number": number}), (f"writer {writer}", str(number), {})])
        with said:
            print(writer, number, flush=True)

for writer in range(8):
    threading.Thread(target=write, args=(writer,)).start()
"""


def test_documents_keep_the_place_of_their_first_put(tmp_path: Path) -> None:
    kept = SqliteDocuments(tmp_path / "documents.sqlite")
    for key in ("first", "second", "third"):
        kept.put("kind", key, {"key": key})
    kept.put("kind", "first", {"key": "first", "again": True})
    kept.delete("kind", "second")
    kept.put("kind", "second", {"key": "second"})
    assert [one["key"] for one in kept.all("kind")] == ["first", "third", "second"]
    assert kept.get("kind", "first") == {"key": "first", "again": True}
    assert kept.get("kind", "none") is None
    kept.close()


def test_what_is_written_together_is_there_together_or_not_at_all(tmp_path: Path) -> None:
    kept = SqliteDocuments(tmp_path / "documents.sqlite")
    kept.put("kind", "old", {})
    with pytest.raises(sqlite3.Error):
        kept.write([("kind", "new", {}), ("kind", "old", None), ("kind", None, {})])  # type: ignore[list-item]
    assert kept.get("kind", "new") is None
    assert kept.get("kind", "old") == {}
    kept.close()


def test_writers_that_come_together_share_a_commit_and_each_hears_of_its_own_failure(tmp_path: Path) -> None:
    kept = SqliteDocuments(tmp_path / "documents.sqlite")
    commits: list[str] = []
    kept._database.set_trace_callback(lambda statement: commits.append(statement.casefold()))
    heard: dict[int, str] = {}
    kept._writing.acquire()

    def write(number: int) -> None:
        key = None if number == 7 else str(number)
        try:
            kept.put("kind", key, {"number": number})  # type: ignore[arg-type]
            heard[number] = "written"
        except sqlite3.Error as failed:
            heard[number] = type(failed).__name__

    with ThreadPoolExecutor(16) as pool:
        for number in range(16):
            pool.submit(write, number)
        while len(kept._queue) < 16:
            threading.Event().wait(0.001)
        assert not heard
        kept._writing.release()
    assert heard == {number: "IntegrityError" if number == 7 else "written" for number in range(16)}
    assert {one["number"] for one in kept.all("kind")} == set(range(16)) - {7}
    commits.clear()
    kept._writing.acquire()
    with ThreadPoolExecutor(16) as pool:
        for number in range(20, 36):
            pool.submit(write, number)
        while len(kept._queue) < 16:
            threading.Event().wait(0.001)
        kept._writing.release()
    assert commits.count("commit") == 1
    assert {one["number"] for one in kept.all("kind")} == {*range(16), *range(20, 36)} - {7}
    kept.close()


def test_whatever_concurrent_writers_were_answered_outlives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    root = Path(documents.__file__).parents[3]
    answered: dict[int, int] = {}
    with subprocess.Popen(
        [sys.executable, "-c", _WRITES_UNTIL_IT_IS_KILLED, str(path)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            writer, number = line.split()
            answered[int(writer)] = int(number)
            if sum(answered.values()) > 200 and len(answered) == 8:
                process.kill()
                break
        for line in process.stdout:
            if line.endswith("\n"):
                writer, number = line.split()
                answered[int(writer)] = int(number)
    kept = SqliteDocuments(path)
    for one, newest in answered.items():
        last = kept.get(f"writer {one}", "last")
        assert last is not None
        # A write whose answer the kill cut off may be there, and then all of it.
        assert last["number"] in (newest, newest + 1)
        assert len(kept.all(f"writer {one}")) == last["number"] + 2
    kept.close()
