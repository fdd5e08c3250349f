"""Which resources a run may touch: all, those that are named, or all but those that are named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypedDict

from sandbox.engine.errors import EngineError
from sandbox.engine.graph import Graph
from sandbox.engine.state import Resource


class UnknownTarget(EngineError):
    """A target that no resource has."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"no resource named '{target}' found: targets are URNs, `*` and `**` stand for any text"
        )
        self.target = target


class TargetsContradict(EngineError):
    """Targets and exclusions at once."""

    def __init__(self) -> None:
        super().__init__("a run takes targets or exclusions, not both: name what it may touch, or what not")


class Chosen(TypedDict, total=False):
    """What a caller of the engine chooses; the names are those of the Pulumi CLI's options."""

    targets: Sequence[str]
    target_dependents: bool
    exclude: Sequence[str]
    exclude_dependents: bool
    replace: Sequence[str]


class Targets:
    """The targets of a run. `*` matches within a part of a URN, `**` across parts.

    With `target_dependents` (`exclude_dependents`), what depends on a target (on an exclusion) is one as
    well: `note` is told of each resource in the order in which they come, dependents last.
    """

    def __init__(
        self,
        targets: Sequence[str] = (),
        *,
        target_dependents: bool = False,
        exclude: Sequence[str] = (),
        exclude_dependents: bool = False,
        replace: Sequence[str] = (),
    ) -> None:
        if targets and exclude:
            raise TargetsContradict
        self._targets = _Patterns(targets)
        self._excluded = _Patterns(exclude)
        self._replaced = _Patterns(replace)
        self.dependents = target_dependents
        self._exclude_dependents = exclude_dependents
        self._reached: set[str] = set()

    def __bool__(self) -> bool:
        """Whether there are targets; exclusions are none."""
        return bool(self._targets)

    def name(self, urn: str) -> bool:
        """Whether a target names the resource itself."""
        return self._targets.match(urn)

    def include(self, resource: Resource) -> bool:
        """Whether the run may touch the resource."""
        if self._targets:
            return self.name(resource.urn) or (self.dependents and self._is_reached(resource))
        if self._excluded:
            excluded = self._excluded.match(resource.urn)
            return not (excluded or (self._exclude_dependents and self._is_reached(resource)))
        return True

    def note(self, resource: Resource) -> None:
        """Remembers a resource that is a target (excluded), for those that depend on it."""
        if (self._targets and self.include(resource)) or (self._excluded and not self.include(resource)):
            self._reached.add(resource.urn)

    def replace(self, urn: str) -> bool:
        """Whether the resource is to be replaced, changed or not."""
        return self._replaced.match(urn)

    def deletable(self, graph: Graph, resources: Sequence[Resource]) -> set[int]:
        """The identities of what the run may delete: the targets and all that depends on them.

        With exclusions, all but these and what they need.
        """
        if self._targets:
            found: set[int] = set()
            for item in resources:
                if self.name(item.urn):
                    found.add(id(item))
                    found.update(id(dependent) for dependent in graph.dependents(item))
            return found
        kept: set[int] = set()
        for item in resources:
            if self._excluded.match(item.urn):
                near = [item, *(graph.dependents(item) if self._exclude_dependents else ())]
                for one in near:
                    kept |= {id(one), *graph.all_needs(one)}
        return {id(item) for item in resources} - kept

    def require_matches(self, urns: Sequence[str]) -> None:
        """Raises `UnknownTarget` for a target without `*` that is none of these."""
        for patterns in (self._targets, self._excluded, self._replaced):
            for text in patterns.texts:
                if "*" not in text and text not in urns:
                    raise UnknownTarget(text)

    def _is_reached(self, resource: Resource) -> bool:
        return not self._reached.isdisjoint(resource.depends_on())


class _Patterns:
    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self._compiled = [_pattern(text) for text in texts]

    def __bool__(self) -> bool:
        return bool(self.texts)

    def match(self, urn: str) -> bool:
        return any(pattern.fullmatch(urn) for pattern in self._compiled)


def _pattern(text: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in text.split("**")]
    return re.compile(".*".join(part.replace(r"\*", "[^:$]*") for part in parts))
