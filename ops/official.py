"""The official Pulumi CLI in the command's hands, for real accounts: as it is, with its own display."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.errors import EngineUnavailableError, StackNotUpError, UsageError
from ops.runs import Action, Outcome, RunOptions
from ops.screen import Screen

if TYPE_CHECKING:
    from sandbox.engine.importing import Import
    from sandbox.engine.state import Resource

INTERRUPTED_STATUS = 130


class OfficialRunner:
    """Runs one stack with `pulumi` from PATH. Where its states lie is the user's own `pulumi login`."""

    def __init__(self, folder: Path, stack: str, screen: Screen, environment: Mapping[str, str]) -> None:
        found = find_cli()
        if found is None:
            raise EngineUnavailableError(
                "the Pulumi CLI is not on PATH",
                "install it (https://www.pulumi.com/docs/install/), or use the sandbox, which needs none: "
                f"groundplan up {stack}",
            )
        self._cli = found
        self._folder = folder
        self._stack = stack
        self._screen = screen
        self._environment = dict(environment)

    def run(self, action: Action, options: RunOptions) -> Outcome:
        """Runs `pulumi <action>`; the terminal is its own meanwhile."""
        command = [self._cli, action, "--stack", self._stack, "--parallel", str(options.parallel)]
        for urn in options.only:
            command += ["--target", urn]
        for flag, urns in (("--exclude", options.exclude), ("--replace", options.replace)):
            for urn in urns:
                command += [flag, urn]
        if options.dependents:
            command.append("--exclude-dependents" if options.exclude else "--target-dependents")
        if options.refresh and action in ("up", "preview"):
            command.append("--refresh")
        if options.continue_on_error and action in ("up", "destroy"):
            command.append("--continue-on-error")
        if options.expect_no_changes:
            command.append("--expect-no-changes")
        for pack in options.policy_packs:
            command += ["--policy-pack", str(pack.folder)]
            if pack.config is not None:
                command += ["--policy-pack-config", str(pack.config)]
        if options.details:
            command.append("--diff")
        if options.assume_yes and action != "preview":
            command.append("--yes")
        began = time.monotonic()
        status = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            check=False,
            stdout=self._screen.err if self._screen.as_json else None,
        ).returncode
        seconds = time.monotonic() - began
        if status == 0:
            outputs = self.outputs() if action != "destroy" else {}
            return Outcome("succeeded", seconds=seconds, outputs=outputs)
        if status in (INTERRUPTED_STATUS, -2):
            return Outcome("cancelled", seconds=seconds)
        return Outcome("failed", seconds=seconds, errors=(f"pulumi {action} exited with {status}",))

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """`pulumi stack output --json`."""
        command = [self._cli, "stack", "output", "--json", "--stack", self._stack]
        if show_secrets:
            command.append("--show-secrets")
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment, check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise StackNotUpError(self._stack) from EngineUnavailableError(done.stderr.strip())
        return dict(json.loads(done.stdout))

    def import_resources(self, imports: Sequence[Import], options: RunOptions, *, protect: bool) -> Outcome:
        """Refused: the CLI has a command of its own for it."""
        raise UsageError("with the official CLI, import with its own command", "pulumi import --help")

    def resources(self) -> Sequence[Resource]:
        """Refused, as above."""
        raise UsageError("the official CLI lists the state itself", "pulumi stack --show-urns")

    def edit_state(self, edit: Callable[[Sequence[Resource]], list[Resource]]) -> None:
        """Refused, as above."""
        raise UsageError("the official CLI edits the state itself", "pulumi state --help")

    def unlock(self) -> None:
        """`pulumi cancel`."""
        subprocess.run(
            [self._cli, "cancel", "--stack", self._stack, "--yes"],
            cwd=self._folder,
            env=self._environment,
            check=True,
        )

    def release(self, model_package_arn: str) -> None:
        """Names the model package in the stack's own file."""
        subprocess.run(
            [
                *(self._cli, "config", "set", "--stack", self._stack, "--path"),
                *("release.modelPackageArn", model_package_arn),
            ],
            cwd=self._folder,
            env=self._environment,
            check=True,
        )


def find_cli() -> str | None:
    """The Pulumi CLI on PATH."""
    return shutil.which("pulumi")
