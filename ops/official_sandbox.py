"""How the official CLI is led to this folder's sandbox: its provider, its states, its settings, nothing else.

No file that git tracks changes: what a run needs beside the project's own files goes in variables, and in a
settings file that lives as long as the run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ops.errors import CommandError
from ops.target import Target
from ops.workspace import Workspace
from sandbox.aws.package import EXECUTABLE
from sandbox.engine.yaml import load_yaml

_PROVIDER: Final = "pulumi-resource-aws"
_IGNORED: Final = ("PULUMI_IGNORE_AMBIENT_PLUGINS", "PULUMI_CONFIG_PASSPHRASE_FILE")
"""Variables that would have the CLI pass over our provider, or that ours stand for."""
_ATTACHED: Final = "PULUMI_DEBUG_PROVIDERS"


class AnotherProviderError(CommandError):
    """The CLI would take a provider for `aws` that is not the sandbox's. Nothing was run."""

    def __init__(self, found: str, next_step: str) -> None:
        super().__init__(f"the official CLI would not use the sandbox's provider of aws: {found}", next_step)


class SandboxedCli:
    """What the CLI is given for one stack of a workspace. `target` is None where no cloud is needed."""

    def __init__(self, workspace: Workspace, stack: str, target: Target | None) -> None:
        self._workspace = workspace
        self._stack = stack
        self._target = target

    def environment(self) -> dict[str, str]:
        """The variables of the CLI. Raises `AnotherProviderError` where it would take another provider."""
        workspace = self._workspace
        given = {name: text for name, text in workspace.environment.items() if name not in _IGNORED}
        # The interpreter's folder: a project without a virtual environment of its own runs in this one.
        path = [str(EXECUTABLE.parent), str(Path(sys.executable).parent), given.get("PATH", os.defpath)]
        variables = {
            **given,
            **(self._target.variables if self._target is not None else {}),
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": f"file://{workspace.backend.root}",
            "PULUMI_CONFIG_PASSPHRASE": workspace.passphrase.value,
            "SANDBOX_PYTHON": sys.executable,
        }
        _refuse_another(workspace.project.folder / "Pulumi.yaml", variables, EXECUTABLE)
        return variables

    def has_state(self) -> bool:
        """Whether the stack has been begun."""
        workspace = self._workspace
        return self._stack in workspace.backend.stacks(workspace.project.name)

    def begin(self) -> None:
        """Makes the stack, empty, where it has no state. Raises `StackLocked`.

        The CLI's own `stack init` would write a salt into the stack's file.
        """
        if self.has_state():
            return
        backend, project = self._workspace.backend, self._workspace.project.name
        with backend.lock(project, self._stack):
            if not self.has_state():
                salt = self._workspace.config(self._stack).encryption_salt
                backend.write(project, self._stack, backend.crypter(project, self._stack, salt), (), ())

    @contextmanager
    def settings(self) -> Iterator[Path]:
        """A file with the stack's settings, what the sandbox has released laid over them."""
        config = self._workspace.released_config(self._stack)
        backend = self._workspace.backend
        crypter = backend.crypter(self._workspace.project.name, self._stack, config.encryption_salt)
        content = {
            "encryptionsalt": crypter.state,
            "config": {key: value for key, value in config.values.items() if value is not None},
        }
        with tempfile.TemporaryDirectory(prefix="groundplan-") as folder:
            path = Path(folder) / f"Pulumi.{self._stack}.yaml"
            # JSON is YAML that nobody reads in two ways.
            path.write_text(json.dumps(content), encoding="utf-8")
            yield path


def _refuse_another(project_file: Path, variables: Mapping[str, str], ours: Path) -> None:
    found = shutil.which(_PROVIDER, path=variables["PATH"])
    if found is None or not Path(found).samefile(ours):
        raise AnotherProviderError(
            f"PATH leads to {found or 'none'}, not to {ours}", f"make it executable: chmod +x {ours}"
        )
    if any(entry.strip().startswith("aws:") for entry in variables.get(_ATTACHED, "").split(",")):
        raise AnotherProviderError(f"{_ATTACHED} attaches it to a running one", f"unset {_ATTACHED}")
    for section, named in _named_plugins(load_yaml(project_file)):
        if named == "aws":
            raise AnotherProviderError(
                f"{section} in {project_file} names one",
                f"take that entry out, or use the embedded engine, which needs none in {section}",
            )


def _named_plugins(project: Any) -> Iterator[tuple[str, str]]:
    """Where a project's file says which provider is taken for a package, and the package."""
    providers = (project.get("plugins") or {}).get("providers") or []
    yield from (
        ("plugins.providers", str(entry.get("name"))) for entry in providers if isinstance(entry, dict)
    )
    yield from (("packages", str(name)) for name in project.get("packages") or {})
