"""What a program asks of a resource: its registration, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.engine.state import Resource, Timeouts
from sandbox.engine.values import PropertyMap


@dataclass(frozen=True)
class AliasSpec:
    """A former name of a resource; a part that is None stands as it does now."""

    name: str | None = None
    type: str | None = None
    stack: str | None = None
    project: str | None = None
    parent: str | None = None
    no_parent: bool = False


@dataclass
class Goal:
    """A registered resource. `inputs` are not checked yet."""

    type: str
    name: str
    custom: bool
    inputs: PropertyMap = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    protect: bool | None = None
    dependencies: Sequence[str] = ()
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: Sequence[str] = ()
    replace_on_changes: Sequence[str] = ()
    additional_secret_outputs: Sequence[str] = ()
    aliases: Sequence[str | AliasSpec] = ()
    import_id: str = ""
    timeouts: Timeouts = field(default_factory=Timeouts)
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    replace_with: Sequence[str] = ()
    replacement_trigger: Any = None
    hide_diffs: Sequence[str] = ()
    hooks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The names of its hooks, by the moment at which they run."""
    source_position: str = ""


@dataclass
class ReadGoal:
    """A resource that the program reads and does not own (`.get()`)."""

    type: str
    name: str
    id: Any
    """A text, or UNKNOWN in a preview."""
    inputs: PropertyMap = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: Sequence[str] = ()
    additional_secret_outputs: Sequence[str] = ()
    source_position: str = ""
    aliases: Sequence[str | AliasSpec] = ()
    """Always empty: what is read follows the former names of its parent alone."""


@dataclass(frozen=True)
class Registered:
    """What a registration has come to."""

    resource: Resource
    result: Literal["done", "left out", "failed", "skipped"] = "done"
    """`left out` by the targets; `skipped` for it depends on what has failed."""
