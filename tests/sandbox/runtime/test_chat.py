"""What the local chat channel takes, keeps and shows."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from sandbox.runtime.chat.channel import shown_text


def _post(cloud: Any, channel: str, body: bytes, kind: str = "application/json") -> tuple[int, str]:
    address = f"{cloud.address.endpoint_url}/_sandbox/chat/{channel}"
    request = urllib.request.Request(address, body, {"content-type": kind})  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_message_is_kept_and_shown(cloud: Any) -> None:
    assert _post(cloud, "platform-alerts", b'{"text": "Spend is at 90 %"}') == (200, "ok")
    message = cloud.administration.channel()[-1]
    assert (message.channel, message.text) == ("platform-alerts", "Spend is at 90 %")


def test_a_form_with_a_payload_is_taken_too(cloud: Any) -> None:
    form = urllib.parse.urlencode({"payload": json.dumps({"text": "from a form"})}).encode()
    assert _post(cloud, "c", form, "application/x-www-form-urlencoded") == (200, "ok")
    assert cloud.administration.channel()[-1].text == "from a form"


@pytest.mark.parametrize(
    ("body", "word"), [(b"{", "invalid_payload"), (b"[]", "invalid_payload"), (b"{}", "no_text")]
)
def test_what_is_no_message_is_refused_in_slacks_words(cloud: Any, body: bytes, word: str) -> None:
    before = len(cloud.administration.channel())
    assert _post(cloud, "c", body) == (400, word)
    assert len(cloud.administration.channel()) == before


def test_blocks_and_attachments_are_shown_line_by_line() -> None:
    body = {
        "text": "only for notifications",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Budget"}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "*90 %*\nof it"},
                "fields": [{"text": "Owner"}],
            },
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "dev"}]},
            {"type": "actions", "elements": [{"text": {"text": "Open"}, "url": "https://example.org"}]},
        ],
        "attachments": [
            {"title": "Detail", "fields": [{"title": "Limit", "value": "$1,000"}], "fallback": "f"}
        ],
    }
    assert shown_text(body).splitlines() == [
        "Budget",
        "*90 %*",
        "of it",
        "Owner",
        "―" * 20,
        "dev",
        "Open",
        "https://example.org",
        "Detail",
        "Limit: $1,000",
        "f",
    ]


def _card(text: str) -> bytes:
    content = {
        "type": "AdaptiveCard",
        "body": [
            {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}, " now"]},
            {"type": "FactSet", "facts": [{"title": "Budget", "value": "$800"}]},
            {"type": "ColumnSet", "columns": [{"items": [{"type": "TextBlock", "text": "in a column"}]}]},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Runbook", "url": "https://x.test/r"}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return json.dumps(
        {"type": "message", "attachments": [{"contentType": kind, "content": content}]}
    ).encode()


def test_a_card_for_teams_is_taken_as_its_workflows_do_and_shown(cloud: Any) -> None:
    assert _post(cloud, "cards", _card("Spend is high")) == (202, "")
    message = cloud.administration.channel()[-1]
    shown = ["Spend is high now", "Budget: $800", "in a column", "[Runbook] https://x.test/r"]
    assert message.text.splitlines() == shown


def test_a_card_above_28_kilobytes_is_refused_as_teams_does(cloud: Any) -> None:
    assert _post(cloud, "cards", _card("x" * 29_000))[0] == 413
