"""What a policy pack is: a folder with a `PulumiPolicy.yaml`, and the command that starts it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sandbox.engine.errors import EngineError
from sandbox.engine.policy_config import PolicySettings, read_settings
from sandbox.engine.project import ProgramConfig
from sandbox.engine.yaml import load_yaml

_FILE: Final = "PulumiPolicy.yaml"


class PolicyPackInvalid(EngineError):
    """A folder that is no policy pack, or one that cannot run here."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"the policy pack in {folder} cannot be used: {reason}")
        self.folder = folder
        self.reason = reason


@dataclass(frozen=True)
class Surroundings:
    """What a pack is told of the run that it judges."""

    project: str
    folder: Path
    stack: str
    preview: bool
    config: ProgramConfig
    environment: Mapping[str, str]
    """Of its process."""


@dataclass(frozen=True)
class PolicyPack:
    """A pack as it lies in its folder, with the configuration that was given for it."""

    folder: Path
    runtime: str = "python"
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of its runtime, such as `virtualenv`."""
    version: str = ""
    """Stands for the version that the pack itself tells, which a Python pack cannot choose."""
    config_file: Path | None = None
    settings: Mapping[str, PolicySettings] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, config_file: Path | None = None) -> PolicyPack:
        """Reads the pack's file, and its configuration (JSON). Nothing is started.

        Raises `PolicyPackInvalid`, `PolicyConfigInvalid` and `ProjectInvalid`.
        """
        folder = folder.resolve()
        path = folder / _FILE
        if not path.is_file():
            raise PolicyPackInvalid(folder, f"there is no {_FILE} in it")
        plain = load_yaml(path)
        runtime = plain.get("runtime") if isinstance(plain, dict) else None
        name, options = (
            (runtime.get("name"), runtime.get("options") or {})
            if isinstance(runtime, dict)
            else (runtime, {})
        )
        if not isinstance(name, str) or not name or not isinstance(options, dict):
            raise PolicyPackInvalid(folder, f"{_FILE} names no 'runtime', such as python")
        return cls(
            folder=folder,
            runtime=name,
            options=options,
            version=str(plain.get("version") or ""),
            config_file=config_file,
            settings=read_settings(config_file) if config_file else {},
        )

    def command(self, engine_address: str, search_path: str | None) -> list[str]:
        """What starts the pack; it runs in its own folder. Raises `PolicyPackInvalid`.

        A pack in Python is run by its virtual environment where that exists, else by this interpreter.
        Any other needs `pulumi-analyzer-policy-<runtime>` on the search path, as the official CLI does.
        """
        if self.runtime == "python":
            module = ["-u", "-m", "pulumi.policy", engine_address, str(self.folder)]
            return [str(self._interpreter()), *module]
        name = f"pulumi-analyzer-policy-{self.runtime}"
        program = shutil.which(name, path=search_path)
        if program is None:
            raise PolicyPackInvalid(
                self.folder, f"its runtime is '{self.runtime}', which takes the program {name} on PATH"
            )
        flags = [f"-{key}={value}" for key, value in self.options.items() if str(value)]
        return [program, engine_address, ".", *flags]

    def _interpreter(self) -> Path:
        if self.options.get("virtualenv"):
            environment = self.folder / str(self.options["virtualenv"])
            path = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
            if path.exists():
                return path
        return Path(sys.executable)
