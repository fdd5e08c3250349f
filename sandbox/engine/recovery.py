"""What an interrupted run left under way, and how the next one sets it right.

A kill leaves entries of what had begun. A create is looked for (`provider.Recovers`): what is found is
adopted, what was never made is forgotten. An update is made again. A deletion is looked up: what is gone
leaves the state.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.engine.adapter import Adapter
from sandbox.engine.backend import Checkpoint, Pending
from sandbox.engine.run import Run
from sandbox.engine.state import Resource, now
from sandbox.engine.urn import name_of


def recovered(run: Run, checkpoint: Checkpoint, provider_of: Callable[[str], Adapter | None]) -> Checkpoint:
    """The checkpoint with everything settled that can be; the rest stays pending, with a warning."""
    if not checkpoint.pending:
        return checkpoint
    resources = list(checkpoint.resources)
    left: list[Pending] = []
    notes: list[str] = []
    for pending in checkpoint.pending:
        note = _settle(pending, resources, provider_of)
        if note is None:
            left.append(pending)
        else:
            notes.append(f"  - {pending.resource.type} '{name_of(pending.resource.urn)}': {note}")
    if notes:
        run.message("info", "the last run was interrupted; this is what it left:\n" + "\n".join(notes))
    if left:
        names = "\n".join(f"  - {item.resource.urn} ({item.kind})" for item in left)
        run.message(
            "warning",
            "operations of an interrupted run whose outcome nobody knows; look for what they made:\n" + names,
        )
    return Checkpoint(resources=resources, pending=left)


def _settle(
    pending: Pending, resources: list[Resource], provider_of: Callable[[str], Adapter | None]
) -> str | None:
    """Settles one entry in `resources`: what was done about it, or None where nothing can be."""
    resource = pending.resource
    adapter = provider_of(resource.provider)
    if adapter is None:
        return None
    if pending.kind == "creating":
        return _created(resource, resources, adapter)
    current = next((item for item in resources if item.urn == resource.urn and item.id == resource.id), None)
    if current is None:
        return "nothing is left to do"
    if pending.kind == "updating":
        resources[resources.index(current)] = current.copy(init_errors=["an update was interrupted"])
        return "its update was interrupted and is made again"
    if pending.kind == "deleting" and not current.delete:
        if adapter.read(current.urn, current.id, current.inputs, current.outputs).id:
            return "its deletion had not happened"
        resources[:] = without(resources, current)
        return "it had been deleted"
    return "its deletion goes on"


def _created(resource: Resource, resources: list[Resource], adapter: Adapter) -> str | None:
    taken = {item.id for item in resources if item.type == resource.type}
    can_tell, found = adapter.recover(resource.urn, resource.inputs, taken)
    if not can_tell:
        return None
    if found is None or any(item.urn == resource.urn and item.id == found.id for item in resources):
        return "it had not been made"
    for index, item in enumerate(resources):
        if item.urn == resource.urn and not item.delete:
            # It was to take the place of another, which goes at the end of this run.
            if item.pending_replacement:
                resources.pop(index)
            else:
                resources[index] = item.copy(delete=True)
            break
    stamp = now()
    resources.append(
        resource.copy(id=found.id, outputs=dict(found.properties), created=stamp, modified=stamp)
    )
    return f"it had been made, and is adopted ({found.id})"


def without(resources: list[Resource], gone: Resource) -> list[Resource]:
    """The state without one resource, and without dangling mentions of it."""
    kept = [item for item in resources if item is not gone]
    if any(item.urn == gone.urn for item in kept):
        return kept
    return [
        item
        if gone.urn not in item.depends_on()
        else item.copy(
            parent=gone.parent if item.parent == gone.urn else item.parent,
            deleted_with="" if item.deleted_with == gone.urn else item.deleted_with,
            dependencies=[urn for urn in item.dependencies if urn != gone.urn],
            property_dependencies={
                key: [urn for urn in urns if urn != gone.urn]
                for key, urns in item.property_dependencies.items()
            },
            replace_with=[urn for urn in item.replace_with if urn != gone.urn],
        )
        for item in kept
    ]
