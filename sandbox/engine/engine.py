"""The engine as the command calls it: preview, up, refresh and destroy of a project's stacks."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from sandbox.engine import deletions, program_run, refreshing
from sandbox.engine.backend import Backend, Checkpoint, HistoryEntry
from sandbox.engine.builtin import BuiltinProvider
from sandbox.engine.crypter import Crypter
from sandbox.engine.errors import EngineError, UnknownStack
from sandbox.engine.events import Summary
from sandbox.engine.executor import Executor
from sandbox.engine.interpreters import Interpreter, interpreter_of
from sandbox.engine.journal import Journal
from sandbox.engine.packages import Packages
from sandbox.engine.planner import Planner
from sandbox.engine.project import Project, StackConfig
from sandbox.engine.provider import Provider, ProviderError
from sandbox.engine.recovery import recovered
from sandbox.engine.registry import Registry
from sandbox.engine.run import EventHandler, Run, Stopped
from sandbox.engine.services import EngineAddress
from sandbox.engine.session import Session
from sandbox.engine.state import Resource
from sandbox.engine.targets import Targets
from sandbox.engine.urn import ROOT_STACK_TYPE
from sandbox.engine.values import PropertyMap

Kind = Literal["preview", "update", "refresh", "destroy"]
_HISTORY_KINDS: Final = {"update", "refresh", "destroy"}


class Engine:
    """Runs one project's program and keeps its stacks' states.

    `providers` makes a provider by the name of its package; those of other packages are plugins
    (`sandbox.engine.packages`). `environment` is laid over this process's own for the program and plugins;
    `interpreter` is the Python that runs the program, by default that of the project's virtual environment,
    else this one.
    """

    def __init__(
        self,
        project: Project,
        backend: Backend,
        providers: Mapping[str, Callable[[], Provider]],
        environment: Mapping[str, str] | None = None,
        interpreter: Path | None = None,
        parallel: int = 16,
    ) -> None:
        self._project = project
        self._backend = backend
        self._providers = providers
        self._environment = {**os.environ, **(environment or {})}
        self._interpreter = interpreter
        self._parallel = parallel
        self._run: Run | None = None
        self._registry: Registry | None = None

    def preview(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        targets: Sequence[str] = (),
        expect_no_changes: bool = False,
        new: bool = False,
    ) -> Summary:
        """Tells what `up` would do, and does none of it. Needs no lock; `new` as for `up`."""
        with self._session("preview", stack, config, on_event, targets, preview=True, new=new) as session:
            return self._finish(session, program_run.run_program, expect_no_changes)

    def up(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        targets: Sequence[str] = (),
        expect_no_changes: bool = False,
        message: str = "",
        new: bool = False,
    ) -> Summary:
        """Makes the stack what the program says. What was made is kept whatever fails.

        With `new`, a stack that has neither a configuration file nor a state is made.
        """
        with self._session("update", stack, config, on_event, targets, message=message, new=new) as session:
            return self._finish(session, program_run.run_program, expect_no_changes)

    def refresh(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        targets: Sequence[str] = (),
        expect_no_changes: bool = False,
        preview: bool = False,
    ) -> Summary:
        """Makes the state say what the providers find; `changes` counts what differed."""
        with self._session("refresh", stack, config, on_event, targets, preview=preview) as session:
            return self._finish(session, _refresh, expect_no_changes)

    def destroy(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        targets: Sequence[str] = (),
        preview: bool = False,
    ) -> Summary:
        """Deletes all that the state holds, without running the program."""
        with self._session("destroy", stack, config, on_event, targets, preview=preview) as session:
            return self._finish(session, _destroy, expect_no_changes=False)

    def outputs(self, stack: str) -> PropertyMap:
        """The stack's outputs, secrets still wrapped in `Secret`."""
        return _stack_outputs(self.resources(stack))

    def resources(self, stack: str) -> list[Resource]:
        """What the stack's state holds."""
        self._require(stack)
        crypter = self._backend.crypter(self._project.name, stack)
        return self._backend.load(self._project.name, stack, crypter).resources

    def stacks(self) -> list[str]:
        """The stacks that have a configuration file or a state."""
        return sorted({*self._project.configured_stacks(), *self._backend.stacks(self._project.name)})

    def cancel(self) -> None:
        """Ends the run under way; safe in a signal handler.

        The first call lets what is under way finish, the second asks providers to give up and waits for
        nobody.
        """
        run = self._run
        if run is None:
            return
        if run.cancelled:
            run.abandoned = True
            if self._registry is not None:
                threading.Thread(target=self._registry.cancel, name="cancel", daemon=True).start()
        run.cancelled = True
        run.signals.put("cancel")

    def unlock(self, stack: str) -> list[str]:
        """Takes away every lock of the stack: who held them."""
        self._require(stack)
        lock = self._backend.lock(self._project.name, stack)
        return [str(holder) for holder in lock.break_all()]

    # One run

    @contextmanager
    def _session(
        self,
        kind: Kind,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        targets: Sequence[str],
        *,
        preview: bool = False,
        message: str = "",
        new: bool = False,
    ) -> Iterator[Session]:
        if not new:
            self._require(stack)
        run = Run(self._project.name, stack, preview, on_event, self._parallel)
        self._run = run
        address = EngineAddress(run)
        try:
            crypter = self._backend.crypter(self._project.name, stack, config.encryption_salt)
            if preview:
                yield self._opened(run, kind, config, targets, crypter, message, address)
                return
            with self._backend.lock(self._project.name, stack) as lock:
                for holder in lock.taken_over:
                    run.message("warning", f"took over the lock of {holder}, which is no longer running")
                yield self._opened(run, kind, config, targets, crypter, message, address)
        finally:
            self._run = None
            if self._registry is not None:
                self._registry.close()
                self._registry = None
            address.close()

    def _opened(
        self,
        run: Run,
        kind: Kind,
        config: StackConfig,
        targets: Sequence[str],
        crypter: Crypter,
        message: str,
        address: EngineAddress,
    ) -> Session:
        def open_state(session: Session) -> None:
            checkpoint = self._backend.load(run.project, run.stack, crypter)
            if not run.preview:
                self._backend.keep_previous(run.project, run.stack)
            builtin = BuiltinProvider(self._outputs_of, lambda urn: session.executor.results.get(urn))
            packages = Packages(self._providers, session.surroundings())
            registry = Registry(packages, builtin, self._project.program_folder, run.preview)
            self._registry = registry
            settled = self._recover(run, checkpoint, registry)
            backend = None if run.preview else self._backend
            session.registry = registry
            session.journal = Journal(settled, crypter, backend, run.project, run.stack)
            session.planner = Planner(run, registry, settled.resources, Targets(targets))
            session.executor = Executor(run, session.journal, registry)
            session.old_outputs = _stack_outputs(settled.resources)
            if settled is not checkpoint:
                session.journal.change(lambda: None)

        return Session(
            run=run,
            kind=kind,
            message=message,
            project=self._project,
            config=config.for_program(crypter),
            environment=self._environment,
            interpreter=Interpreter(self._interpreter)
            if self._interpreter
            else interpreter_of(self._project),
            engine_address=address,
            open_state=open_state,
        )

    def _recover(self, run: Run, checkpoint: Checkpoint, registry: Registry) -> Checkpoint:
        if not checkpoint.pending:
            return checkpoint
        planner = Planner(run, registry, checkpoint.resources, Targets(()))
        return recovered(run, checkpoint, planner.ensure_provider)

    def _finish(self, session: Session, work: Callable[[Session], None], expect_no_changes: bool) -> Summary:
        run = session.run
        try:
            work(session)
        except Stopped:
            pass
        except (EngineError, ProviderError) as error:
            if not session.is_open:
                # Nothing has begun: it is the caller's to tell.
                raise
            run.fail(str(error))
        if session.is_open:
            if session.journal.has_unwritten():
                session.journal.flush()
            session.journal.close()
        if run.fault is not None:
            raise run.fault
        if expect_no_changes and not run.errors:
            wrong = {
                name: count for name, count in run.changes.items() if count and name not in ("same", "read")
            }
            if wrong:
                counted = ", ".join(f"{count} {name}" for name, count in sorted(wrong.items()))
                run.fail(f"no changes were expected, but there were: {counted}")
        summary = Summary(
            result="failed" if run.errors else "cancelled" if run.cancelled else "succeeded",
            changes=dict(run.changes),
            seconds=time.time() - run.started,
            outputs=session.outputs(),
            old_outputs=session.old_outputs,
            errors=tuple(run.errors),
        )
        if not run.preview and session.kind in _HISTORY_KINDS:
            self._record(session, summary)
        run.emit(summary)
        return summary

    def _record(self, session: Session, summary: Summary) -> None:
        run = session.run
        plain = {
            key: value
            for key, value in session.config.values.items()
            if key not in session.config.secret_keys
        }
        self._backend.record(
            run.project,
            run.stack,
            HistoryEntry(
                kind=session.kind,
                start=int(run.started),
                end=int(time.time()),
                result="succeeded" if summary.result == "succeeded" else "failed",
                changes={str(name): count for name, count in summary.changes.items()},
                message=session.message,
                config=plain,
            ),
        )

    def _require(self, stack: str) -> None:
        known = self.stacks()
        if stack not in known:
            raise UnknownStack(stack, known)

    def _outputs_of(self, name: str) -> PropertyMap:
        """The outputs of another stack: `stack`, `organization/stack` or `organization/project/stack`."""
        parts = name.split("/")
        project = parts[1] if len(parts) == 3 else self._project.name
        stack = parts[-1]
        if stack not in self._backend.stacks(project):
            raise ProviderError(f"unknown stack '{name}': {self._backend.root} holds no state of it")
        crypter = self._backend.crypter(project, stack)
        return _stack_outputs(self._backend.load(project, stack, crypter).resources)


def _refresh(session: Session) -> None:
    session.open()
    session.planner.targets.require_matches([item.urn for item in session.planner.resources])
    refreshing.refresh(session.run, session.planner, session.journal)


def _destroy(session: Session) -> None:
    session.open()
    session.planner.targets.require_matches([item.urn for item in session.planner.resources])
    deletions.delete_everything(session.run, session.planner, session.executor)


def _stack_outputs(resources: Sequence[Resource]) -> PropertyMap:
    for item in resources:
        if item.type == ROOT_STACK_TYPE and not item.parent and not item.delete:
            return dict(item.outputs)
    return {}
