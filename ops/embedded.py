"""The embedded engine in the command's hands: its run is shown, and Ctrl-C ends it in good order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ops.display import Display
from ops.properties import plain
from ops.runs import Action, Outcome, RunOptions
from ops.screen import Screen
from ops.target import Sandbox
from ops.workspace import Workspace
from sandbox.engine.engine import Engine
from sandbox.engine.events import Message
from sandbox.engine.provider import Provider
from sandbox.engine.run import EventHandler


class EmbeddedRunner:
    """Runs one stack with `sandbox.engine` against the sandbox."""

    def __init__(self, workspace: Workspace, stack: str, screen: Screen, sandbox: Sandbox) -> None:
        self._workspace = workspace
        self._stack = stack
        self._screen = screen
        self._sandbox = sandbox

    def run(self, action: Action, options: RunOptions) -> Outcome:
        """Runs the stack. The first Ctrl-C lets what is under way finish, the second ends it."""
        if self._sandbox.reached is not None:
            # Beside the start of the program; `outputs` and `unlock` need no provider.
            threading.Thread(target=_load_provider, name="aws provider", daemon=True).start()
        self._workspace.keep()
        display = Display(
            self._screen, planning=action == "preview", details=options.details, brief=options.brief
        )
        engine = self._engine(display.take, options.parallel)
        config = self._workspace.released_config(self._stack)
        with display, _interruptible(engine):
            if action == "destroy":
                summary = engine.destroy(self._stack, config, display.take, targets=options.only)
            elif action == "refresh":
                summary = engine.refresh(
                    self._stack,
                    config,
                    display.take,
                    targets=options.only,
                    expect_no_changes=options.expect_no_changes,
                )
            else:
                method = engine.up if action == "up" else engine.preview
                summary = method(
                    self._stack,
                    config,
                    display.take,
                    targets=options.only,
                    expect_no_changes=options.expect_no_changes,
                    # Whether a stack may be made was decided when the session was opened.
                    new=True,
                )
        return Outcome(
            result=summary.result,
            changes={name: number for name, number in summary.changes.items() if number},
            seconds=summary.seconds,
            outputs=plain(summary.outputs),
            errors=tuple(summary.errors),
        )

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The outputs that the state holds; the cloud is not asked."""
        outputs = plain(self._engine().outputs(self._stack), show_secrets=show_secrets)
        return dict(outputs)

    def unlock(self) -> None:
        """Takes the stack's locks away."""
        self._engine().unlock(self._stack)

    def _engine(self, on_event: EventHandler | None = None, parallel: int = 16) -> Engine:
        return Engine(
            self._workspace.project,
            self._workspace.backend,
            {"aws": _aws(self._sandbox, on_event)},
            environment={
                **self._workspace.environment,
                # Reading a state starts no process that could look for a cloud.
                **(self._sandbox.variables if on_event is not None else {}),
            },
            parallel=parallel,
        )


def _load_provider() -> None:
    import sandbox.aws.provider  # noqa: F401 - for what it loads: boto3, a quarter of a second


def _aws(sandbox: Sandbox, on_event: EventHandler | None) -> Callable[[], Provider]:
    def make() -> Provider:
        from sandbox.aws.provider import AwsProvider

        begins = sandbox.reached is None
        target = sandbox.reach()
        if begins and on_event is not None:
            on_event(Message("info", f"the program uses AWS: {target}"))
        keys = target.variables
        assert target.endpoint_url is not None, "the embedded engine runs against the sandbox"  # noqa: S101
        return AwsProvider(
            target.endpoint_url,
            access_key=keys["AWS_ACCESS_KEY_ID"],
            secret_key=keys["AWS_SECRET_ACCESS_KEY"],
        )

    return make


@contextmanager
def _interruptible(engine: Engine) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the engine to end while it runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        # os.write: a handler may interrupt a print, which cannot be entered twice.
        text = "ending at once" if asked else "finishing what is under way; press Ctrl-C again to end at once"
        os.write(2, f"\n{text}\n".encode())
        asked = True
        engine.cancel()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
