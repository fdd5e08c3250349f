"""What does an Adaptive Card show? Its texts, facts and buttons, line by line.

Source: https://adaptivecards.io/explorer/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CARD = "application/vnd.microsoft.card.adaptive"


def cards_in(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The cards in an envelope of Teams; none where it is another message."""
    if body.get("type") != "message":
        return []
    attached = [one for one in _mappings(body.get("attachments")) if one.get("contentType") == CARD]
    return [one["content"] for one in attached if isinstance(one.get("content"), Mapping)]


def shown_card(card: Mapping[str, Any]) -> Iterator[str]:
    """A card as text, a line for each part; buttons with their addresses."""
    for element in _mappings(card.get("body")):
        yield from _element(element)
    for action in _mappings(card.get("actions")):
        yield " ".join(filter(None, (f"[{action.get('title', '')}]", str(action.get("url") or ""))))


def _element(element: Mapping[str, Any]) -> Iterator[str]:
    match element.get("type"):
        case "TextBlock":
            yield from str(element.get("text", "")).splitlines()
        case "RichTextBlock":
            runs = element.get("inlines")
            parts = runs if isinstance(runs, list) else []
            yield "".join(str(one.get("text", "")) if isinstance(one, Mapping) else str(one) for one in parts)
        case "FactSet":
            for fact in _mappings(element.get("facts")):
                yield f"{fact.get('title', '')}: {fact.get('value', '')}"
        case "Container" | "Column":
            for inner in _mappings(element.get("items")):
                yield from _element(inner)
        case "ColumnSet":
            for column in _mappings(element.get("columns")):
                yield from _element({**column, "type": "Column"})


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
