"""Secrets and references in values: taken off before the table sees them, laid on again afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.engine.values import OutputValue, PropertyMap, PropertyValue, ResourceReference, Secret


def plain(value: PropertyValue) -> PropertyValue:
    """The value without secrets and references; assets, archives and unknowns stay."""
    if isinstance(value, (Secret, OutputValue)):
        return plain(value.value)
    if isinstance(value, ResourceReference):
        return plain(value.id) if value.id is not None else value.urn
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def plain_map(properties: PropertyMap) -> PropertyMap:
    """`plain` for a whole set of properties."""
    return {name: plain(value) for name, value in properties.items()}


def holds_secret(value: PropertyValue) -> bool:
    """Whether there is a secret anywhere in it."""
    if isinstance(value, Secret) or (isinstance(value, OutputValue) and value.secret):
        return True
    if isinstance(value, dict):
        return any(holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(holds_secret(item) for item in value)


def with_secrets(properties: PropertyMap, inputs: PropertyMap, always: Iterable[str] = ()) -> PropertyMap:
    """The properties, with those secret that are secret in `inputs` or named in `always`.

    A secret within a list or an object makes the whole property secret, as Pulumi's engine has it.
    """
    hidden = {name for name, value in inputs.items() if holds_secret(value)} | set(always)
    return {
        name: Secret(value)
        if name in hidden and not isinstance(value, Secret) and value is not None
        else value
        for name, value in properties.items()
    }
