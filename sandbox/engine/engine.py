"""The engine as the command calls it: preview, up, refresh and destroy of a project's stacks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, Unpack

from sandbox.engine import deletions, ending, importing, program_run, refreshing
from sandbox.engine.backend import Backend, Checkpoint
from sandbox.engine.builtin import BuiltinProvider
from sandbox.engine.crypter import Crypter
from sandbox.engine.errors import UnknownStack
from sandbox.engine.events import Event, Message, StepDone, StepStarted, Summary
from sandbox.engine.executor import Executor
from sandbox.engine.hooks import HooksNeedTheProgram, delete_hooks
from sandbox.engine.importing import Import
from sandbox.engine.interpreters import Interpreter, interpreter_of
from sandbox.engine.journal import Journal
from sandbox.engine.packages import Packages
from sandbox.engine.planner import Planner
from sandbox.engine.policies import Policies
from sandbox.engine.policy_pack import PolicyPack
from sandbox.engine.project import Project, StackConfig
from sandbox.engine.provider import Provider, ProviderError
from sandbox.engine.recovery import recovered
from sandbox.engine.registry import Registry
from sandbox.engine.run import EventHandler, Run
from sandbox.engine.services import EngineAddress
from sandbox.engine.session import Session
from sandbox.engine.state import Resource
from sandbox.engine.targets import Chosen, Targets
from sandbox.engine.urn import ROOT_STACK_TYPE
from sandbox.engine.values import PropertyMap

Kind = Literal["preview", "update", "refresh", "destroy", "resource-import"]


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
        self._policies: Policies | None = None

    def preview(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        expect_no_changes: bool = False,
        refresh: bool = False,
        policy_packs: Sequence[PolicyPack] = (),
        new: bool = False,
        **chosen: Unpack[Chosen],
    ) -> Summary:
        """Tells what `up` would do, and does none of it. Needs no lock; `new` as for `up`.

        Every violation of a policy is told; a mandatory one makes the preview fail at its end.
        """
        with self._session(
            "preview",
            stack,
            config,
            on_event,
            Targets(**chosen),
            preview=True,
            refresh=refresh,
            policy_packs=policy_packs,
            new=new,
        ) as session:
            return ending.finish(session, self._backend, program_run.run_program, expect_no_changes)

    def plan(
        self, stack: str, config: StackConfig, on_event: EventHandler, *, new: bool = False
    ) -> tuple[Summary, list[Resource]]:
        """A preview, and the state that an `up` would leave; what is not known yet is `UNKNOWN` in it."""
        with self._session("preview", stack, config, on_event, Targets(), preview=True, new=new) as session:
            summary = ending.finish(session, self._backend, program_run.run_program, expect_no_changes=False)
            return summary, session.journal.resources()

    def up(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        expect_no_changes: bool = False,
        message: str = "",
        continue_on_error: bool = False,
        refresh: bool = False,
        policy_packs: Sequence[PolicyPack] = (),
        new: bool = False,
        **chosen: Unpack[Chosen],
    ) -> Summary:
        """Makes the stack what the program says. What was made is kept whatever fails.

        `refresh` makes the state say what the providers find first. With `continue_on_error` a failure stops
        only what depends on it. With policy packs a preview goes before it, as under `pulumi up`: where that
        fails, nothing is made. With `new`, a stack that has neither a configuration file nor a state is made.
        """
        if policy_packs:
            refused = self._refused(
                stack, config, on_event, refresh=refresh, policy_packs=policy_packs, new=new, **chosen
            )
            if refused is not None:
                return refused
        with self._session(
            "update",
            stack,
            config,
            on_event,
            Targets(**chosen),
            message=message,
            continue_on_error=continue_on_error,
            refresh=refresh,
            policy_packs=policy_packs,
            new=new,
        ) as session:
            return ending.finish(session, self._backend, program_run.run_program, expect_no_changes)

    def refresh(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        expect_no_changes: bool = False,
        preview: bool = False,
        **chosen: Unpack[Chosen],
    ) -> Summary:
        """Makes the state say what the providers find; `changes` counts what differed."""
        with self._session("refresh", stack, config, on_event, Targets(**chosen), preview=preview) as session:
            return ending.finish(session, self._backend, _refresh, expect_no_changes)

    def destroy(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        preview: bool = False,
        continue_on_error: bool = False,
        **chosen: Unpack[Chosen],
    ) -> Summary:
        """Deletes all that the state holds, without running the program."""
        with self._session(
            "destroy",
            stack,
            config,
            on_event,
            Targets(**chosen),
            preview=preview,
            continue_on_error=continue_on_error,
        ) as session:
            return ending.finish(session, self._backend, _destroy, expect_no_changes=False)

    def import_resources(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        imports: Sequence[Import],
        *,
        protect: bool = True,
    ) -> Summary:
        """Takes resources that exist already into the state, without running the program."""
        with self._session("resource-import", stack, config, on_event, Targets()) as session:
            return ending.finish(
                session,
                self._backend,
                lambda it: importing.import_all(it, imports, protect=protect),
                expect_no_changes=False,
            )

    def outputs(self, stack: str) -> PropertyMap:
        """The stack's outputs, secrets still wrapped in `Secret`."""
        return _stack_outputs(self.resources(stack))

    def resources(self, stack: str) -> list[Resource]:
        """What the stack's state holds."""
        self._require(stack)
        crypter = self._backend.crypter(self._project.name, stack)
        return self._backend.load(self._project.name, stack, crypter).resources

    def edit_state(self, stack: str, edit: Callable[[Sequence[Resource]], list[Resource]]) -> None:
        """Replaces what the stack's state holds with what `edit` makes of it."""
        self._require(stack)
        project = self._project.name
        with self._backend.lock(project, stack):
            crypter = self._backend.crypter(project, stack)
            checkpoint = self._backend.load(project, stack, crypter)
            resources = edit(checkpoint.resources)
            self._backend.keep_previous(project, stack)
            Journal(checkpoint, crypter, self._backend, project, stack).rebase(resources)

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
            for part in (self._registry, self._policies):
                if part is not None:
                    threading.Thread(target=part.cancel, name="cancel", daemon=True).start()
        run.cancelled = True
        run.signals.put("cancel")

    def unlock(self, stack: str) -> list[str]:
        """Takes away every lock of the stack: who held them."""
        self._require(stack)
        lock = self._backend.lock(self._project.name, stack)
        return [str(holder) for holder in lock.break_all()]

    # One run

    def _refused(
        self,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        *,
        refresh: bool,
        policy_packs: Sequence[PolicyPack],
        new: bool,
        **chosen: Unpack[Chosen],
    ) -> Summary | None:
        """The end of an update whose preview did not pass; what the preview told is told then."""
        told: list[Event] = []
        summary = self.preview(
            stack, config, told.append, refresh=refresh, policy_packs=policy_packs, new=new, **chosen
        )
        if summary.result == "succeeded":
            return None
        for event in told:
            if not isinstance(event, StepStarted | StepDone | Summary):
                on_event(event)
        if summary.result == "failed":
            on_event(Message("info", "The preview did not pass, so nothing has been begun."))
        summary = replace(summary, changes={}, outputs=summary.old_outputs)
        on_event(summary)
        return summary

    @contextmanager
    def _session(
        self,
        kind: Kind,
        stack: str,
        config: StackConfig,
        on_event: EventHandler,
        targets: Targets,
        *,
        preview: bool = False,
        message: str = "",
        continue_on_error: bool = False,
        refresh: bool = False,
        policy_packs: Sequence[PolicyPack] = (),
        new: bool = False,
    ) -> Iterator[Session]:
        if not new:
            self._require(stack)
        run = Run(
            self._project.name, stack, preview, on_event, self._parallel, continue_on_error=continue_on_error
        )
        policies = Policies(run, policy_packs)
        self._run, self._policies = run, policies
        address = EngineAddress(run)
        try:
            crypter = self._backend.crypter(self._project.name, stack, config.encryption_salt)
            if preview:
                yield self._opened(run, kind, config, targets, crypter, message, refresh, policies, address)
                return
            with self._backend.lock(self._project.name, stack) as lock:
                for holder in lock.taken_over:
                    run.message("warning", f"took over the lock of {holder}, which is no longer running")
                yield self._opened(run, kind, config, targets, crypter, message, refresh, policies, address)
        finally:
            self._run = self._policies = None
            if self._registry is not None:
                self._registry.close()
                self._registry = None
            address.close()

    def _opened(
        self,
        run: Run,
        kind: Kind,
        config: StackConfig,
        targets: Targets,
        crypter: Crypter,
        message: str,
        refresh: bool,
        policies: Policies,
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
            session.planner = Planner(run, registry, settled.resources, targets, policies)
            session.executor = Executor(run, session.journal, registry)
            session.old_outputs = _stack_outputs(settled.resources)
            if settled is not checkpoint:
                session.journal.change(lambda: None)
            if refresh:
                found = refreshing.refresh(run, session.planner, session.journal, counted=False)
                session.planner = Planner(run, registry, found, targets)

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
            policies=policies,
            engine_address=address,
            open_state=open_state,
        )

    def _recover(self, run: Run, checkpoint: Checkpoint, registry: Registry) -> Checkpoint:
        if not checkpoint.pending:
            return checkpoint
        planner = Planner(run, registry, checkpoint.resources, Targets(()))
        return recovered(run, checkpoint, planner.ensure_provider)

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
    if found := delete_hooks(session.planner.resources):
        raise HooksNeedTheProgram(found)
    deletions.delete_everything(session.run, session.planner, session.executor)


def _stack_outputs(resources: Sequence[Resource]) -> PropertyMap:
    for item in resources:
        if item.type == ROOT_STACK_TYPE and not item.parent and not item.delete:
            return dict(item.outputs)
    return {}
