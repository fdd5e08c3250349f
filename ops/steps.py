"""What a run did, step by step, in JSON's terms: the part of `--json` that says what changed and why."""

from __future__ import annotations

import threading
from typing import Any

from ops.properties import Change, changes, plain
from sandbox.engine.events import Event, Message, StepDone, StepFailed, StepStarted


class StepLog:
    """Collects the steps and the messages of one run. `take` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: list[dict[str, Any]] = []
        self._open: dict[str, dict[str, Any]] = {}
        self._diagnostics: list[dict[str, str]] = []

    def take(self, event: Event) -> None:
        """Takes one event of the engine."""
        with self._lock:
            match event:
                case StepStarted():
                    self._begin(event)
                case StepDone():
                    self._end(event)
                case StepFailed():
                    step = self._open.pop(event.urn, None)
                    if step is not None:
                        step["error"] = event.message
                        step["seconds"] = round(event.seconds, 3)
                case Message(severity="info" | "warning" | "error"):
                    self._diagnostics.append(
                        {"severity": event.severity, "message": event.text.rstrip(), "urn": event.urn}
                    )
                case _:
                    pass

    def document(self) -> dict[str, Any]:
        """`steps` in the order in which they began, and `diagnostics`."""
        with self._lock:
            return {"steps": list(self._steps), "diagnostics": list(self._diagnostics)}

    def _begin(self, event: StepStarted) -> None:
        step: dict[str, Any] = {"op": event.operation, "urn": event.urn, "type": event.type}
        if event.detailed:
            step["detailedDiff"] = {path: {"kind": kind} for path, kind in sorted(event.detailed.items())}
        if event.operation not in ("same", "refresh", "read"):
            found = changes(event.old_inputs, event.new_inputs, event.detailed, event.hidden)
            step["changes"] = [_change(one) for one in found]
        self._steps.append(step)
        self._open[event.urn] = step

    def _end(self, event: StepDone) -> None:
        step = self._open.pop(event.urn, None)
        if step is None:
            return
        step["op"] = event.operation
        step["seconds"] = round(event.seconds, 3)
        if event.old_outputs is not None and event.operation == "update":
            step["changes"] = [_change(one) for one in changes(event.old_outputs, event.outputs)]
        if event.operation not in ("same", "delete", "delete-replaced"):
            step["outputs"] = plain(event.outputs)


def _change(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {"path": change.path, "kind": change.kind}
    if change.kind != "add":
        found["old"] = change.old
    if change.kind != "delete":
        found["new"] = change.new
    if change.replaces:
        found["replaces"] = True
    return found
