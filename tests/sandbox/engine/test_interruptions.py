"""A run killed or cancelled at any point: nothing lost, nothing made twice, and the next run converges."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, os, signal, sys
from pathlib import Path

sys.path.insert(0, {tests!r})
import conftest
from conftest import RecoveringProvider, Workspace

shelf = Path({shelf!r})
point = sys.argv[1]
seen = 0

class Durable(conftest.Cloud):
    def __init__(self):
        super().__init__()
        self.toys = json.loads(shelf.read_text()) if shelf.exists() else {{}}
        self.serial = max([int(key.split("-")[1]) for key in self.toys] or [0])

class Killed(RecoveringProvider):
    def die(self, where, urn):
        global seen
        if where == point.split(":")[0]:
            seen += 1
            if seen == int(point.split(":")[1]):
                # Not while another thread writes the shelf: the cloud is not what dies.
                with lock:
                    os.kill(os.getpid(), signal.SIGKILL)

    def save(self):
        shelf.write_text(json.dumps(self.cloud.toys))

    def create(self, urn, inputs, timeout, preview):
        self.die("before-create", urn)
        with lock:
            result = super().create(urn, inputs, timeout, preview)
            self.save()
        self.die("after-create", urn)
        return result

    def update(self, urn, *rest):
        with lock:
            result = super().update(urn, *rest)
            self.save()
        self.die("after-update", urn)
        return result

    def delete(self, urn, *rest):
        with lock:
            super().delete(urn, *rest)
            self.save()
        self.die("after-delete", urn)

import threading
lock = threading.RLock()
workspace = Workspace.__new__(Workspace)
workspace.folder = Path({folder!r})
workspace.state = workspace.folder / ".state"
workspace.cloud = Durable()
workspace.provider = Killed
outcome = workspace.run(sys.argv[2])
workspace.cloud.toys and None
print(json.dumps({{"result": outcome.summary.result, "errors": outcome.summary.errors,
                  "changes": dict(outcome.summary.changes)}}))
"""

TOYS = """
a = Toy("a", size=SIZE)
b = Toy("b", kind="KIND", size=a.serial)
c = Toy("c", kind="KIND", before=True)
for name in NAMES:
    Toy(name, size=c.serial)
"""


class Killable:
    """Runs the engine in processes of their own, over a cloud that outlives them."""

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace
        self.shelf = workspace.folder / "shelf.json"
        self.script = workspace.folder / "killable.py"
        self.script.write_text(
            PROGRAM.format(
                tests=str(Path(__file__).parent), shelf=str(self.shelf), folder=str(workspace.folder)
            )
        )

    def run(self, point: str, kind: str) -> dict[str, Any] | None:
        done = subprocess.run(
            [sys.executable, str(self.script), point, kind],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode == -signal.SIGKILL:
            return None
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    def toys(self) -> list[str]:
        return sorted(toy["urn"].rsplit("::")[-1] for toy in json.loads(self.shelf.read_text()).values())


def _programs_end(folder: Path) -> bool:
    """Whether the programs of a killed engine end with it, within seconds (told where there is a `/proc`)."""
    for _ in range(200):
        commands = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                commands.append(path.read_bytes())
        if not any(b"language_host" in command and str(folder).encode() in command for command in commands):
            return True
        time.sleep(0.05)
    return False


def _program(size: int, kind: str, names: str) -> str:
    return TOYS.replace("SIZE", str(size)).replace("KIND", kind).replace("NAMES", names)


@pytest.mark.parametrize(
    "point", ["before-create:2", "after-create:1", "after-create:3", "after-update:1", "after-delete:1"]
)
def test_a_killed_run_is_made_good_by_the_next(workspace: Any, point: str) -> None:
    killable = Killable(workspace)
    if not point.startswith(("before-create", "after-create:1")):
        workspace.program(_program(1, "wood", "['x', 'y']"))
        first = killable.run("never:0", "up")
        assert first is not None
        assert first["result"] == "succeeded", first
    workspace.program(_program(2, "steel", "['x', 'z']"))
    assert killable.run(point, "up") is None
    assert _programs_end(workspace.folder)
    again = killable.run("never:0", "up")
    assert again is not None
    assert again["result"] == "succeeded", again
    assert killable.toys() == ["a", "b", "c", "x", "z"]
    last = killable.run("never:0", "up")
    assert last is not None
    assert set(last["changes"]) == {"same"}
    known = {item.id for item in workspace.engine().resources("dev") if item.type == "toy:index:Toy"}
    assert known == set(json.loads(killable.shelf.read_text()))


def test_a_twin_is_not_taken_for_the_lost_one(workspace: Any) -> None:
    killable = Killable(workspace)
    workspace.program("Toy('one', label='twin')")
    assert killable.run("never:0", "up") is not None
    workspace.program("Toy('one', label='twin')\nToy('two', label='twin')")
    assert killable.run("after-create:1", "up") is None
    again = killable.run("never:0", "up")
    assert again is not None
    assert again["result"] == "succeeded", again
    assert killable.toys() == ["one", "two"]
    known = {item.id for item in workspace.engine().resources("dev") if item.type == "toy:index:Toy"}
    assert known == set(json.loads(killable.shelf.read_text()))


def test_a_killed_destroy_goes_on(workspace: Any) -> None:
    killable = Killable(workspace)
    workspace.program(_program(1, "wood", "['x']"))
    assert killable.run("never:0", "up") is not None
    assert killable.run("after-delete:2", "destroy") is None
    done = killable.run("never:0", "destroy")
    assert done is not None
    assert done["result"] == "succeeded"
    assert killable.toys() == []
    assert workspace.engine().resources("dev") == []


def test_without_a_provider_that_recovers_the_next_run_warns(workspace: Any) -> None:
    workspace.succeed("Toy('one')")
    path = workspace.backend.path("test", "dev")
    plain = json.loads(path.read_text())
    latest = plain["checkpoint"]["latest"]
    one = next(item for item in latest["resources"] if item["type"] == "toy:index:Toy")
    lost = {**one, "urn": one["urn"].replace("one", "lost"), "id": "", "outputs": {}}
    latest["pending_operations"] = [{"resource": lost, "type": "creating"}]
    path.write_text(json.dumps(plain))
    workspace.forget()
    outcome = workspace.succeed()
    assert "lost (creating)" in outcome.messages("warning")
    assert "pending_operations" in path.read_text()
    workspace.run("destroy")
    assert "pending_operations" in path.read_text()


class Pause:
    """Holds a create until it is let go."""

    def __init__(self, workspace: Any, name: str) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()
        self._name = name
        workspace.cloud.on_call = self

    def __call__(self, operation: str, name: str) -> None:
        if (operation, name) == ("create", self._name):
            self.reached.set()
            assert self.go.wait(30)
        if operation == "cancel":
            self.go.set()


def test_the_first_cancel_lets_what_is_under_way_finish(workspace: Any) -> None:
    pause = Pause(workspace, "slow")
    workspace.program("slow = Toy('slow')\nToy('after', size=slow.serial)")
    engine = workspace.engine()

    def cancel() -> None:
        assert pause.reached.wait(30)
        engine.cancel()
        pause.go.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    summary = engine.up("dev", workspace.config(), lambda event: None)
    thread.join()
    assert summary.result == "cancelled"
    assert workspace.names() == {"test-dev", "default_1_2_3", "slow"}
    assert workspace.succeed().summary.changes == {"same": 2, "create": 1}


def test_the_second_cancel_waits_for_nobody_and_the_next_run_finds_what_was_made(workspace: Any) -> None:
    pause = Pause(workspace, "stuck")
    workspace.program("Toy('stuck', label='known')")
    engine = workspace.engine()
    ended = threading.Event()

    def cancel() -> None:
        assert pause.reached.wait(30)
        workspace.cloud.on_call = lambda operation, name: None
        engine.cancel()
        time.sleep(0.2)
        assert not ended.is_set()
        engine.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    summary = engine.up("dev", workspace.config(), lambda event: None)
    ended.set()
    assert summary.result == "cancelled"
    assert "stuck" not in workspace.names()
    pause.go.set()
    thread.join()
    left = workspace.backend.path("test", "dev").read_text()
    deadline = time.monotonic() + 20
    while not workspace.cloud.toys and time.monotonic() < deadline:
        time.sleep(0.01)
    # The call came to its end after all, when nobody listened any more.
    assert workspace.backend.path("test", "dev").read_text() == left
    outcome = workspace.succeed()
    assert len(workspace.cloud.toys) == 1
    assert "adopted" in outcome.messages("info")
