"""Where a command works: the project's folder, its stacks, and what a run keeps below `.groundplan/`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from ops.errors import ProjectNotHereError, StackUnknownError
from ops.releases import Release, Releases
from sandbox.engine.backend import Backend
from sandbox.engine.project import Project, StackConfig

SANDBOX_PASSPHRASE: Final = "sandbox"  # noqa: S105 - guards secrets of an emulated cloud only, and is said aloud
_PASSPHRASE: Final = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - a variable's name
_PASSPHRASE_FILE: Final = "PULUMI_CONFIG_PASSPHRASE_FILE"  # noqa: S105 - a variable's name


@dataclass(frozen=True)
class Passphrase:
    """What opens the secrets of the states, and where it comes from."""

    value: str
    source: str


class Workspace:
    """A project's folder as the command sees it."""

    def __init__(self, project: Project, environment: Mapping[str, str] | None = None) -> None:
        self.project = project
        self.folder = project.folder
        self.kept = project.folder / ".groundplan"
        self.environment = dict(os.environ if environment is None else environment)

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """The project whose `Pulumi.yaml` stands in `start` (the current folder) or nearest above it."""
        begin = (start or Path.cwd()).resolve()
        for folder in (begin, *begin.parents):
            if (folder / "Pulumi.yaml").is_file():
                return cls(Project.load(folder))
        raise ProjectNotHereError(begin)

    @property
    def sandbox_root(self) -> Path:
        """The emulated cloud's folder."""
        return self.kept / "sandbox"

    @cached_property
    def releases(self) -> Releases:
        """What each sandboxed stack has released."""
        return Releases(self.kept / "releases")

    @cached_property
    def passphrase(self) -> Passphrase:
        """Pulumi's own variables, else one for the sandbox."""
        if _PASSPHRASE in self.environment:
            return Passphrase(self.environment[_PASSPHRASE], _PASSPHRASE)
        named = self.environment.get(_PASSPHRASE_FILE)
        if named:
            return Passphrase(Path(named).read_text(encoding="utf-8").strip(), _PASSPHRASE_FILE)
        return Passphrase(SANDBOX_PASSPHRASE, "the sandbox's own")

    @cached_property
    def backend(self) -> Backend:
        """The states of this project, in Pulumi's file format."""
        return Backend(self.kept / "state", self.passphrase.value)

    def stacks(self) -> list[str]:
        """The stacks with settings or with a state."""
        return sorted({*self.project.configured_stacks(), *self.backend.stacks(self.project.name)})

    def require(self, stack: str) -> None:
        """Raises `StackUnknownError` unless the stack has settings or a state."""
        known = self.stacks()
        if stack not in known:
            file = self.project.stack_file(stack)
            raise StackUnknownError(stack, known, file.relative_to(self.folder))

    def config(self, stack: str) -> StackConfig:
        """The stack's settings as its file has them."""
        self.require(stack)
        return StackConfig.load(self.project, stack)

    def released_config(self, stack: str) -> StackConfig:
        """The stack's settings with what the sandbox has released laid over them."""
        config = self.config(stack)
        release = self.releases.of(stack)
        return config if release is None else config.overlay(release.settings())

    def release_of(self, stack: str) -> Release | None:
        """What the stack's settings release, wherever that stands."""
        value = self.released_config(stack).values.get(f"{self.project.name}:release")
        arn = value.get("modelPackageArn") if isinstance(value, dict) else None
        return Release(str(arn)) if arn else None
