"""What running a stack means to a command, whichever engine does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from sandbox.engine.importing import Import
    from sandbox.engine.state import Resource

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
    exclude: Sequence[str] = ()
    """URNs (with `*`) of the resources to leave alone; not beside `only`."""
    dependents: bool = False
    """Whether what depends on `only` or `exclude` is meant too."""
    replace: Sequence[str] = ()
    """URNs (with `*`) of resources to replace, changed or not."""
    refresh: bool = False
    """Whether the state is refreshed first."""
    continue_on_error: bool = False
    """Whether a failed resource stops only what depends on it."""
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

    @property
    def partial(self) -> bool:
        """Whether the run leaves resources alone."""
        return bool(self.only or self.exclude)


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
    steps: Mapping[str, Any] = field(default_factory=dict)
    """The steps and the messages of the run, as `--json` tells them; empty where an engine tells none."""

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        document = {
            "result": self.result,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 3),
            "outputs": dict(self.outputs),
            "errors": list(self.errors),
            **self.steps,
        }
        return document if self.policies is None else {**document, "policies": dict(self.policies)}


class StackRunner(Protocol):
    """An engine with one stack in its hands."""

    def run(self, action: Action, options: RunOptions) -> Outcome:
        """Runs the stack and shows it while it runs."""

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The outputs of the last run, in JSON's terms; empty where there is none."""

    def import_resources(self, imports: Sequence[Import], options: RunOptions, *, protect: bool) -> Outcome:
        """Takes resources that exist already into the state."""

    def resources(self) -> Sequence[Resource]:
        """What the state holds."""

    def edit_state(self, edit: Callable[[Sequence[Resource]], list[Resource]]) -> None:
        """Replaces what the state holds."""

    def unlock(self) -> None:
        """Takes the lock of a run that has died away."""
