"""What is to be told, whatever the channel: a heading, texts, facts and links."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Mood = Literal["bad", "caution", "good", "neutral"]
"""How it looks at a glance: red, orange, green or blue."""

Facts: TypeAlias = tuple[tuple[str, str], ...]
"""Label and value of each."""

Links: TypeAlias = tuple[tuple[str, str], ...]
"""Label and URL of each."""

Body: TypeAlias = Mapping[str, Any]
"""A message that was JSON."""

MOODS: Mapping[str, Mood] = {"critical": "bad", "warning": "caution"}
"""Severity → mood, where nothing else tells it."""

_SIGNS: Mapping[Mood, str] = {"bad": "🔴", "caution": "🟠", "good": "🟢", "neutral": "🔵"}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a person reads. Nothing in it is escaped: each channel does that in its own way."""

    mood: Mood
    heading: str
    texts: tuple[str, ...] = ()
    facts: Facts = ()
    links: Links = ()

    @property
    def title(self) -> str:
        """The heading behind the sign of its mood."""
        return f"{_SIGNS[self.mood]} {self.heading}"


def parts(text: str) -> tuple[str, Links]:
    """A text without its `Runbook: <URL>`, and that as a link."""
    before, found, rest = text.rpartition("Runbook: ")
    url, _, after = rest.partition(" ")
    if not found or not url.startswith("https://"):
        return text, ()
    return f"{before.rstrip()} {after}".strip(), (("Runbook", url.strip()),)
