"""A refresh: the state made to say what the providers find."""

from __future__ import annotations

import time

from sandbox.engine import diffs
from sandbox.engine.adapter import Adapter
from sandbox.engine.events import Operation, StepDone, StepFailed, StepStarted
from sandbox.engine.journal import Journal
from sandbox.engine.parallel import in_parallel
from sandbox.engine.planner import Planner
from sandbox.engine.provider import InitializationError, ProviderError
from sandbox.engine.recovery import without
from sandbox.engine.run import Run, Stopped
from sandbox.engine.state import Resource, now
from sandbox.engine.urn import name_of


def refresh(run: Run, planner: Planner, journal: Journal, *, counted: bool = True) -> list[Resource]:
    """Reads every resource that the targets include; the state as it is then. Raises `Stopped`.

    `counted`: whether the run's counts tell of it, as those of a refresh do and those of an up do not.
    """
    work: list[tuple[Resource, Adapter]] = []
    for item in planner.resources:
        planner.targets.note(item)
        if not planner.targets.include(item):
            continue
        if not item.custom or item.is_provider or item.pending_replacement:
            if counted and not item.is_default_provider:
                run.count("same")
        else:
            adapter = planner.ensure_provider(item.provider)
            if adapter is None:
                raise ProviderError(f"the provider of '{item.urn}' is not in the state")
            work.append((item, adapter))
    found = _read_all(run, work, counted)
    resources = [found.get(id(item), item) or item for item in planner.resources]
    # Dependents first: taking away what they need makes others of those that stay.
    for item in reversed(planner.resources):
        if id(item) in found and found[id(item)] is None:
            resources = without(resources, item)
    if any(new is not old for new, old in zip(resources, planner.resources, strict=False)) or len(
        resources
    ) != len(planner.resources):
        journal.rebase(resources)
    run.check()
    return resources


def _read_all(run: Run, work: list[tuple[Resource, Adapter]], counted: bool) -> dict[int, Resource | None]:
    found: dict[int, Resource | None] = {}

    def read(one: tuple[Resource, Adapter]) -> None:
        old, adapter = one
        found[id(old)] = _read(run, old, adapter, counted)

    in_parallel(run, "refresh", work, read)
    return found


def _read(run: Run, old: Resource, adapter: Adapter, counted: bool) -> Resource | None:
    """The resource as it is now; None where it is gone."""
    run.emit(StepStarted(urn=old.urn, type=old.type, operation="refresh", old_inputs=old.inputs))
    started = time.perf_counter()
    init_errors: list[str] = []
    try:
        with run.provider_calls:
            result = adapter.read(old.urn, old.id, old.inputs, old.outputs)
        id, inputs, outputs = result.id, dict(result.inputs), dict(result.properties)
    except InitializationError as error:
        id, inputs, outputs = error.id, dict(error.inputs), dict(error.properties)
        init_errors = list(error.reasons)
        run.message("warning", "the resource is in an unhealthy state: " + "; ".join(init_errors), old.urn)
    except ProviderError as error:
        seconds = time.perf_counter() - started
        run.emit(
            StepFailed(urn=old.urn, type=old.type, operation="refresh", seconds=seconds, message=str(error))
        )
        run.fail(f"{old.type} '{name_of(old.urn)}': {error}", old.urn, told=True)
        raise Stopped from error
    new: Resource | None = None
    operation: Operation = "delete"
    if id:
        inputs = inputs or old.inputs
        changed = inputs != old.inputs or outputs != old.outputs or id != old.id
        new = old
        if changed or init_errors != old.init_errors:
            new = old.copy(id=id, inputs=inputs, outputs=outputs, init_errors=init_errors, modified=now())
        # Seen from the state: what would an update have to do to bring the old inputs back?
        drift = None if old.external else diffs.resource_diff(adapter, new, old.inputs, old.ignore_changes)
        differs = outputs != old.outputs if drift is None else drift.changes
        operation = "update" if differs else "same"
    if counted:
        run.count(operation)
    run.emit(
        StepDone(
            urn=old.urn,
            type=old.type,
            operation=operation,
            seconds=time.perf_counter() - started,
            outputs=outputs if id else {},
            old_outputs=old.outputs,
        )
    )
    return new
