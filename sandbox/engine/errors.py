"""What can go wrong with an engine: errors that say what was given, what is allowed and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class EngineError(Exception):
    """The root of the engine's own errors. `str()` is the whole text for the person at the screen."""


class ProjectNotFound(EngineError):
    """There is no `Pulumi.yaml` where one was looked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"no Pulumi.yaml in {folder}: run this from the project's root")
        self.folder = folder


class ProjectInvalid(EngineError):
    """A project or stack file that cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class UnknownStack(EngineError):
    """A stack that has neither a configuration file nor a state."""

    def __init__(self, stack: str, known: Sequence[str]) -> None:
        there = f"the stacks there are: {', '.join(known)}" if known else "there are no stacks yet"
        super().__init__(
            f"unknown stack '{stack}'; {there}. A new stack begins with its file Pulumi.{stack}.yaml"
        )
        self.stack = stack
        self.known = tuple(known)


class StackLocked(EngineError):
    """Another run holds the stack."""

    def __init__(self, stack: str, holder: str, since: str, lock: Path) -> None:
        super().__init__(
            f"the stack '{stack}' is locked by {holder} since {since}. Wait for it to end; "
            f"if it has died on another machine, unlock the stack (this deletes {lock})"
        )
        self.stack = stack
        self.holder = holder
        self.lock = lock


class StateCorrupt(EngineError):
    """A checkpoint that cannot be read. It is left where it is."""

    def __init__(self, path: Path, reason: str, previous: Path | None) -> None:
        remedy = (
            f"the state before the last run is in {previous}: copy it over the file to go on from there"
            if previous
            else "there is no earlier copy"
        )
        super().__init__(f"the state in {path} cannot be read ({reason}); {remedy}")
        self.path = path
        self.previous = previous


class BackendUnknown(EngineError):
    """A folder of states that another kind of engine has made."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the states beside {path} cannot be used: {reason}. Put back the line 'version: 1', which says "
            "how they are laid out, or name another folder"
        )
        self.path = path


class WrongPassphrase(EngineError):
    """The passphrase does not open the secrets of a stack."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the passphrase does not open the secrets of {where}: set the one they were made with"
        )
        self.where = where


class PlanError(EngineError):
    """A registration that cannot be planned; the text is for the person at the screen."""


class UnknownPackage(EngineError):
    """A resource of a package that nothing here provides."""

    def __init__(self, package: str, known: Sequence[str]) -> None:
        super().__init__(
            f"there is no provider for the package '{package}': in this process there are "
            f"{', '.join(sorted(known)) or 'none'}, and no executable pulumi-resource-{package} is on PATH. "
            f"Put one there, or name its path in Pulumi.yaml under plugins.providers: "
            f"[{{name: {package}, path: …}}]"
        )
        self.package = package
