"""What `Pulumi.yaml` declares of its stacks' configuration: defaults, types, secrets; and what breaks it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.engine.errors import EngineError, ProjectInvalid

_TYPES: Final = ("string", "integer", "boolean", "object", "array")


@dataclass(frozen=True)
class Declaration:
    """One key of `config` in `Pulumi.yaml`. Without a default, each stack must set a key of the project."""

    key: str
    """The full key, such as `aws:region`."""
    default: Any = None
    type: str = ""
    """One of `string`, `integer`, `boolean`, `object`, `array`; empty where any will do."""
    items: Mapping[str, Any] | None = None
    """What an array's elements are: `{type, items}`."""
    secret: bool = False


class ConfigInvalid(EngineError):
    """A stack's configuration that is not what the project declares: every reason at once."""

    def __init__(self, stack: str, reasons: Sequence[str]) -> None:
        super().__init__(
            f"the configuration of the stack '{stack}' is incomplete or wrong: " + "; ".join(reasons)
        )
        self.stack = stack
        self.reasons = tuple(reasons)


def declared(path: Path, config: Any, project: str) -> tuple[Declaration, ...]:
    """The declarations below `config`. Raises `ProjectInvalid` for one that means nothing."""
    if not isinstance(config, dict):
        raise ProjectInvalid(path, "'config' must be a mapping")
    return tuple(_declaration(path, str(key), value, project) for key, value in config.items())


def _declaration(path: Path, key: str, value: Any, project: str) -> Declaration:
    full = full_key(key, project)
    if not isinstance(value, dict):
        return Declaration(full, default=value)
    type = str(value.get("type") or "")
    if type and type not in _TYPES:
        raise ProjectInvalid(path, f"config.{key}.type is {type!r}; allowed: {', '.join(_TYPES)}")
    if type == "array" and not isinstance(value.get("items"), dict):
        raise ProjectInvalid(path, f"config.{key} is an array and does not say what its 'items' are")
    return Declaration(
        full,
        default=value.get("default", value.get("value")),
        type=type,
        items=value.get("items"),
        secret=value.get("secret") is True,
    )


def require_declared(
    stack: str,
    project: str,
    declarations: Sequence[Declaration],
    values: Mapping[str, tuple[Any, bool]],
) -> None:
    """Raises `ConfigInvalid` where values (plain, and whether secret, by full key) break a declaration."""
    reasons = []
    for one in declarations:
        name = one.key.removeprefix(f"{project}:")
        if one.key not in values:
            if one.key.startswith(f"{project}:"):
                secretly = " --secret" if one.secret else ""
                reasons.append(f"'{name}' is not set: groundplan config {stack} set {name} VALUE{secretly}")
            continue
        value, secret = values[one.key]
        if not one.type:
            continue
        if one.secret and not secret:
            reasons.append(f"'{name}' must be encrypted: groundplan config {stack} set {name} VALUE --secret")
        content = value if isinstance(value, dict | list) else text_of(value)
        if not _fits(one.type, one.items, content):
            shown = "the secret value" if secret else repr(value)
            reasons.append(f"'{name}' must be of type {_type_name(one.type, one.items)}, and is {shown}")
    if reasons:
        raise ConfigInvalid(stack, reasons)


def _fits(type: str, items: Mapping[str, Any] | None, value: Any) -> bool:
    """Whether a value is of a type (`ValidateConfigValue`): numbers and booleans may stand as texts."""
    if type == "string":
        return isinstance(value, str)
    if type == "integer":
        if isinstance(value, str):
            return value.removeprefix("-").removeprefix("+").isdecimal()
        return not isinstance(value, bool) and isinstance(value, int | float) and value == int(value)
    if type == "boolean":
        return value in ("true", "false") if isinstance(value, str) else isinstance(value, bool)
    if type == "object":
        return isinstance(value, dict)
    inner = items or {}
    return isinstance(value, list) and all(
        _fits(str(inner.get("type", "string")), inner.get("items"), item) for item in value
    )


def _type_name(type: str, items: Mapping[str, Any] | None) -> str:
    if type != "array" or not items:
        return type
    return f"array of {_type_name(str(items.get('type', 'string')), items.get('items'))}"


def full_key(key: str, project: str) -> str:
    """The key with its namespace, which is the project's where it has none."""
    return key if ":" in key else f"{project}:{key}"


def text_of(value: Any) -> str:
    """As Go prints it: JSON in order of keys, with `<`, `>` and `&` escaped, for structured values."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return json.dumps(value)
