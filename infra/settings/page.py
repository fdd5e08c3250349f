"""Writes docs/settings.md from the models: `python -m infra.settings.page > docs/settings.md`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra.settings.environments import DEFAULTS, with_defaults
from infra.settings.loading import NAMESPACE, PlatformSettings

_HEAD = f"""# Settings

Every setting of a stack's file, `stacks/Pulumi.<stack>.yaml`, under `{NAMESPACE}:`. Written from the models
by `python -m infra.settings.page > docs/settings.md`; do not edit it. A default that differs between
environments names each. `groundplan settings <stack>` prints those of a stack with where each came from.

| setting | what | allowed | default |
|---|---|---|---|"""

_NONE = object()
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "{} or more items",
    "maxItems": "{} items at most",
    "pattern": "`{}`",
}


def page() -> str:
    """The page, as Markdown."""
    schema = PlatformSettings.model_json_schema()
    return "\n".join([_HEAD, *(_row(path, field) for path, field in _fields(schema, schema, ()))])


def _default(path: tuple[str, ...], field: dict[str, Any]) -> str:
    """The default, once where it is the same everywhere, else by environment."""
    by_environment = {
        name: _told(_at(with_defaults(name, {}), path, field.get("default", _NONE))) for name in DEFAULTS
    }
    if len(set(by_environment.values())) == 1:
        return next(iter(by_environment.values()))
    return ", ".join(f"{name} {told or 'none'}" for name, told in by_environment.items())


def _at(values: Any, path: tuple[str, ...], otherwise: Any) -> Any:
    for part in path:
        if not isinstance(values, Mapping) or part not in values:
            return otherwise
        values = values[part]
    return values


def _told(value: Any) -> str:
    return "" if value is _NONE else f"`{json.dumps(value)}`"


def _fields(
    schema: dict[str, Any], root: dict[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for name, field in schema.get("properties", {}).items():
        inner = _resolved(field, root)
        if "properties" in inner:
            yield from _fields(inner, root, (*path, name))
        else:
            yield (
                (*path, name),
                inner | {key: field[key] for key in ("default", "description") if key in field},
            )


def _resolved(field: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The field without its reference, and without `null` beside its one type."""
    choices = [one for one in field.get("anyOf", []) if one.get("type") != "null"]
    if len(choices) == 1:
        field = {**field, **choices[0]}
    if "$ref" in field:
        definition: dict[str, Any] = root["$defs"][field["$ref"].rpartition("/")[2]]
        return definition
    return field


def _row(path: tuple[str, ...], field: dict[str, Any]) -> str:
    bounds = [text.format(field[key]) for key, text in _BOUNDS.items() if key in field]
    items = field.get("items", {})
    if "enum" in field or "const" in field:
        allowed = ", ".join(map(str, field.get("enum", [field.get("const")])))
    else:
        allowed = ", ".join([str(field.get("type", "")), *bounds])
    if "enum" in items or "pattern" in items:
        allowed += "; each of " + (", ".join(items["enum"]) if "enum" in items else f"`{items['pattern']}`")
    cells = [f"`{'.'.join(path)}`", field.get("description", ""), allowed, _default(path, field)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(page())
