"""What running a stack means to a command, whichever engine does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Action = Literal["up", "preview", "refresh", "destroy"]


@dataclass(frozen=True)
class PolicyPackChoice:
    """A policy pack's folder, and the JSON file that configures it."""

    folder: Path
    config: Path | None = None


@dataclass(frozen=True)
class RunOptions:
    """What a person chooses for a run."""

    only: Sequence[str] = ()
    """URNs (with `*`) of the resources to run; empty for all."""
    expect_no_changes: bool = False
    details: bool = False
    """Whether the properties of every changed resource are shown."""
    brief: bool = False
    """Whether outputs that stayed the same are left out of the summary."""
    assume_yes: bool = False
    """Whether an engine that would ask before it begins goes on without."""
    parallel: int = 16
    policy_packs: Sequence[PolicyPackChoice] = ()
    """What judges an up or a preview."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. Its outputs are in JSON's terms, secrets hidden."""

    result: Literal["succeeded", "failed", "cancelled"]
    changes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[str] = ()
    policies: Mapping[str, Any] | None = None
    """What the policy packs said (`PolicyReport.document`), where there were any."""

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        document = {
            "result": self.result,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 3),
            "outputs": dict(self.outputs),
            "errors": list(self.errors),
        }
        return document if self.policies is None else {**document, "policies": dict(self.policies)}


class StackRunner(Protocol):
    """An engine with one stack in its hands."""

    def run(self, action: Action, options: RunOptions) -> Outcome:
        """Runs the stack and shows it while it runs."""

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The outputs of the last run, in JSON's terms; empty where there is none."""

    def unlock(self) -> None:
        """Takes the lock of a run that has died away."""
