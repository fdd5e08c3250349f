"""The command `settings`: every setting of a stack with its value, and where it came from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ops.errors import OK, CommandError, UsageError
from ops.properties import SECRET
from ops.screen import Screen
from ops.workspace import Workspace
from sandbox.engine.interpreters import interpreter_of

_MODULE: Final = "infra.settings.origins"
_LONGEST: Final = 96


class SettingsUntoldError(CommandError):
    """The project's program could not tell its settings."""

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(f"the settings could not be read: {reason}", next_step)


class SettingsWrongError(CommandError):
    """Settings that the program refuses, in its words."""

    def __init__(self, told: str) -> None:
        super().__init__(told, "")


@dataclass(frozen=True)
class Setting:
    """One setting. `origin` is `release`, `stack`, `name`, `environment`, `everywhere` or `model`."""

    path: str
    value: Any
    origin: str
    default: Any
    """What it would be without the stack's file and the release."""

    @property
    def changed(self) -> bool:
        """Whether it differs from its default."""
        return bool(self.value != self.default)


def settings(workspace: Workspace, stack: str, screen: Screen, prefix: str, *, changed: bool) -> int:
    """`groundplan settings`."""
    workspace.require(stack)
    every = settings_of(workspace, stack)
    chosen = [one for one in every if _is_within(one.path, prefix)]
    if not chosen:
        raise UsageError(f"no setting is called '{prefix}', nor begins so", f"groundplan settings {stack}")
    chosen = [one for one in chosen if one.changed] if changed else chosen
    screen.document([{**asdict(one), "changed": one.changed} for one in chosen])
    if screen.as_json:
        return OK
    origins = _origins(workspace, stack)
    width = max((len(one.path) for one in chosen), default=0)
    for one in chosen:
        name = screen.paint(f"{one.path:<{width}}", "bold" if one.changed else "dim")
        origin = origins[one.origin]
        if one.changed and one.default is not None:
            origin += f"; default {_shown(one.default)}"
        screen.line(f"{name}  {_shown(one.value)}  {screen.paint(f'({origin})', 'dim')}")
    if not chosen:
        screen.line("Everything is as it is by default.")
    return OK


def settings_of(workspace: Workspace, stack: str) -> list[Setting]:
    """Every setting of the stack, in the order of docs/settings.md.

    Raises `SettingsWrongError` as the program would, and `SettingsUntoldError` for a program of another kind.
    """
    if not tells_settings(workspace):
        raise SettingsUntoldError(
            "this project's program has no infra/settings/origins.py",
            f"groundplan config {stack} lists what its file says",
        )
    config = workspace.config(stack)
    crypter = workspace.backend.crypter(workspace.project.name, stack, config.encryption_salt)
    given = config.for_program(crypter)
    release = workspace.releases.of(stack)
    asked = {
        "stack": stack,
        "config": {key: SECRET if key in given.secret_keys else text for key, text in given.values.items()},
        "released": dict(release.settings()) if release else {},
    }
    done = subprocess.run(
        [str(interpreter_of(workspace.project).path), "-m", _MODULE],
        cwd=workspace.folder,
        env=workspace.environment,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    answer = _answer(done)
    if "wrong" in answer:
        raise SettingsWrongError(str(answer["wrong"]))
    return [Setting(**one) for one in answer["settings"]]


def tells_settings(workspace: Workspace) -> bool:
    """Whether the project's program can tell where its settings come from."""
    return (workspace.folder / "infra" / "settings" / "origins.py").is_file()


def _answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = said[-1] if said else f"{_MODULE} exited with {done.returncode}"
        raise SettingsUntoldError(reason, "make up installs what the program needs")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _is_within(path: str, prefix: str) -> bool:
    wanted = prefix.removeprefix("groundplan:").rstrip(".")
    return not wanted or path == wanted or path.startswith((f"{wanted}.", f"{wanted}:"))


def _origins(workspace: Workspace, stack: str) -> Mapping[str, str]:
    return {
        "release": "the release",
        "name": "the stack's name",
        "stack": str(workspace.shown(workspace.project.stack_file(stack))),
        "environment": "default of the environment",
        "everywhere": "default everywhere",
        "model": "default",
    }


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
