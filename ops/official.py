"""The official Pulumi CLI in the command's hands: as it is, with its own display."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from ops.errors import EngineUnavailableError, StackNotUpError, UsageError
from ops.official_sandbox import SandboxedCli
from ops.releases import Release
from ops.runs import Action, Outcome, RunOptions
from ops.screen import Screen
from ops.workspace import Workspace

if TYPE_CHECKING:
    from sandbox.engine.importing import Import
    from sandbox.engine.state import Resource


class OfficialRunner:
    """Runs one stack with `pulumi` from PATH.

    With `sandbox` it is led there, and its states are this folder's; without, they are where the user's own
    `pulumi login` says, and so is the account.
    """

    def __init__(
        self, workspace: Workspace, stack: str, screen: Screen, sandbox: SandboxedCli | None = None
    ) -> None:
        self._cli = require_cli(stack)
        self._folder = workspace.folder
        self._stack = stack
        self._screen = screen
        self._sandbox = sandbox
        self._environment = sandbox.environment() if sandbox is not None else dict(workspace.environment)

    def run(self, action: Action, options: RunOptions) -> Outcome:
        """Runs `pulumi <action>`; the terminal is its own meanwhile."""
        command = [action, "--parallel", str(options.parallel)]
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
        if action != "preview" and self._sandbox is not None:
            # As with the embedded engine: in the sandbox an action is what was typed, without a question.
            command.append("--yes")
            if not options.policy_packs:
                # Packs judge a preview first, so that a stack policy stops what is not made yet.
                command.append("--skip-preview")
        elif action != "preview" and options.assume_yes:
            command.append("--yes")
        began = time.monotonic()
        if self._sandbox is None:
            status, interrupted = self._show(command)
        else:
            self._sandbox.begin()
            with self._sandbox.settings() as path:
                status, interrupted = self._show([*command, "--config-file", str(path)])
        seconds = time.monotonic() - began
        if status == 0:
            changes = self._changes() if action != "preview" else {}
            outputs = self.outputs() if action != "destroy" else {}
            return Outcome("succeeded", changes=changes, seconds=seconds, outputs=outputs)
        if interrupted:
            return Outcome("cancelled", seconds=seconds)
        return Outcome("failed", seconds=seconds, errors=(f"pulumi {action} exited with {status}",))

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """`pulumi stack output --json`."""
        if self._sandbox is not None and not self._sandbox.has_state():
            return {}
        command = ["stack", "output", "--json"]
        if show_secrets:
            command.append("--show-secrets")
        done = self._ask(command)
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
        done = self._ask(["cancel", "--yes"])
        if done.returncode != 0:
            raise EngineUnavailableError(f"pulumi cancel failed: {done.stderr.strip()}")

    def release(self, wanted: Release) -> None:
        """Writes the release into the stack's own file: models, their shares, their first instances."""
        for part in ("instances", "challengers", "shadow"):
            self._ask(["config", "rm", "--path", f"release.{part}"])  # fails where there is none
        values = {"release.modelPackageArn": wanted.model_package_arn}
        values |= {f'release.instances["{name}"]': str(count) for name, count in wanted.instances.items()}
        for number, one in enumerate(wanted.challengers):
            values[f"release.challengers[{number}].modelPackageArn"] = one.model_package_arn
            values[f"release.challengers[{number}].weight"] = str(one.weight)
        if wanted.shadow is not None:
            values["release.shadow.modelPackageArn"] = wanted.shadow.model_package_arn
            values["release.shadow.samplePercent"] = str(wanted.shadow.sample_percent)
        for path, value in values.items():
            done = self._ask(["config", "set", "--path", path, value])
            if done.returncode != 0:
                raise EngineUnavailableError(f"pulumi config set failed: {done.stderr.strip()}")

    def _changes(self) -> dict[str, int]:
        """What the last run changed, by operation."""
        done = self._ask(["stack", "history", "--json", "--page-size", "1"])
        runs = json.loads(done.stdout) if done.returncode == 0 else []
        return dict(runs[0].get("resourceChanges") or {}) if runs else {}

    def _ask(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._cli, *command, "--stack", self._stack, "--non-interactive"],
            cwd=self._folder,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def _show(self, command: Sequence[str]) -> tuple[int, bool]:
        """Runs a command on the terminal: its exit status, and whether it was asked to end."""
        process = subprocess.Popen(
            [self._cli, *command, "--stack", self._stack],
            cwd=self._folder,
            env=self._environment,
            stdout=self._screen.err if self._screen.as_json else None,
        )
        with _signals_left_to(process) as heard:
            status = process.wait()
        return status, bool(heard)


def find_cli() -> str | None:
    """The Pulumi CLI on PATH."""
    return shutil.which("pulumi")


def require_cli(stack: str) -> str:
    """The Pulumi CLI on PATH. Raises `EngineUnavailableError` where there is none."""
    found = find_cli()
    if found is None:
        raise EngineUnavailableError(
            "the Pulumi CLI is not on PATH",
            "install it (https://www.pulumi.com/docs/install/), or use the embedded engine and the "
            f"sandbox, which need none: groundplan up {stack}",
        )
    return found


@contextmanager
def _signals_left_to(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are the CLI's to handle while it runs: it finishes what is under way.

    Gives the signals that were heard; they are all there once the process has ended.
    """
    heard: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def hand_over(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        # A terminal has sent its Ctrl-C to the CLI as well; a second one would end it at once.
        if process.poll() is None and not (number == signal.SIGINT and _in_the_foreground()):
            process.send_signal(number)

    before = {number: signal.signal(number, hand_over) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_the_foreground() -> bool:
    """Whether this process belongs to those that a terminal's Ctrl-C reaches."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
