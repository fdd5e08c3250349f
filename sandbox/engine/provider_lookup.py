"""Which provider answers for a resource: one that the run has configured, or one that the state names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.engine import urn as urns
from sandbox.engine.adapter import Adapter
from sandbox.engine.registry import Registry
from sandbox.engine.state import Resource


class ProviderLookup:
    """Finds the providers of one run. `seen` gets every provider resource that the program registers."""

    def __init__(self, registry: Registry, resources: Sequence[Resource]) -> None:
        self._registry = registry
        self._resources = resources
        self._olds = {item.urn: item for item in resources if not item.delete}
        self.seen: dict[str, Resource] = {}

    def ensure(self, reference: str) -> Adapter | None:
        """The provider of a reference, configured from the state where the program has not done so."""
        if reference and self._registry.get(reference) is None:
            urn, id = urns.split_reference(reference)
            same = [item for item in self._resources if item.urn == urn]
            for state in (self.seen.get(urn), self._olds.get(urn), *same):
                if state is not None and state.id == id:
                    self._registry.same(state)
                    break
        return self._registry.get(reference)

    def resource(self, reference: str) -> Resource | None:
        """The provider resource that a reference names, as the program has it, else as the state has it."""
        urn, id = urns.split_reference(reference)
        old = self._olds.get(urn)
        return self.seen.get(urn) or (old if old is not None and old.id == id else None)

    def forces_replacement(self, old: Resource, new: Resource, aliased: Mapping[str, str]) -> bool:
        """Whether a resource that moves from one provider to another must be replaced for it."""
        if old.provider == new.provider or not new.custom or new.is_provider:
            return False
        if not old.provider or not new.provider:
            return True
        old_urn = urns.split_reference(old.provider)[0]
        new_urn = urns.split_reference(new.provider)[0]
        if aliased.get(old_urn) == new_urn:
            return False
        old_state = self._olds.get(old_urn)
        new_state = self.seen.get(new_urn)
        if old_state is None or new_state is None:
            return False
        return self._registry.differs(old_state, new_state)
