"""Edits of a state by hand, without the program and the providers (`pulumi state`)."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.engine.errors import EngineError
from sandbox.engine.graph import Graph
from sandbox.engine.recovery import without
from sandbox.engine.state import Resource


class EditRefused(EngineError):
    """An edit that would leave a state that no run can use; nothing was changed."""


def unprotected(resources: Sequence[Resource], urn: str) -> list[Resource]:
    """The state with a resource that may be deleted again. Raises `EditRefused`."""
    _named(resources, urn)
    return [item.copy(protect=False) if item.urn == urn and item.protect else item for item in resources]


def forgotten(resources: Sequence[Resource], urn: str) -> list[Resource]:
    """The state without a resource, which the cloud keeps. Raises `EditRefused`."""
    found = _named(resources, urn)
    graph = Graph(resources)
    for item in found:
        if item.protect:
            raise EditRefused(f"'{urn}' is protected: take the protection away first (state unprotect)")
        dependents = [other.urn for other in graph.dependents(item) if other.urn != urn]
        if dependents:
            listed = "\n".join(f"  - {one}" for one in dependents)
            raise EditRefused(f"these resources depend on '{urn}'; forget them first:\n{listed}")
    kept = list(resources)
    for item in found:
        kept = without(kept, item)
    return kept


def _named(resources: Sequence[Resource], urn: str) -> list[Resource]:
    found = [item for item in resources if item.urn == urn]
    if not found:
        raise EditRefused(f"the state holds no resource '{urn}'; groundplan state STACK list names them")
    return found
