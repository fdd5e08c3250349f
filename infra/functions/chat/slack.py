"""A notice as a message for Slack's incoming webhooks, in blocks.

Limits: https://api.slack.com/reference/block-kit/blocks (header 150 characters, section 3,000, ten fields of
2,000); escapes: https://api.slack.com/reference/surfaces/formatting#escaping.
"""

from typing import Any

from .notice import Notice

_HEADING, _TEXT, _FIELD, _FIELDS = 150, 2900, 1900, 10


def payload(notice: Notice, footer: str) -> dict[str, Any]:
    """The message: blocks, and a plain line for where there are none."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": notice.title[:_HEADING], "emoji": True}}
    ]
    body = _cut("\n".join(map(_escaped, notice.texts)), _TEXT)
    if body:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": body}})
    if notice.facts:
        fields = [
            {"type": "mrkdwn", "text": f"*{_escaped(name)}*\n{_cut(_escaped(value), _FIELD)}"}
            for name, value in notice.facts[:_FIELDS]
        ]
        blocks.append({"type": "section", "fields": fields})
    if notice.links:
        links = "   ".join(f"<{_address(url)}|{_escaped(label)}>" for label, url in notice.links)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": links}})
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(footer)}]})
    return {"text": _escaped(notice.title), "blocks": blocks}


def _cut(escaped: str, most: int) -> str:
    """At most so many characters, and no half of an escape at the end."""
    if len(escaped) <= most:
        return escaped
    kept = escaped[: most - 1]
    head, mark, tail = kept.rpartition("&")
    return (head if mark and ";" not in tail and len(tail) < 4 else kept) + "…"


def _escaped(text: str) -> str:
    """What Slack's markup asks to be escaped, so that a message can neither mention nor link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _address(url: str) -> str:
    return _escaped(url).replace("|", "%7C").replace(" ", "%20")
