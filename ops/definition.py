"""The Python code that defines a resource, written from what was read of it."""

from __future__ import annotations

import importlib
import inspect
import keyword
import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.engine import urn as urns
from sandbox.engine.state import Resource
from sandbox.engine.values import Archive, Asset, Secret

_WORD: Final = re.compile(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])")
_ARGUMENTS: Final = re.compile(r"'(\w+Args)'")
_WIDTH: Final = 100


def python_code(resources: Mapping[str, Resource], protect: bool) -> str:
    """The imports and the definitions to paste into a program. The resources by URN, parents first."""
    names: dict[str, str] = {}
    lines: list[str] = []
    packages = {urns.package_of(item.type) for item in resources.values() if item.custom}
    for urn, item in resources.items():
        if not item.custom:
            continue
        names[urn] = variable(urns.name_of(urn), set(names.values()))
        options = {"parent": names.get(item.parent, ""), "protect": "True" if protect else ""}
        lines += ["", *_definition(item, names[urn], {key: text for key, text in options.items() if text})]
    imports = [f"import pulumi_{name.replace('-', '_')} as {_snake(name)}" for name in sorted(packages)]
    return "\n".join(["import pulumi", *imports, *lines]) + "\n"


def variable(name: str, taken: set[str]) -> str:
    """A name for a variable, not among those taken."""
    plain = re.sub(r"\W+", "_", name).strip("_").lower() or "resource"
    plain = f"_{plain}" if plain[0].isdigit() or keyword.iskeyword(plain) else plain
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    return found


def _definition(item: Resource, name: str, options: Mapping[str, str]) -> list[str]:
    package, module, member = item.type.split(":")
    module = module.split("/")[0]
    path = [_snake(package), *([] if module == "index" else [_snake(module)]), member]
    sdk = _sdk(package, module)
    hints = _hints(getattr(getattr(sdk, member, None), "_internal_init", None))
    lines = [f"{name} = {'.'.join(path)}(", f"    {urns.name_of(item.urn)!r},"]
    for key, value in sorted(item.inputs.items()):
        if key.startswith("__") or value is None:
            continue
        argument = _argument(key)
        if hints and argument not in hints:
            # What the provider has added to the inputs, such as `tagsAll`.
            continue
        written = _written(value, hints.get(argument, ""), sdk, 4)
        lines.append(f"    {argument}={written},")
    if options:
        text = ", ".join(f"{key}={value}" for key, value in options.items())
        lines.append(f"    opts=pulumi.ResourceOptions({text}),")
    return [*lines, ")"]


def _written(value: Any, hint: str, sdk: Any, indent: int) -> str:
    """A value as Python; keys of objects as the SDK spells them, keys of maps as they are."""
    match value:
        case Secret():
            # The state keeps the value encrypted; code does not show it.
            return 'pulumi.Config().require_secret("…")'
        case Asset():
            return f"pulumi.FileAsset({(value.path or '…')!r})"
        case Archive():
            return f"pulumi.FileArchive({(value.path or '…')!r})"
        case dict():
            found = _ARGUMENTS.search(hint)
            hints = _hints(getattr(getattr(sdk, found.group(1), None), "__init__", None)) if found else {}
            is_map = not found and "Mapping[str" in hint
            members = []
            for key, item in sorted(value.items()):
                if not key.startswith("__"):
                    spelt = key if is_map else _argument(key)
                    inner = _written(item, hints.get(spelt, ""), sdk, indent + 4)
                    members.append(f"{spelt!r}: {inner}")
            return _bracketed("{", members, "}", indent)
        case list():
            return _bracketed("[", [_written(item, hint, sdk, indent + 4) for item in value], "]", indent)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return repr(value)


def _bracketed(opening: str, items: list[str], closing: str, indent: int) -> str:
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + indent < _WIDTH and "\n" not in line:
        return line
    inner = " " * (indent + 4)
    return "\n".join([opening, *(f"{inner}{item}," for item in items), " " * indent + closing])


def _sdk(package: str, module: str) -> Any:
    """The module of the package's SDK, where it is installed; its classes know the names of arguments."""
    name = f"pulumi_{package.replace('-', '_')}"
    try:
        return importlib.import_module(name if module == "index" else f"{name}.{_snake(module)}")
    except ImportError:
        return None


def _hints(function: Any) -> dict[str, str]:
    if function is None:
        return {}
    return {name: str(one.annotation) for name, one in inspect.signature(function).parameters.items()}


def _argument(key: str) -> str:
    snake = _snake(key)
    return f"{snake}_" if keyword.iskeyword(snake) else snake


def _snake(text: str) -> str:
    return _WORD.sub(lambda m: "_".join(part for part in m.groups() if part), text.replace("-", "_")).lower()
