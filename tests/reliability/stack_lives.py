"""The life of a stack: programs, failures and kills one after the other, and what must hold after each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fragile_toys import FragileToys, ToyCloud
from monitor_driver import VERSION, Driver
from random_programs import Program, calm, registers, shortly
from state_rules import broken_rules

from sandbox.engine.backend import Backend
from sandbox.engine.engine import Engine
from sandbox.engine.events import Event, StepDone, Summary
from sandbox.engine.project import Project, StackConfig

PASSPHRASE = "open sesame"


@dataclass(frozen=True, repr=False)
class Step:
    """One run of a life, and what goes wrong with it."""

    program: Program
    action: Literal["up", "refresh", "destroy", "preview"] = "up"
    failing: tuple[tuple[str, str], ...] = ()
    """Calls that fail: operation and toy."""
    killed_at: int = 0
    """The moment (before or after an effect, from 1) at which the engine's process dies; 0 for never."""
    cancelled_at: int = 0
    """The moment at which a person presses Ctrl-C."""
    vanished: int = 0
    """Which toy somebody deletes by hand before the run, from 1; 0 for none."""

    def __repr__(self) -> str:
        return shortly(self)


@dataclass
class Life:
    """A stack in a folder of its own, from its first run to its end."""

    folder: Path
    salt: str
    cloud: ToyCloud = field(default_factory=ToyCloud)
    drifted: bool = False
    told: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
        (self.folder / "Pulumi.dev.yaml").write_text(f"encryptionsalt: {self.salt}\n")
        self._project = Project.load(self.folder)
        self.backend = Backend(self.folder / "state", PASSPHRASE)
        self.path = self.backend.path("test", "dev")
        self._driver = Driver(self.folder)

    def live(self, steps: Sequence[Step], last: Program) -> None:
        """Goes through the steps, then through the program `last` undisturbed, and ends with nothing left."""
        for step in steps:
            self.take(step)
        self.settle(last)
        self.end()

    def take(self, step: Step) -> None:
        """One run, which may end in any way; the state must hold."""
        if step.vanished and self.cloud.toys:
            self.drifted = True
            self.cloud.remove(sorted(self.cloud.toys)[(step.vanished - 1) % len(self.cloud.toys)])
        self.cloud.failing = set(step.failing)
        before = self._disk()
        killed = self._run(step.program, step.action, step.killed_at, step.cancelled_at)
        self.cloud.failing = set()
        assert broken_rules(self.path) == [], step
        if step.action == "preview":
            assert self._disk() == before, "a preview has written"
        if not killed and not self.drifted:
            self._compare(step)

    def settle(self, program: Program) -> None:
        """Undisturbed runs converge, and then find nothing to do."""
        self._unprotect()
        program = calm(program)
        if self.drifted:
            self._must_succeed(program, "refresh")
            self.drifted = False
        self._must_succeed(program, "up")
        assert broken_rules(self.path) == []
        assert "pending_operations" not in self._latest()
        self._compare(program)
        stale = [item["urn"] for item in self._resources() if item.get("delete") or item.get("initErrors")]
        assert stale == []
        for action in ("preview", "up"):
            self._must_succeed(program, action)
            done = {(item.operation, item.urn) for item in self.told if isinstance(item, StepDone)}
            assert {pair for pair in done if pair[0] != "same"} == set(), (
                f"a second {action} changes something"
            )

    def end(self) -> None:
        """A destroy leaves nothing."""
        self._must_succeed((), "destroy")
        assert self._resources() == []
        self._compare("destroy")

    # Runs

    def _must_succeed(self, program: Program, action: str) -> None:
        self._run(program, action)
        summary = self.told[-1]
        assert isinstance(summary, Summary)
        assert summary.result == "succeeded", (action, summary.errors)

    def _run(self, program: Program, action: str, killed_at: int = 0, cancelled_at: int = 0) -> bool:
        """A run; whether its process was killed, so that only disk and cloud are as they were then."""
        engine = Engine(
            self._project,
            self.backend,
            {"toy": lambda: FragileToys(lambda: self.cloud)},
            self._driver.environment,
            self._driver.interpreter,
            parallel=1,
        )
        moment = 0
        left: list[tuple[bytes | None, ToyCloud]] = []

        def on_moment() -> None:
            nonlocal moment
            moment += 1
            if moment == cancelled_at:
                engine.cancel()
            if moment == killed_at:
                left.append((self._disk(), self.cloud.copy()))

        self.cloud.on_moment = on_moment
        self.told = []
        config = StackConfig.load(self._project, "dev")
        run = getattr(engine, action)
        self._driver.during(registers(program), lambda: run("dev", config, self.told.append))
        self.cloud.on_moment = lambda: None
        if left:
            # What came after this moment has not happened.
            disk, self.cloud = left[0]
            if disk is None:
                self.path.unlink(missing_ok=True)
            else:
                self.path.write_bytes(disk)
        return bool(left)

    # What is there

    def _disk(self) -> bytes | None:
        with contextlib.suppress(FileNotFoundError):
            return self.path.read_bytes()
        return None

    def _latest(self) -> dict[str, object]:
        disk = self._disk()
        found: dict[str, object] = json.loads(disk)["checkpoint"]["latest"] if disk else {}
        return found

    def _resources(self) -> list[dict[str, object]]:
        found = self._latest().get("resources", [])
        assert isinstance(found, list)
        return found

    def _compare(self, when: object) -> None:
        """The cloud holds what the state knows, and nothing else but what was to be left there."""
        known = [
            str(item["id"])
            for item in self._resources()
            if item["type"] == "toy:index:Toy" and not item.get("pendingReplacement")
        ]
        assert len(known) == len(set(known)), f"one toy twice, after {when}"
        there = set(self.cloud.toys)
        pending = self._latest().get("pending_operations", [])
        assert isinstance(pending, list)
        # A preview settles nothing that a killed run left.
        unsettled = {item["resource"]["inputs"]["label"] for item in pending if item["type"] == "creating"}
        going = {item["resource"]["id"] for item in pending if item["type"] == "deleting"}
        assert set(known) - there - going == set(), f"known and not there, after {when}"
        left_on_purpose = {
            id
            for id, toy in self.cloud.toys.items()
            if "retained" in toy or "home" in toy or toy["label"] in unsettled
        }
        assert there - set(known) - left_on_purpose == set(), f"there and not known, after {when}"

    def _unprotect(self) -> None:
        """As `pulumi state unprotect --all` does."""
        disk = self._disk()
        if disk is None:
            return
        plain = json.loads(disk)
        for item in plain["checkpoint"]["latest"].get("resources", []):
            item.pop("protect", None)
        self.path.write_text(json.dumps(plain))


__all__ = ["VERSION", "Life", "Step"]
