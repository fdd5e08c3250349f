"""What a step comes to: how it is announced, whether it counts, what it changes, what of it is secret."""

from __future__ import annotations

from typing import Final

from sandbox.engine.events import StepStarted
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step
from sandbox.engine.values import Located, Secret

_COMPARED: Final = (
    "urn",
    "type",
    "custom",
    "id",
    "inputs",
    "outputs",
    "parent",
    "provider",
    "protect",
    "retain_on_delete",
    "deleted_with",
    "replace_with",
    "replacement_trigger",
    "property_dependencies",
    "additional_secret_outputs",
    "aliases",
    "timeouts",
    "import_id",
    "ignore_changes",
    "replace_on_changes",
    "hide_diff",
    "hooks",
    "taint",
)
"""What makes a state worth writing when a resource is the same. Source positions are not among it."""


def started(step: Step) -> StepStarted:
    """The event that tells of the step before it is carried out."""
    return StepStarted(
        urn=step.resource.urn,
        type=step.resource.type,
        operation=step.operation,
        detailed=step.detailed,
        old_inputs=step.old.inputs if step.old else {},
        new_inputs=step.new.inputs if step.new else {},
        hidden=[str(Located(tuple(path))) for path in step.resource.hide_diff],
    )


def counts(step: Step) -> bool:
    """Whether a run's counts tell of the step; a read counts where what it read has changed since."""
    if step.operation == "read":
        return step.old is not None and step.old.outputs != step.resource.outputs
    return step.logical


def differs(old: Resource, new: Resource) -> bool:
    """Whether a resource that is the same to its provider is to be written anew all the same."""
    return any(getattr(old, name) != getattr(new, name) for name in _COMPARED) or sorted(
        old.dependencies
    ) != sorted(new.dependencies)


def mark_secrets(resource: Resource) -> None:
    """Makes secret what of the outputs the program says, and what stands in a secret input of that name."""
    outputs = resource.outputs
    names = {name for name in resource.additional_secret_outputs if name != "id"}
    names |= {key for key, value in resource.inputs.items() if isinstance(value, Secret)}
    wrong = [key for key in names if key in outputs and not isinstance(outputs[key], Secret)]
    if wrong:
        resource.outputs = {key: Secret(value) if key in wrong else value for key, value in outputs.items()}


def mark_deleted(resource: Resource) -> None:
    """Says that the resource is still to be deleted, the new one being there."""
    resource.delete = True
    resource.rendered = None
