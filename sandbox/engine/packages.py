"""Which provider answers for a package: one in this process, `pulumi.dynamic`, or a plugin's executable."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.errors import EngineError, UnknownPackage
from sandbox.engine.plugins import PluginProcess
from sandbox.engine.project import DYNAMIC, NamedPlugin, ProgramConfig, Project
from sandbox.engine.provider import Provider

_ATTACHED: Final = "PULUMI_DEBUG_PROVIDERS"
"""`name:port,…`: providers that a person has started by hand, in a debugger say."""


class PluginMissing(EngineError):
    """A plugin that the project names, where there is none."""

    def __init__(self, plugin: NamedPlugin, path: Path) -> None:
        super().__init__(
            f"there is no plugin of the package '{plugin.name}' at {path}, which plugins.providers in "
            "Pulumi.yaml names: it must be an executable file, or the folder of one"
        )
        self.path = path


@dataclass(frozen=True)
class Surroundings:
    """What a plugin is started in."""

    project: Project
    config: ProgramConfig
    environment: Mapping[str, str]
    interpreter: Path
    engine: Callable[[], str]
    """The address of the engine's own service."""
    on_print: Callable[[str], None]
    """Gets what the program's own dynamic providers print."""
    on_line: Callable[[str], None]
    """Gets what other plugins print."""


class Packages:
    """Makes providers by the names of their packages, a new one each time."""

    def __init__(self, factories: Mapping[str, Callable[[], Provider]], around: Surroundings) -> None:
        self._factories = factories
        self._around = around

    def provider(self, package: str, version: str) -> Provider:
        """A provider, not yet configured. Raises `UnknownPackage`, `PluginFailed`, `ProviderError`.

        A plugin that the project names goes first, then what lives in this process, then the search path: a
        `pulumi-resource-aws` that happens to be there takes no sandboxed program to a real account.
        """
        port = self._attached(package)
        if port:
            return self._connect(package, None, f"127.0.0.1:{port}", self._around.project.folder)
        named = self._named(package, version)
        if named is not None:
            return self._start(package, [str(named)], named.parent)
        if package in self._factories:
            return self._factories[package]()
        if package == DYNAMIC:
            around = self._around
            command = [str(around.interpreter), "-u", "-m", "pulumi.dynamic"]
            return self._start(package, command, around.project.program_folder)
        found = shutil.which(executable_of(package), path=self._around.environment.get("PATH"))
        if found is None:
            raise UnknownPackage(package, sorted(self._factories))
        return self._start(package, [found], Path(found).parent)

    def _attached(self, package: str) -> str:
        for pair in self._around.environment.get(_ATTACHED, "").split(","):
            name, _, port = pair.partition(":")
            if name == package and port.isdigit():
                return port
        return ""

    def _named(self, package: str, version: str) -> Path | None:
        for plugin in self._around.project.plugins:
            fits = not (plugin.version and version) or plugin.version == version
            if plugin.name == package and fits:
                path = self._around.project.folder / plugin.path
                found = shutil.which(executable_of(package), path=str(path)) if path.is_dir() else str(path)
                if not found or not os.access(found, os.X_OK):
                    raise PluginMissing(plugin, path)
                return Path(found)
        return None

    def _start(self, package: str, command: Sequence[str], home: Path) -> Provider:
        around = self._around
        address = around.engine()
        process = PluginProcess(
            [*command, address],
            environment=self._environment(),
            folder=around.project.program_folder,
            name=executable_of(package),
            on_line=around.on_print
            if package == DYNAMIC
            else lambda line: around.on_line(f"{executable_of(package)}: {line}"),
        )
        return self._connect(package, process, process.address, home)

    def _connect(self, package: str, process: PluginProcess | None, address: str, home: Path) -> Provider:
        # gRPC takes a quarter of a second to load, which a run without plugins must not pay.
        from sandbox.engine.grpc_provider import GrpcProvider

        around = self._around
        return GrpcProvider(package, process, address, around.engine(), around.project.program_folder, home)

    def _environment(self) -> dict[str, str]:
        """The environment of a plugin: the program's, and what the official engine adds to it."""
        project = self._around.project
        options = {f"PULUMI_RUNTIME_{key.upper()}": value for key, value in project.runtime_options.items()}
        return {
            **options,
            **self._around.environment,
            "PULUMI_PROJECT": project.name,
            "PULUMI_CONFIG": json.dumps(dict(self._around.config.values)),
        }


def executable_of(package: str) -> str:
    """The name of the executable that serves a package."""
    return f"pulumi-resource-{package}"
