"""How a resource that exists already is taken in, read (`.get()`) or imported: the step, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.engine.errors import PlanError
from sandbox.engine.goal import Goal, ReadGoal
from sandbox.engine.provider import InitializationError, ProviderError, ReadResult
from sandbox.engine.run import Run
from sandbox.engine.signatures import UNKNOWN_STRING
from sandbox.engine.state import Resource, now
from sandbox.engine.steps import Step
from sandbox.engine.values import Unknown

if TYPE_CHECKING:
    from sandbox.engine.planner import Planner


def import_steps(planner: Planner, goal: Goal, urn: str) -> list[Step]:
    """The steps that import the resource first, where the registration asks for an import."""
    old = planner.old_of(goal, urn)
    known = (old.import_id or old.id) if old is not None else ""
    if not (goal.custom and goal.import_id) or not (old is None or old.external or known != goal.import_id):
        return []
    new = planner.new_state(goal, urn, None)
    new.id = goal.import_id
    provider = planner.adapter_of(new)
    if old is not None and urn not in planner.deleted:
        return [Step("import-replacement", old, new, provider, leaves_old=True), Step("replace", old, new)]
    return [Step("import", None, new, provider)]


def read_steps(planner: Planner, goal: ReadGoal) -> list[Step]:
    """The steps of a read."""
    urn = planner.urn_of(goal.parent, goal.type, goal.name)
    old = planner.old_of(goal, urn)
    unknown = isinstance(goal.id, Unknown)
    new = Resource(
        urn=urn,
        type=goal.type,
        custom=True,
        external=True,
        id=UNKNOWN_STRING if unknown else str(goal.id),
        inputs=dict(goal.inputs),
        parent=goal.parent,
        provider=goal.provider,
        dependencies=list(goal.dependencies),
        aliases=[planner.alias_of[urn]] if urn in planner.alias_of else [],
        additional_secret_outputs=list(goal.additional_secret_outputs),
        source_position=goal.source_position,
    )
    if not new.id:
        raise PlanError(f"reading {urn} needs the resource's id")
    provider = None if unknown else planner.adapter_of(new)
    planner.operated.add(urn)
    if old is not None and not old.external and old.id != new.id:
        planner.replaced.add(urn)
        return [Step("read-replacement", old, new, provider, leaves_old=True), Step("replace", old, new)]
    return [Step("read", old, new, provider)]


def read(step: Step, run: Run) -> bool:
    """Asks the provider for a resource that the program does not own; whether it has changed since."""
    old, new = step.old, step.resource
    if step.provider is not None and new.id != UNKNOWN_STRING:
        with run.provider_calls:
            result = step.provider.read(new.urn, new.id, new.inputs, new.inputs)
        if not result.id:
            raise ProviderError(f"resource '{new.id}' does not exist")
        new.id, new.outputs = result.id, dict(result.properties)
    if old is None:
        return True
    new.created, new.modified = old.created, old.modified
    if (old.inputs, old.outputs) != (new.inputs, new.outputs):
        new.modified = now()
    return (old.id, old.inputs, old.outputs) != (new.id, new.inputs, new.outputs)


def take(step: Step, run: Run) -> bool:
    """Asks the provider for a resource that the program owns from now on."""
    new = step.resource
    new.created = new.modified = now()
    if step.provider is None:
        # A component: there is nobody to ask.
        return True
    try:
        with run.provider_calls:
            result = step.provider.read(new.urn, new.id, {}, {})
    except InitializationError as error:
        new.init_errors = list(error.reasons)
        result = ReadResult(error.id, dict(error.inputs), dict(error.properties))
    if not result.id:
        raise ProviderError(f"resource '{new.id}' does not exist")
    new.id, new.inputs, new.outputs = result.id, dict(result.inputs), dict(result.properties)
    return True
