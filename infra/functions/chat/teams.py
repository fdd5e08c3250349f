"""A notice as an Adaptive Card in the envelope that a Teams workflow's webhook takes.

Source: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
(28 KB a message). Texts stand in text runs, which know no Markdown: a message can neither mention nor link.
"""

import json
from typing import Any

from .notice import Mood, Notice

_MOST_BYTES = 27 * 1024
_TEXTS = (12_000, 6_000, 3_000, 1_000, 300, 60)
_COLOURS: dict[Mood, str] = {"bad": "Attention", "caution": "Warning", "good": "Good", "neutral": "Accent"}


def payload(notice: Notice, footer: str) -> dict[str, Any]:
    """The message, with texts as long as the limit leaves room for."""
    made = _message(notice, footer, _TEXTS[0])
    for longest in _TEXTS[1:]:
        if len(json.dumps(made)) <= _MOST_BYTES:
            break
        made = _message(notice, footer, longest)
    return made


def _message(notice: Notice, footer: str, longest: int) -> dict[str, Any]:
    heading = _run(notice.title[:300], size="Large", weight="Bolder", color=_COLOURS[notice.mood])
    body = [_rich(heading)]
    for text in notice.texts[:10]:
        body += [_rich(_run(line)) for line in _cut(text, longest).splitlines()[:60] if line.strip()]
    body += [
        _rich(_run(f"{name[:60]}: ", weight="Bolder"), _run(_cut(value, min(longest, 1000))))
        for name, value in notice.facts[:12]
    ]
    body.append(_rich(_run(footer[:300], size="Small", isSubtle=True)))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _cut(notice.title, 300),
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": label[:60], "url": url} for label, url in notice.links[:6]
        ],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _rich(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **looks: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **looks}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
