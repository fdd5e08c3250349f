"""The local chat channel: takes what webhooks of Slack and of Microsoft Teams take, keeps it, and shows it as
the team would see it.

Sources of shapes and answers: https://api.slack.com/messaging/webhooks, and for Teams
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from sandbox.runtime.chat.cards import cards_in, shown_card
from sandbox.runtime.host.administration import Administration
from sandbox.runtime.host.http import HttpAnswer, HttpRequest
from sandbox.runtime.overlay import Documents

_KIND = "chat"
_LARGEST_CARD = 28 * 1024


class ChatChannel:
    """Keeps the messages that arrive under `/_sandbox/chat/<channel>`; `GET /_sandbox/channel` lists them."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def add_routes(self, administration: Administration) -> None:
        """Adds both routes."""
        administration.add("POST", "chat", self.receive)
        administration.add("GET", "channel", lambda _, __: {"messages": self._documents.all(_KIND)})

    def receive(self, request: HttpRequest, channel: str) -> HttpAnswer:
        """Answers `ok`, or 400 with Slack's own word for what is wrong; to an envelope of Teams as its
        workflows do: 202, 400, or 413 above 28 KB."""
        text = request.body.decode("utf-8", "replace")
        if request.header.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = parse_qs(text).get("payload", [""])[0]
        try:
            body = json.loads(text)
        except ValueError:
            return _plain("invalid_payload", 400)
        if not isinstance(body, dict):
            return _plain("invalid_payload", 400)
        cards = cards_in(body)
        if cards and len(request.body) > _LARGEST_CARD:
            return _plain("Message size is too large", 413)
        shown = "\n".join(line for card in cards for line in shown_card(card)) if cards else shown_text(body)
        if not shown:
            return _plain("no_text", 400)
        message = {
            "received": datetime.now(UTC).isoformat(timespec="seconds"),
            "channel": channel,
            "text": shown,
            "body": body,
        }
        self._documents.put(_KIND, uuid.uuid4().hex, message)
        return _plain("", 202) if cards else _plain("ok", 200)


def shown_text(body: Mapping[str, Any]) -> str:
    """A message as text, a line for each part. Where there are blocks, Slack shows them in the place of
    `text`."""
    blocks = [line for block in _mappings(body.get("blocks")) for line in _block_lines(block)]
    lines = blocks or _lines(body.get("text"))
    for attachment in _mappings(body.get("attachments")):
        lines += _attachment_lines(attachment)
    return "\n".join(lines)


def _attachment_lines(attachment: Mapping[str, Any]) -> Iterator[str]:
    inside = [line for block in _mappings(attachment.get("blocks")) for line in _block_lines(block)]
    for part in ("pretext", "title", "text"):
        yield from _lines(attachment.get(part))
    for field in _mappings(attachment.get("fields")):
        yield f"{field.get('title', '')}: {field.get('value', '')}"
    yield from inside
    if not inside and not attachment.get("text"):
        yield from _lines(attachment.get("fallback"))
    yield from _lines(attachment.get("footer"))


def _block_lines(block: Mapping[str, Any]) -> Iterator[str]:
    if block.get("type") == "divider":
        yield "―" * 20
    yield from _lines(block.get("text"))
    for part in _mappings(block.get("fields")):
        yield from _lines(part)
    for element in _mappings(block.get("elements")):
        text = element.get("text")
        yield from _lines(text)
        if element.get("url"):
            yield str(element["url"])


def _lines(text: Any) -> list[str]:
    if isinstance(text, Mapping):
        text = text.get("text")
    return str(text).splitlines() if text else []


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _plain(text: str, status: int) -> HttpAnswer:
    return HttpAnswer(status, (("content-type", "text/plain"),), text.encode())
