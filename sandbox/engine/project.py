"""What a project is: its `Pulumi.yaml`, and the configuration of its stacks as a program receives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sandbox.engine.crypter import Crypter
from sandbox.engine.declarations import Declaration, declared, full_key, require_declared, text_of
from sandbox.engine.errors import ProjectInvalid, ProjectNotFound
from sandbox.engine.values import PropertyMap, Secret
from sandbox.engine.yaml import load_yaml

DYNAMIC: Final = "pulumi-python"
"""The package of `pulumi.dynamic`, whose providers are part of the program."""

LEFT_OUT: Final = ".no-asset"
"""The file by which a folder says that it is no part of a program: what runs keep beside it, which changes
with each run. A program that archives its own folder would never be unchanged otherwise."""
_STACK_KEYS: Final = ("config", "secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""What a stack's file may hold (`ProjectStack` of github.com/pulumi/pulumi/sdk/go/common/workspace)."""


@dataclass(frozen=True)
class NamedPlugin:
    """A provider's plugin that `plugins.providers` names. `path` is an executable or the folder of one."""

    name: str
    path: str
    version: str = ""


@dataclass(frozen=True)
class Project:
    """A folder with a `Pulumi.yaml`."""

    name: str
    folder: Path
    main: str = "."
    runtime_options: Mapping[str, str] = field(default_factory=dict)
    """`runtime.options`: `virtualenv`, `toolchain`, `typechecker`, as texts."""
    config_folder: Path = Path()
    declarations: tuple[Declaration, ...] = ()
    """What `Pulumi.yaml` says of the stacks' configuration."""
    plugins: tuple[NamedPlugin, ...] = ()
    description: str = ""

    @classmethod
    def load(cls, folder: Path) -> Project:
        """Reads `Pulumi.yaml` in `folder`. Raises `ProjectNotFound` and `ProjectInvalid`.

        Keys that mean nothing here (`backend`, `options`, `template`, …) are left alone, as the official CLI
        leaves those that it does not know.
        """
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
        if not isinstance(options, dict):
            raise ProjectInvalid(path, "'runtime.options' must be a mapping")
        config = plain.get("config") or {}
        stacks = plain.get("stackConfigDir") or (config if isinstance(config, str) else ".")
        return cls(
            name=plain["name"],
            folder=folder,
            main=plain.get("main") or ".",
            runtime_options={str(key): text_of(value) for key, value in options.items()},
            config_folder=folder / stacks,
            declarations=() if isinstance(config, str) else declared(path, config, plain["name"]),
            plugins=_plugins(path, plain.get("plugins") or {}),
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

    @property
    def program_folder(self) -> Path:
        """The folder that the program runs in, where relative paths of its assets begin."""
        main = self.folder / self.main
        return main if main.is_dir() else main.parent

    @property
    def program(self) -> str:
        """The program as seen from its folder: a file, or `.` for the folder's `__main__.py`."""
        main = self.folder / self.main
        return "." if main.is_dir() else main.name


def _plugins(path: Path, plugins: Any) -> tuple[NamedPlugin, ...]:
    providers = plugins.get("providers") or [] if isinstance(plugins, dict) else None
    wrong = ProjectInvalid(
        path, "'plugins.providers' must be a list of {name, path} or {name, path, version}"
    )
    if not isinstance(providers, list):
        raise wrong
    found = []
    for one in providers:
        if not isinstance(one, dict) or not all(isinstance(one.get(key), str) for key in ("name", "path")):
            raise wrong
        version = str(one.get("version") or "").removeprefix("v")
        found.append(NamedPlugin(one["name"], one["path"], version))
    return tuple(found)


@dataclass(frozen=True)
class ProgramConfig:
    """Configuration as a program receives it: every value a text, structured ones as JSON."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]

    def of_package(self, package: str) -> PropertyMap:
        """The settings of a provider's package, such as `region` for `aws:region`; secrets are wrapped.

        The providers of `pulumi.dynamic`, being part of the program, get all of it by its full keys.
        """
        prefix = "" if package == DYNAMIC else f"{package}:"
        return {
            key.removeprefix(prefix): Secret(value) if key in self.secret_keys else value
            for key, value in self.values.items()
            if key.startswith(prefix)
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
        values = {one.key: one.default for one in project.declarations if one.default is not None}
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
                    full_key(str(key), project.name): value
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
            full = full_key(key, self.project.name)
            values[full] = _merged(values.get(full), value)
        return replace(self, values=values)

    def revealed(self, crypter: Crypter) -> dict[str, tuple[Any, bool]]:
        """Every value in plain form, with whether a secret stands in it, by full key."""
        return {key: _reveal(value, crypter) for key, value in self.values.items()}

    def for_program(self, crypter: Crypter) -> ProgramConfig:
        """The values as the program receives them. Secrets are opened with `crypter`.

        Raises `ConfigInvalid` where they are not what `Pulumi.yaml` declares.
        """
        texts: dict[str, str] = {}
        secret_keys: set[str] = set()
        revealed = self.revealed(crypter)
        for key, (plain, secret) in revealed.items():
            if secret:
                secret_keys.add(key)
            if plain is None:
                continue
            texts[key] = text_of(plain)
        require_declared(self.stack, self.project.name, self.project.declarations, revealed)
        return ProgramConfig(values=texts, secret_keys=frozenset(secret_keys))


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
