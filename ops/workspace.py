"""Where a command works: the project's folder, its stacks, and what a run keeps below `.groundplan/`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from ops.errors import PassphraseFileError, ProjectNotHereError, StackNameError, StackUnknownError
from ops.releases import Release, Releases
from sandbox.engine.backend import Backend
from sandbox.engine.project import LEFT_OUT, Project, StackConfig

SANDBOX_PASSPHRASE: Final = "sandbox"  # noqa: S105 - guards secrets of an emulated cloud only, and is said aloud
_STACK_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PASSPHRASE: Final = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - a variable's name
_PASSPHRASE_FILE: Final = "PULUMI_CONFIG_PASSPHRASE_FILE"  # noqa: S105 - a variable's name


@dataclass(frozen=True)
class Passphrase:
    """What opens the secrets of the states, and where it comes from."""

    value: str
    source: str


class Workspace:
    """A project's folder as the command sees it."""

    def __init__(
        self,
        project: Project,
        environment: Mapping[str, str] | None = None,
        *,
        state: Path | None = None,
        kept: Path | None = None,
    ) -> None:
        self.project = project
        self.folder = project.folder
        self.kept = kept or project.folder / ".groundplan"
        self._state = state or self.kept / "state"
        self.environment = dict(os.environ if environment is None else environment)

    @classmethod
    def find(
        cls, start: Path | None = None, *, state: Path | None = None, kept: Path | None = None
    ) -> Workspace:
        """The project whose `Pulumi.yaml` stands in `start` (the current folder) or nearest above it.

        What runs keep lies in `kept`, by default in the project's `.groundplan`, and its states there too
        unless `state` says otherwise.
        """
        begin = (start or Path.cwd()).resolve()
        for folder in (begin, *begin.parents):
            if (folder / "Pulumi.yaml").is_file():
                return cls(Project.load(folder), state=state.resolve() if state else None, kept=kept)
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
            try:
                text = Path(named).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise PassphraseFileError(_PASSPHRASE_FILE, named, str(error)) from error
            return Passphrase(text.strip(), _PASSPHRASE_FILE)
        return Passphrase(SANDBOX_PASSPHRASE, "the sandbox's own")

    @cached_property
    def backend(self) -> Backend:
        """The states of this project, in Pulumi's file format."""
        return Backend(self._state, self.passphrase.value)

    def stacks(self) -> list[str]:
        """The stacks with settings or with a state."""
        return sorted({*self.project.configured_stacks(), *self.backend.stacks(self.project.name)})

    def require(self, stack: str, *, makes: bool = False, new: bool = False) -> None:
        """Raises `StackUnknownError` unless the stack has settings or a state, or may be made.

        A command that `makes` stacks makes any in a project that has settings of none. Where there are
        settings, a name without them is rather mistyped, and `new` must say that it is meant.
        """
        known = self.stacks()
        if stack in known:
            return
        if not makes or (self.project.configured_stacks() and not new):
            raise StackUnknownError(stack, known, self.shown(self.project.stack_file(stack)))
        if not _STACK_NAME.fullmatch(stack):
            raise StackNameError(stack)

    def shown(self, path: Path) -> Path:
        """A path as a person sees it from the project's folder."""
        return Path(os.path.relpath(path, self.folder))

    def keep(self) -> None:
        """Makes the folder of what runs keep, which git and archives leave alone in any project."""
        self.kept.mkdir(exist_ok=True)
        for name in (".gitignore", LEFT_OUT):
            if not (self.kept / name).exists():
                (self.kept / name).write_text("*\n", encoding="utf-8")

    def config(self, stack: str) -> StackConfig:
        """The stack's settings as its file has them; without a file, those of `Pulumi.yaml`."""
        return StackConfig.load(self.project, stack)

    def released_config(self, stack: str) -> StackConfig:
        """The stack's settings with what the sandbox has released laid over them."""
        config = self.config(stack)
        release = self.releases.of(stack)
        return config if release is None else config.overlay(release.settings())

    def release_of(self, stack: str) -> Release | None:
        """What the stack's settings release, wherever that stands."""
        value = self.released_config(stack).values.get(f"{self.project.name}:release")
        return Release.read(value) if isinstance(value, dict) and value.get("modelPackageArn") else None
