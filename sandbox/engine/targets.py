"""Which resources a run may touch: all, or those that a list of URNs names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.engine.errors import EngineError


class UnknownTarget(EngineError):
    """A target that no resource has."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"no resource named '{target}' found: targets are URNs, `*` and `**` stand for any text"
        )
        self.target = target


class Targets:
    """The targets of a run. `*` matches within a part of a URN, `**` across parts."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = list(patterns)
        self._compiled = [_pattern(text) for text in patterns]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def include(self, urn: str) -> bool:
        """Whether the run may touch the resource."""
        return not self._compiled or any(pattern.fullmatch(urn) for pattern in self._compiled)

    def require_matches(self, urns: Sequence[str]) -> None:
        """Raises `UnknownTarget` for a target without `*` that is none of these."""
        for text in self._patterns:
            if "*" not in text and text not in urns:
                raise UnknownTarget(text)


def _pattern(text: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in text.split("**")]
    return re.compile(".*".join(part.replace(r"\*", "[^:$]*") for part in parts))
