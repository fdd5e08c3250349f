"""What goes at the end of a run, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.engine.events import StepFailed, StepStarted
from sandbox.engine.executor import Executor
from sandbox.engine.graph import Graph
from sandbox.engine.parallel import in_parallel
from sandbox.engine.planner import Planner
from sandbox.engine.run import Run, Stopped
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step


def delete_leftovers(run: Run, planner: Planner, executor: Executor) -> None:
    """Deletes what the program no longer has, and what its replacements left."""
    _delete(run, planner, executor, _leftovers(planner))


def delete_everything(run: Run, planner: Planner, executor: Executor) -> None:
    """Deletes all that the state holds and the targets include."""
    _delete(run, planner, executor, planner.resources)


def _leftovers(planner: Planner) -> list[Resource]:
    found = []
    for item in planner.resources:
        if id(item) in planner.deleted_resources and not item.pending_replacement:
            continue
        kept = item.urn in planner.operated or item.urn in planner.aliased
        if item.delete or not kept:
            found.append(item)
    return found


def _delete(run: Run, planner: Planner, executor: Executor, condemned: Sequence[Resource]) -> None:
    if not condemned:
        return
    graph = Graph(planner.resources)
    deletable = planner.targets.deletable(graph, planner.resources)
    kept = [item for item in condemned if id(item) not in deletable]
    condemned = [item for item in condemned if id(item) in deletable]
    if planner.targets and not planner.targets.dependents:
        _refuse_unnamed(run, planner, condemned)
    for item in kept:
        executor.step(Step("same", item, item.copy(), untargeted=True))
    steps = {}
    for item in condemned:
        provider = None
        if item.custom and not item.is_provider and not item.external:
            provider = planner.ensure_provider(item.provider)
        if item.pending_replacement and not item.delete:
            steps[id(item)] = Step("remove-pending-replace", item, None)
        elif item.external:
            steps[id(item)] = Step("discard-replaced" if item.delete else "discard", item, None)
        else:
            steps[id(item)] = Step("delete-replaced" if item.delete else "delete", item, None, provider)
    run.condemned.update(item.urn for item in condemned)
    stays = {needed for item in executor.failed for needed in graph.all_needs(item)}
    for layer in graph.deletion_layers(condemned):
        ready = []
        for item in layer:
            if id(item) in stays:
                continue
            if item.protect and not item.delete:
                _refuse_protected(run, item)
                stays |= graph.all_needs(item)
            else:
                ready.append(steps[id(item)])
        failed = in_parallel(run, "deletion", ready, executor.step)
        for step in failed:
            stays |= graph.all_needs(step.resource)
        run.check()


def _refuse_protected(run: Run, item: Resource) -> None:
    text = (
        f'resource "{item.urn}" cannot be deleted because it is protected. To unprotect it, remove the '
        "`protect` option from the program and run an update"
    )
    run.emit(StepStarted(urn=item.urn, type=item.type, operation="delete", old_inputs=item.inputs))
    run.emit(StepFailed(urn=item.urn, type=item.type, operation="delete", seconds=0, message=text))
    # What does not need it may still go, so the run does not stop here.
    run.fail(text, item.urn, told=True, stop=False)


def _refuse_unnamed(run: Run, planner: Planner, condemned: Sequence[Resource]) -> None:
    unnamed = [item for item in condemned if not planner.targets.name(item.urn)]
    for item in unnamed:
        run.fail(
            f"'{item.urn}' would be deleted, for it depends on a target, but is not among the targets itself:"
            " add it to them, or take --target-dependents",
            item.urn,
            stop=not run.preview,
        )
    if unnamed and not run.preview:
        raise Stopped
