"""The command `config`: a stack's settings, listed, read, set and removed, in Pulumi's own file."""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.errors import OK, CommandError, UsageError
from ops.properties import SECRET, written
from ops.screen import Screen
from ops.workspace import Workspace
from sandbox.engine import paths
from sandbox.engine.crypter import Crypter
from sandbox.engine.declarations import full_key, text_of
from sandbox.engine.project import StackConfig
from sandbox.engine.stack_file import StackFile

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")


class SettingUnknownError(CommandError):
    """A setting that the stack does not have."""

    def __init__(self, stack: str, key: str) -> None:
        super().__init__(
            f"the stack '{stack}' has no setting '{key}'", f"groundplan config {stack} lists those there are"
        )


@dataclass(frozen=True)
class Setting:
    """One setting as it was typed. Without a value it is read from standard input."""

    key: str
    value: str | None
    secret: bool = False
    by_path: bool = False


def listing(workspace: Workspace, stack: str, screen: Screen, *, show_secrets: bool) -> int:
    """`groundplan config STACK`: every setting, those of `Pulumi.yaml` included."""
    workspace.require(stack, makes=True)
    config = workspace.config(stack)
    if show_secrets:
        shown = config.revealed(_crypter(workspace, config))
    else:
        shown = {key: _hidden(value) for key, value in config.values.items()}
    width = max((len(key) for key in shown), default=0)
    for key, (value, _) in sorted(shown.items()):
        screen.line(f"{key:<{width}}  {_on_one_line(value)}")
    if not shown:
        screen.line(f"The stack '{stack}' has no settings.")
    screen.document(
        {key: {"value": value, "secret": secret} for key, (value, secret) in sorted(shown.items())}
    )
    return OK


def get(workspace: Workspace, stack: str, screen: Screen, key: str, *, by_path: bool) -> int:
    """`groundplan config STACK get KEY`: the value alone, also of a secret."""
    workspace.require(stack, makes=True)
    config = workspace.config(stack)
    top, inner = _located(workspace, key, by_path)
    if top not in config.values:
        raise SettingUnknownError(stack, key)
    value, secret = config.revealed(_crypter(workspace, config))[top]
    for part in inner:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError) as error:
            raise SettingUnknownError(stack, key) from error
    screen.line(_on_one_line(value))
    screen.document({"name": top, "value": value, "secret": secret})
    return OK


def set_one(workspace: Workspace, stack: str, screen: Screen, setting: Setting, *, new: bool) -> int:
    """`groundplan config STACK set KEY VALUE`."""
    workspace.require(stack, makes=True, new=new)
    text = _read(setting.secret) if setting.value is None else setting.value
    top = _put(workspace, stack, setting, text)
    path = workspace.project.stack_file(stack)
    screen.line(f"{top} is set in {workspace.shown(path)}.")
    screen.document({"stack": stack, "name": top, "secret": setting.secret, "file": str(path)})
    return OK


def put(workspace: Workspace, stack: str, pairs: Sequence[tuple[str, str]], *, by_path: bool = False) -> None:
    """Writes plain settings (`up -c KEY=VALUE`); with `by_path`, into structured ones."""
    for key, value in pairs:
        _put(workspace, stack, Setting(key, value, by_path=by_path), value)


def remove(workspace: Workspace, stack: str, screen: Screen, key: str, *, by_path: bool) -> int:
    """`groundplan config STACK rm KEY`."""
    workspace.require(stack)
    top, inner = _located(workspace, key, by_path)
    file = StackFile(workspace.project.stack_file(stack), workspace.project.name)
    if inner:
        value = workspace.config(stack).values.get(top)
        if not _without(value, inner):
            raise SettingUnknownError(stack, key)
        file.set(top, value)
    elif not file.remove(top):
        raise SettingUnknownError(stack, key)
    file.save()
    screen.line(f"{key} is removed.")
    screen.document({"stack": stack, "name": top})
    return OK


def _put(workspace: Workspace, stack: str, setting: Setting, text: str) -> str:
    config = workspace.config(stack)
    file = StackFile(workspace.project.stack_file(stack), workspace.project.name)
    top, inner = _located(workspace, setting.key, setting.by_path)
    value: Any = text
    if setting.secret:
        crypter = _crypter(workspace, config)
        value = {"secure": crypter.encrypt(text)}
        file.keep_salt(crypter.state)
    elif inner:
        value = _typed(text)
    file.set(top, _with(config.values.get(top), inner, value, setting.key))
    file.save()
    return top


def _crypter(workspace: Workspace, config: StackConfig) -> Crypter:
    return workspace.backend.crypter(workspace.project.name, config.stack, config.encryption_salt)


def _located(workspace: Workspace, key: str, by_path: bool) -> tuple[str, paths.Path]:
    """The setting's full key, and the path below it."""
    parts = paths.parse(key) if by_path else (key,)
    if not parts or not isinstance(parts[0], str) or not parts[0]:
        raise UsageError(f"'{key}' is no setting's key", "a path begins with a name: network.zones[0]")
    return full_key(parts[0], workspace.project.name), parts[1:]


def _typed(text: str) -> Any:
    """A value inside a structure: booleans and whole numbers are what they look like, as the CLI has it."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _INTEGER.fullmatch(text) else text


def _with(old: Any, inner: paths.Path, value: Any, key: str) -> Any:
    """The old value with another one at a path in it; lists grow by one element at a time."""
    if not inner:
        return value
    head, rest = inner[0], inner[1:]
    if isinstance(head, int):
        items = list(old) if isinstance(old, list) else []
        if head > len(items) or (old is not None and not isinstance(old, list)):
            raise UsageError(f"{key}: there is no place [{head}]", f"the next one is [{len(items)}]")
        items[head : head + 1] = [_with(items[head] if head < len(items) else None, rest, value, key)]
        return items
    if old is not None and not isinstance(old, dict):
        raise UsageError(f"{key}: '{head}' would stand in what is not an object", "set the whole of it first")
    entries = old or {}
    return {**entries, head: _with(entries.get(head), rest, value, key)}


def _without(value: Any, inner: paths.Path) -> bool:
    """Takes what stands at a path out of a value; whether it was there."""
    for part in inner[:-1]:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return False
    last = inner[-1]
    if isinstance(value, dict) and last in value:
        del value[last]
        return True
    if isinstance(value, list) and isinstance(last, int) and last < len(value):
        del value[last]
        return True
    return False


def _hidden(value: Any) -> tuple[Any, bool]:
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return SECRET, True
        inner = {key: _hidden(item) for key, item in value.items()}
        return {key: item for key, (item, _) in inner.items()}, any(secret for _, secret in inner.values())
    if isinstance(value, list):
        items = [_hidden(item) for item in value]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False


def _on_one_line(value: Any) -> str:
    return written(value, longest=100_000) if isinstance(value, dict | list) else text_of(value)


def _read(secret: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.read().rstrip("\n")
    return getpass.getpass("value: ") if secret else input("value: ")
