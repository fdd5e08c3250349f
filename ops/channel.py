"""The team's chat channel on a screen: Slack's blocks and Teams' cards as text in a frame."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ops.screen import Screen
from sandbox.runtime.chat.cards import cards_in, shown_card
from sandbox.runtime.client import ChannelMessage

_WIDTH: Final = 88
_LINK: Final = re.compile(r"<(https?://[^|>]+)(?:\|([^>]+))?>")
_EMOJI: Final[Mapping[str, str]] = {
    "rotating_light": "🚨",
    "warning": "⚠️",
    "bell": "🔔",
    "moneybag": "💰",
    "chart_with_upwards_trend": "📈",
    "white_check_mark": "✅",
    "red_circle": "🔴",
    "large_orange_circle": "🟠",
    "large_yellow_circle": "🟡",
    "large_green_circle": "🟢",
    "information_source": "ℹ️",
}


def message_lines(message: ChannelMessage, screen: Screen) -> list[str]:
    """A message as the channel shows it, framed, with its time."""
    body: list[str] = []
    for line in content(message.body) or [message.text]:
        body += textwrap.wrap(line, _WIDTH - 4, subsequent_indent="  ") or [""]
    head = f" #{message.channel}  {message.received} "
    frame = [screen.paint(f"╭─{head}{'─' * max(_WIDTH - len(head) - 3, 0)}╮", "dim")]
    frame += [f"{screen.paint('│', 'dim')} {line}" for line in body]
    frame.append(screen.paint(f"╰{'─' * (_WIDTH - 2)}╯", "dim"))
    return frame


def content(body: Mapping[str, Any]) -> list[str]:
    """The lines of a Slack payload, its blocks and attachments, else its text; of cards for Teams, theirs."""
    cards = cards_in(body)
    if cards:
        return [line for card in cards for line in _card(card)]
    lines = list(_blocks(body.get("blocks") or ()))
    for attachment in body.get("attachments") or ():
        if isinstance(attachment, Mapping):
            inner = list(_blocks(attachment.get("blocks") or ()))
            inner = inner or [
                _marked(str(attachment.get(key))) for key in ("title", "text") if attachment.get(key)
            ]
            lines += [f"▌ {line}" for line in inner]
    if not lines and body.get("text"):
        lines = _marked(str(body["text"])).splitlines()
    return lines


def _card(card: Mapping[str, Any]) -> Iterator[str]:
    """A card's lines, the first as a heading, as Slack's are."""
    for number, line in enumerate(shown_card(card)):
        yield line if number else line.upper()


def _blocks(blocks: Sequence[Any]) -> Iterator[str]:
    for block in blocks:
        match block:
            case {"type": "header", "text": text}:
                yield _text(text).upper()
            case {"type": "divider"}:
                yield "─" * 24
            case {"type": "section" | "context" | "actions"}:
                if "text" in block:
                    yield from _text(block["text"]).splitlines()
                for field in block.get("fields") or ():
                    label, _, value = _text(field).partition("\n")
                    yield f"{label} {value}".rstrip() if value else label
                elements = [_element(one) for one in block.get("elements") or ()]
                if elements:
                    yield " · ".join(element for element in elements if element)


def _element(one: Any) -> str:
    if isinstance(one, Mapping) and one.get("type") == "button":
        url = one.get("url")
        return f"[{_text(one.get('text'))}]" + (f" {url}" if url else "")
    return _text(one)


def _text(value: Any) -> str:
    """Slack's text object, or a plain text."""
    return _marked(str(value.get("text", "")) if isinstance(value, Mapping) else str(value or ""))


def _marked(text: str) -> str:
    """Slack's marks as a terminal can show them: links with their address, emoji as signs, no asterisks."""
    text = _LINK.sub(lambda found: f"{found[2]} ({found[1]})" if found[2] else found[1], text)
    text = re.sub(r":([a-z0-9_+-]+):", lambda found: _EMOJI.get(found[1], found[0]), text)
    text = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
