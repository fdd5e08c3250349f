"""How a step is carried out: the provider is asked, the journal is kept, the screen is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from sandbox.engine import adoption, outcome
from sandbox.engine.backend import Pending, PendingKind
from sandbox.engine.events import StepDone, StepFailed
from sandbox.engine.hooks import Hooks, Moment
from sandbox.engine.journal import Journal
from sandbox.engine.provider import InitializationError, OutcomeUnknown, ProviderError
from sandbox.engine.registry import Registry
from sandbox.engine.run import Run, Stopped
from sandbox.engine.state import Resource, now
from sandbox.engine.steps import Step
from sandbox.engine.urn import name_of

Answer = TypeVar("Answer")
_PENDING: Final[dict[str, PendingKind]] = {
    "create": "creating",
    "create-replacement": "creating",
    "update": "updating",
    "delete": "deleting",
    "delete-replaced": "deleting",
}


class Executor:
    """Carries out the steps of one run. Several threads may do so at once."""

    def __init__(self, run: Run, journal: Journal, registry: Registry) -> None:
        self._run = run
        self._journal = journal
        self._registry = registry
        self.results: dict[str, Resource] = {}
        """What this run has made of each URN so far."""
        self.hooks = Hooks(run)
        self._incomplete: dict[str, Step] = {}
        """Components that were created or updated and have not registered their outputs yet."""
        self.failed: list[Resource] = []
        """What failed steps were about, as it stands in the state."""

    def run(self, steps: Sequence[Step]) -> Resource:
        """Carries out a chain of steps, one after the other; the resource as it stands then.

        Raises `Stopped` after a failure, which the run knows of already.
        """
        result: Resource | None = None
        for step in steps:
            self._run.enter()
            try:
                self.step(step)
            finally:
                self._run.leave()
            if step.new is not None:
                result = step.new
        if result is None:
            raise AssertionError("a registration's chain ends with a resource")
        return result

    def step(self, step: Step) -> None:
        """Carries out one step. Raises `Stopped` after a failure."""
        resource = step.resource
        shown = not resource.is_default_provider
        if shown:
            self._run.emit(outcome.started(step))
        started = time.perf_counter()
        try:
            self._apply(step)
        except ProviderError as error:
            if step.old is not None:
                self.failed.append(step.old)
            self._failed(step, time.perf_counter() - started, str(error))
            raise Stopped from error
        if not shown:
            return
        if outcome.counts(step):
            self._run.count(step.operation)
        if step.skipped:
            return
        self._run.emit(
            StepDone(
                urn=resource.urn,
                type=resource.type,
                operation=step.operation,
                seconds=time.perf_counter() - started,
                outputs=step.new.outputs if step.new else {},
            )
        )

    def _failed(self, step: Step, seconds: float, message: str) -> None:
        resource = step.resource
        self._run.emit(
            StepFailed(
                urn=resource.urn,
                type=resource.type,
                operation=step.operation,
                seconds=seconds,
                message=message,
            )
        )
        self._run.fail(
            f"{resource.type} '{name_of(resource.urn)}': {message}",
            resource.urn,
            told=True,
            stop=not self._run.continue_on_error,
        )

    def component_is_complete(self, component: Resource) -> None:
        """Runs the hooks that wait for a component's outputs."""
        step = self._incomplete.pop(component.urn, None)
        if step is not None:
            moment: Moment = "AfterUpdate" if step.operation == "update" else "AfterCreate"
            self.hooks.after(moment, step.old if step.operation == "update" else None, component)

    def _apply(self, step: Step) -> None:
        operation = step.operation
        if operation == "same":
            self._same(step)
        elif operation in ("create", "create-replacement"):
            self._create(step)
        elif operation == "update":
            self._update(step)
        elif operation in ("delete", "delete-replaced", "discard", "discard-replaced"):
            self._delete(step)
        elif operation in ("read", "read-replacement"):
            self._adopt(step, write=adoption.read(step, self._run))
        elif operation in ("import", "import-replacement"):
            self._adopt(step, write=adoption.take(step, self._run))
        elif operation == "remove-pending-replace":
            self._journal.finish(done=step.old)
        elif operation != "replace":
            raise AssertionError(f"'{operation}' is no step that can be carried out")
        if step.new is not None and operation != "replace" and not (step.skipped or step.new.delete):
            self.results[step.new.urn] = step.new

    # The operations

    def _same(self, step: Step) -> None:
        old, new = step.old, step.resource
        if step.skipped or old is None:
            return
        new.id = old.id
        new.outputs = old.outputs
        outcome.mark_secrets(new)
        if new.is_provider and not step.untargeted:
            self._registry.same(new)
        new.init_errors = old.init_errors if step.untargeted else []
        changed = outcome.differs(old, new)
        if not changed:
            new.created, new.modified, new.rest = old.created, old.modified, old.rest
            if old.source_position == new.source_position and old.rendered is not None:
                new.rendered = old.rendered
                self._journal.carry_over(old, new)
                return
        self._journal.finish(new=new, done=old, write=changed)

    def _create(self, step: Step) -> None:
        new = step.resource
        self.hooks.before("BeforeCreate", None, new)
        pending = self._begin(step, new)
        error: InitializationError | None = None
        if new.is_provider:
            new.id, new.outputs = self._registry.create(new.urn, new.inputs)
        elif step.provider is not None:
            adapter = step.provider
            try:
                new.id, new.outputs = self._called(
                    step,
                    lambda: adapter.create(new.urn, new.inputs, new.timeouts.create, self._run.preview),
                )
            except InitializationError as failure:
                # It exists, so it must be in the state, whatever is wrong with it.
                error = failure
                new.id, new.outputs = failure.id, dict(failure.properties)
                new.init_errors = list(failure.reasons)
            except OutcomeUnknown:
                raise
            except ProviderError:
                self._abandon(pending)
                raise
            if not new.id and not self._run.preview:
                self._abandon(pending)
                raise ProviderError("the provider did not return an id from create")
        new.created = new.modified = now()
        outcome.mark_secrets(new)
        gone = step.old if step.old is not None and step.old.pending_replacement else None
        kept = step.old if step.leaves_old else None
        if kept is not None:
            self._journal.change(lambda: outcome.mark_deleted(kept), write=False)
        self._journal.finish(pending, new=new, done=gone, changed=kept, write=new.custom)
        if error is not None:
            raise error
        self._after(step, "AfterCreate", None)

    def _update(self, step: Step) -> None:
        old, new = step.old, step.resource
        if old is None:
            raise AssertionError("an update needs the old resource")
        new.id, new.created, new.modified = old.id, old.created, old.modified
        new.outputs = old.outputs
        self.hooks.before("BeforeUpdate", old, new)
        pending = self._begin(step, new)
        error: InitializationError | None = None
        if new.is_provider:
            new.outputs = self._registry.update(new.urn, new.id, new.inputs)
        elif step.provider is not None:
            adapter = step.provider
            known = old if old.urn == new.urn else old.copy(urn=new.urn)
            try:
                new.outputs = self._called(
                    step,
                    lambda: adapter.update(
                        known, new.inputs, new.timeouts.update, step.ignore_changes, self._run.preview
                    ),
                )
            except InitializationError as failure:
                error = failure
                # The old inputs stay, so that the next run tries the update again.
                new.inputs, new.outputs = old.inputs, dict(failure.properties)
                new.init_errors = list(failure.reasons)
            except ProviderError:
                self._abandon(pending)
                raise
        new.modified = now()
        outcome.mark_secrets(new)
        self._journal.finish(pending, new=new, done=old, write=new.custom)
        if error is not None:
            raise error
        self._after(step, "AfterUpdate", old)

    def _delete(self, step: Step) -> None:
        old = step.resource
        self.hooks.before("BeforeDelete", old, None)
        if self._run.preview:
            self.hooks.after("AfterDelete", old, None)
            return
        pending = self._begin(step, old)
        if old.is_provider:
            self._registry.delete(old)
        elif self._is_called(old) and step.provider is not None:
            adapter = step.provider
            try:
                self._called(step, lambda: adapter.delete(old, old.timeouts.delete))
            except ProviderError:
                self._abandon(pending)
                raise
        if step.leaves_marker:

            def mark() -> None:
                old.pending_replacement = True

            self._journal.change(mark, write=False)
            self._journal.finish(pending, changed=old)
        else:
            self._journal.finish(pending, done=old)
        self.hooks.after("AfterDelete", old, None)

    def _is_called(self, old: Resource) -> bool:
        """Whether a deletion reaches the provider."""
        return (
            not (old.external or old.retain_on_delete or old.deleted_with in self._run.condemned)
            and old.custom
        )

    def _adopt(self, step: Step, *, write: bool) -> None:
        new, old = step.resource, step.old
        outcome.mark_secrets(new)
        if step.leaves_old and old is not None:
            self._journal.change(lambda: outcome.mark_deleted(old), write=False)
            self._journal.finish(new=new, changed=old)
        else:
            self._journal.finish(new=new, done=old, write=write)

    # What the operations share

    def _called(self, step: Step, call: Callable[[], Answer]) -> Answer:
        """A provider call in its turn, made again where the resource's error hooks ask for it."""

        def one() -> Answer:
            with self._run.provider_calls:
                return call()

        if not step.resource.hooks:
            return one()
        operation = step.operation.split("-")[0]
        old = None if operation == "create" else step.old
        return self.hooks.retrying(operation, old, step.new, one)

    def _after(self, step: Step, moment: Moment, old: Resource | None) -> None:
        new = step.resource
        if new.custom:
            self.hooks.after(moment, old, new)
        elif new.hooks:
            self._incomplete[new.urn] = step

    def _begin(self, step: Step, resource: Resource) -> Pending | None:
        """Puts on the disk that the operation begins, where it has an effect outside."""
        outside = resource.custom and not resource.is_provider and step.operation in _PENDING
        if self._run.preview or not outside:
            return None
        return self._journal.begin(resource.copy(), _PENDING[step.operation])

    def _abandon(self, pending: Pending | None) -> None:
        if pending is not None:
            self._journal.drop(pending)
