"""The embedded engine in the command's hands: its run is shown, and Ctrl-C ends it in good order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ops.display import Display
from ops.errors import PlanFailedError
from ops.properties import plain
from ops.runs import Action, Outcome, RunOptions
from ops.screen import Screen
from ops.steps import StepLog
from ops.target import Sandbox
from ops.workspace import Workspace
from sandbox.engine.engine import Engine
from sandbox.engine.events import Event, Message, Summary
from sandbox.engine.importing import Import
from sandbox.engine.policy_pack import PolicyPack
from sandbox.engine.project import StackConfig
from sandbox.engine.provider import Provider
from sandbox.engine.run import EventHandler
from sandbox.engine.state import Resource
from sandbox.engine.targets import Chosen


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
        config = self._workspace.released_config(self._stack)
        packs = [PolicyPack.load(one.folder, one.config) for one in options.policy_packs]
        return self._shown(
            options,
            lambda engine, on_event: _run(engine, action, self._stack, config, on_event, options, packs),
            planning=action == "preview",
        )

    def plan(self) -> Sequence[Resource]:
        """The state that an `up` would leave, with nothing on the screen. Raises `PlanFailedError`."""
        self._sandbox.reach()
        config = self._workspace.released_config(self._stack)
        told: list[Event] = []
        summary, resources = self._engine(told.append).plan(self._stack, config, told.append, new=True)
        if summary.result != "succeeded":
            raise PlanFailedError(self._stack, summary.errors)
        return resources

    def import_resources(self, imports: Sequence[Import], options: RunOptions, *, protect: bool) -> Outcome:
        """Takes resources that exist already into the state."""
        config = self._workspace.released_config(self._stack)
        return self._shown(
            options,
            lambda engine, on_event: engine.import_resources(
                self._stack, config, on_event, imports, protect=protect
            ),
        )

    def resources(self) -> Sequence[Resource]:
        """What the state holds."""
        return self._engine().resources(self._stack)

    def edit_state(self, edit: Callable[[Sequence[Resource]], list[Resource]]) -> None:
        """Replaces what the state holds."""
        self._engine().edit_state(self._stack, edit)

    def _shown(
        self, options: RunOptions, work: Callable[[Engine, EventHandler], Summary], *, planning: bool = False
    ) -> Outcome:
        """A run on the screen, and what came of it."""
        log = StepLog()
        display = Display(self._screen, planning=planning, details=options.details, brief=options.brief)

        def on_event(event: Event) -> None:
            display.take(event)
            log.take(event)

        engine = self._engine(on_event, options.parallel)
        with display, _interruptible(engine):
            summary = work(engine, on_event)
        return Outcome(
            result=summary.result,
            changes={name: number for name, number in summary.changes.items() if number},
            seconds=summary.seconds,
            outputs=plain(summary.outputs),
            errors=tuple(summary.errors),
            policies=display.policies.document() if options.policy_packs else None,
            steps=log.document(),
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


def _run(
    engine: Engine,
    action: Action,
    stack: str,
    config: StackConfig,
    on_event: EventHandler,
    options: RunOptions,
    packs: Sequence[PolicyPack],
) -> Summary:
    chosen = Chosen(
        targets=options.only,
        target_dependents=options.dependents,
        exclude=options.exclude,
        exclude_dependents=options.dependents,
        replace=options.replace,
    )
    if action == "destroy":
        return engine.destroy(stack, config, on_event, continue_on_error=options.continue_on_error, **chosen)
    expected = options.expect_no_changes
    if action == "refresh":
        return engine.refresh(stack, config, on_event, expect_no_changes=expected, **chosen)
    if action == "preview":
        return engine.preview(
            stack,
            config,
            on_event,
            expect_no_changes=expected,
            refresh=options.refresh,
            policy_packs=packs,
            # Whether a stack may be made was decided when the session was opened.
            new=True,
            **chosen,
        )
    return engine.up(
        stack,
        config,
        on_event,
        expect_no_changes=expected,
        refresh=options.refresh,
        continue_on_error=options.continue_on_error,
        policy_packs=packs,
        new=True,
        **chosen,
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
