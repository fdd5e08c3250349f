"""What an engine tells of a run while it runs: operations, messages and the summary that a display shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox.engine.provider import DiffKind
from sandbox.engine.values import PropertyMap

Operation = Literal[
    "same",
    "create",
    "update",
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "read",
    "read-replacement",
    "discard",
    "discard-replaced",
    "refresh",
    "import",
    "import-replacement",
    "remove-pending-replace",
]
Severity = Literal["debug", "info", "warning", "error"]
EnforcementLevel = Literal["advisory", "mandatory", "remediate", "disabled"]
PolicySeverity = Literal["", "low", "medium", "high", "critical"]


@dataclass(frozen=True)
class StepStarted:
    """An operation on a resource begins (or, in a preview, is planned)."""

    urn: str
    type: str
    operation: Operation
    detailed: Mapping[str, DiffKind] = field(default_factory=dict)
    old_inputs: PropertyMap = field(default_factory=dict)
    new_inputs: PropertyMap = field(default_factory=dict)
    hidden: Sequence[str] = ()
    """Paths of properties whose changes the program asks not to show (`hideDiffs`)."""


@dataclass(frozen=True)
class StepDone:
    """An operation ended well. `seconds` is its own duration."""

    urn: str
    type: str
    operation: Operation
    seconds: float
    outputs: PropertyMap = field(default_factory=dict)
    old_outputs: PropertyMap | None = None
    """What a refresh found different from `outputs`; None for other operations."""


@dataclass(frozen=True)
class StepFailed:
    """An operation failed, with the reason in the provider's words."""

    urn: str
    type: str
    operation: Operation
    seconds: float
    message: str


@dataclass(frozen=True)
class Message:
    """A line for the person at the screen, from the program's log, a provider, a policy or the engine."""

    severity: Severity
    text: str
    urn: str = ""


@dataclass(frozen=True)
class ProgramOutput:
    """What the program printed, a line at a time."""

    text: str


@dataclass(frozen=True)
class PolicyPackStarted:
    """A policy pack judges this run from now on."""

    name: str
    version: str
    folder: str
    policies: int
    """How many of its policies are not disabled."""


@dataclass(frozen=True)
class PolicyViolation:
    """A policy found something wrong: with the resource `urn`, or with the stack, whose URN it is then.

    No secret that the engine knows stands in the message.
    """

    urn: str
    policy: str
    pack: str
    version: str
    level: Literal["advisory", "mandatory"]
    message: str
    severity: PolicySeverity = ""


@dataclass(frozen=True)
class PolicyRemediation:
    """A policy changed the inputs of a resource before anything was done with them."""

    urn: str
    policy: str
    pack: str
    version: str
    before: PropertyMap = field(default_factory=dict)
    after: PropertyMap = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """The end of a run."""

    result: Literal["succeeded", "failed", "cancelled"]
    changes: Mapping[Operation, int]
    """How many resources saw each operation; `same` included."""
    seconds: float
    outputs: PropertyMap
    """The stack's outputs after the run, secrets still wrapped in `Secret`."""
    old_outputs: PropertyMap = field(default_factory=dict)
    errors: Sequence[str] = ()


Event = (
    StepStarted
    | StepDone
    | StepFailed
    | Message
    | ProgramOutput
    | PolicyPackStarted
    | PolicyViolation
    | PolicyRemediation
    | Summary
)
