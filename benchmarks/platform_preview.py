"""What a preview of the whole platform costs, against its program's own time, with and without a state.

`python -m benchmarks.platform_preview [--stack prod] [--rounds 3]` clones the committed tree into a temporary
folder, with this environment's packages, and prints one line of JSON. A ratio is that of the command from the
shell to the program by itself (a monitor that answers at once). The program's import stands beside that of
Pulumi's SDK alone, which is its floor.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.engine_overhead import invoke_by
from benchmarks.instant_monitor import InstantMonitor, program_seconds
from ops.target import sandbox_account
from ops.workspace import Workspace
from sandbox.aws.provider import AwsProvider
from sandbox.engine.interpreters import interpreter_of
from sandbox.runtime import daemon
from sandbox.runtime.host.clients import access_key_for

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = {
    "floor": "import pulumi, pulumi_aws",
    "program": "import infra.platform, infra.settings.loading",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default="prod")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="platform-preview-") as folder:
        clone = Path(folder) / "groundplan"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        (clone / ".venv").symlink_to(Path(sys.prefix))
        command = [sys.executable, "-m", "ops"]
        environment = {**os.environ, "PYTHONPATH": str(clone)}
        try:
            _run([*command, "sandbox", "start"], clone, environment)
            preview = [*command, "preview", arguments.stack]
            _run(preview, clone, environment)  # compiles what it imports
            empty = [_run(preview, clone, environment) for _ in range(arguments.rounds)]
            _run([*command, "up", arguments.stack], clone, environment)
            program = Alone(clone, arguments.stack, environment)
            alone, full = [], []
            for _ in range(arguments.rounds):
                alone.append(program.seconds())
                full.append(_run(preview, clone, environment))
            imports = {
                name: [
                    _run([sys.executable, "-c", code], clone, environment) for _ in range(arguments.rounds)
                ]
                for name, code in IMPORTS.items()
            }
        finally:
            subprocess.run([*command, "sandbox", "stop"], cwd=clone, env=environment, check=False, stdout=2)
    floor = statistics.median(alone)
    figures = {
        "benchmark": "platform_preview",
        "resources": program.resources,
        "program_alone_s": round(floor, 2),
        "preview_without_state_s": round(statistics.median(empty), 2),
        "preview_without_state_ratio": round(statistics.median(empty) / floor, 2),
        "preview_with_state_s": round(statistics.median(full), 2),
        "preview_with_state_ratio": round(
            statistics.median(whole / one for whole, one in zip(full, alone, strict=True)), 2
        ),
        "import_s": round(statistics.median(imports["program"]), 2),
        "import_floor_s": round(statistics.median(imports["floor"]), 2),
    }
    print(json.dumps(figures))


class Alone:
    """The program of a stack by itself, against what the stack's state holds."""

    def __init__(self, clone: Path, stack: str, environment: Mapping[str, str]) -> None:
        workspace = self._workspace = Workspace.find(clone)
        self._environment = environment
        self._config = workspace.released_config(stack)
        address = daemon.last_known(workspace.sandbox_root)
        if address is None:
            raise SystemExit("the sandbox has gone")
        endpoint, key = address.endpoint_url, access_key_for(sandbox_account(workspace, stack))
        project, backend = workspace.project, workspace.backend
        crypter = backend.crypter(project.name, stack, self._config.encryption_salt)
        held = {item.urn: item for item in backend.load(project.name, stack, crypter).resources}
        self.resources = len(held)
        invoke = invoke_by({"aws": lambda: AwsProvider(endpoint, access_key=key)}, self._config)
        self._monitor = InstantMonitor(project, stack, held, invoke)
        self.seconds()  # the answers to its questions are kept from now on

    def seconds(self) -> float:
        """How long it takes."""
        project = self._workspace.project
        python = interpreter_of(project).path
        return program_seconds(
            project, self._config, self._workspace.backend, self._environment, python, self._monitor
        )


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Wall-clock seconds of a command that must succeed; its output goes to the error stream."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=2)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
