"""What a project is: its `Pulumi.yaml`, and the configuration of its stacks as a program receives it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sandbox.engine.crypter import Crypter
from sandbox.engine.errors import InterpreterNotFound, ProjectInvalid, ProjectNotFound
from sandbox.engine.yaml import load_yaml

_STACK_KEYS: Final = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""What a stack's file may hold (`ProjectStack` of github.com/pulumi/pulumi/sdk/go/common/workspace)."""


@dataclass(frozen=True)
class Project:
    """A folder with a `Pulumi.yaml`."""

    name: str
    folder: Path
    main: str = "."
    virtualenv: str = ""
    config_folder: Path = Path()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Configuration that `Pulumi.yaml` gives, by full key."""
    description: str = ""

    @classmethod
    def load(cls, folder: Path) -> Project:
        """Reads `Pulumi.yaml` in `folder`. Raises `ProjectNotFound` and `ProjectInvalid`."""
        folder = folder.resolve()
        path = folder / "Pulumi.yaml"
        if not path.is_file():
            raise ProjectNotFound(folder)
        plain = load_yaml(path)
        if not isinstance(plain, dict) or not isinstance(plain.get("name"), str) or not plain["name"]:
            raise ProjectInvalid(path, "a project needs a 'name'")
        runtime = plain.get("runtime")
        name, options = (
            (runtime.get("name"), runtime.get("options") or {})
            if isinstance(runtime, dict)
            else (runtime, {})
        )
        if name != "python":
            raise ProjectInvalid(path, f"'runtime' is {name!r}; only 'python' runs here")
        defaults: dict[str, Any] = {}
        for key, value in (plain.get("config") or {}).items():
            if isinstance(value, dict):
                # A declaration; without a value or default it only describes the key.
                value = value.get("value", value.get("default"))
            if value is not None:
                defaults[_full_key(key, plain["name"])] = value
        return cls(
            name=plain["name"],
            folder=folder,
            main=plain.get("main") or ".",
            virtualenv=str(options.get("virtualenv") or ""),
            config_folder=folder / (plain.get("stackConfigDir") or "."),
            defaults=defaults,
            description=str(plain.get("description") or ""),
        )

    def stack_file(self, stack: str) -> Path:
        """The stack's configuration file."""
        return self.config_folder / f"Pulumi.{stack}.yaml"

    def configured_stacks(self) -> list[str]:
        """The stacks that have a configuration file."""
        return sorted(
            path.name.removeprefix("Pulumi.").removesuffix(".yaml")
            for path in self.config_folder.glob("Pulumi.*.yaml")
        )

    def interpreter(self) -> Path:
        """The Python that runs the program: its virtual environment's, or this one."""
        if not self.virtualenv:
            return Path(sys.executable)
        environment = self.folder / self.virtualenv
        path = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        if not path.exists():
            raise InterpreterNotFound(path)
        return path


@dataclass(frozen=True)
class ProgramConfig:
    """Configuration as a program receives it: every value a text, structured ones as JSON."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]

    def of_package(self, package: str) -> dict[str, str]:
        """The settings of a provider's package, such as `region` for `aws:region`."""
        prefix = f"{package}:"
        return {
            key.removeprefix(prefix): value for key, value in self.values.items() if key.startswith(prefix)
        }


@dataclass(frozen=True)
class StackConfig:
    """The configuration of a stack. Values are what YAML gave; `{"secure": …}` is an encrypted one."""

    project: Project
    stack: str
    values: Mapping[str, Any]
    """By full key (`aws:region`), project defaults included."""
    encryption_salt: str = ""

    @classmethod
    def load(cls, project: Project, stack: str) -> StackConfig:
        """Reads the stack's file. One that is not there has no values of its own."""
        path = project.stack_file(stack)
        values = dict(project.defaults)
        salt = ""
        if path.is_file():
            plain = load_yaml(path)
            plain = {} if plain is None else plain
            if not isinstance(plain, dict):
                raise ProjectInvalid(path, "it must be a mapping, with the settings under 'config'")
            if unknown := [str(key) for key in plain if key not in _STACK_KEYS]:
                raise ProjectInvalid(
                    path, f"no such key: {', '.join(unknown)}; allowed: {', '.join(_STACK_KEYS)}"
                )
            if not isinstance(plain.get("config") or {}, dict):
                raise ProjectInvalid(path, "'config' must be a mapping")
            salt = str(plain.get("encryptionsalt") or "")
            values.update(
                {
                    _full_key(str(key), project.name): value
                    for key, value in (plain.get("config") or {}).items()
                }
            )
        return cls(project=project, stack=stack, values=values, encryption_salt=salt)

    def overlay(self, extra: Mapping[str, Any]) -> StackConfig:
        """The same configuration with these values over it; the file stays as it is.

        Where both values are mappings, theirs are merged key by key.
        """
        values = dict(self.values)
        for key, value in extra.items():
            full = _full_key(key, self.project.name)
            values[full] = _merged(values.get(full), value)
        return replace(self, values=values)

    def for_program(self, crypter: Crypter) -> ProgramConfig:
        """The values as the program receives them. Secrets are opened with `crypter`."""
        texts: dict[str, str] = {}
        secret_keys: set[str] = set()
        for key, value in self.values.items():
            plain, secret = _reveal(value, crypter)
            if secret:
                secret_keys.add(key)
            if plain is None:
                continue
            texts[key] = _text(plain)
        return ProgramConfig(values=texts, secret_keys=frozenset(secret_keys))


def _full_key(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, Mapping):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


def _reveal(value: Any, crypter: Crypter) -> tuple[Any, bool]:
    if isinstance(value, Mapping):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return crypter.decrypt(value["secure"]), True
        revealed = {str(key): _reveal(item, crypter) for key, item in value.items()}
        return {key: item for key, (item, _) in revealed.items()}, any(
            secret for _, secret in revealed.values()
        )
    if isinstance(value, list | tuple):
        items = [_reveal(item, crypter) for item in value]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False


def _text(value: Any) -> str:
    """As Go prints it: JSON in order of keys, with `<`, `>` and `&` escaped, for structured values."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return json.dumps(value)
