"""Chat: posts what happened, as a team reads it, to the webhook that the secret holds.

The event is SNS's; its messages are of AWS Budgets (plain text), of CloudWatch alarms (JSON) or of anyone
(text). Whatever cannot be posted raises, so that Lambda tries again and keeps the event in its dead-letter
queue.
"""

import json
import os
import re
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import boto3

_TIMEOUT_SECONDS = 8
_LONGEST_TEXT = 2900  # Slack refuses a block of more than 3000 characters
_LONGEST_HEADING = 150
_BUDGET_LINE = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+): (?P<value>.+)$", re.MULTILINE)
_SIGNS = {"ALARM": "🔴", "OK": "🟢", "INSUFFICIENT_DATA": "⚪"}

Message = dict[str, Any]


class WebhookUnusableError(Exception):
    """The secret holds no webhook. The text never shows what it holds."""

    def __init__(self, secret: str, problem: str) -> None:
        super().__init__(
            f"The secret {secret} {problem}. Allowed: a URL that begins with https:// (http:// for this "
            f"machine). Put the channel's webhook: aws secretsmanager put-secret-value --secret-id {secret} "
            "--secret-string URL"
        )


def handle(event: dict[str, Any], context: object) -> dict[str, int]:
    """Posts every record of the event. Raises on the first that cannot be posted."""
    secret = os.environ["WEBHOOK_SECRET"]
    url = _webhook(secret)
    records = event["Records"]
    for record in records:
        notice = record["Sns"]
        _post(url, message_of(notice.get("Subject") or "", notice["Message"], os.environ["STACK"]))
    return {"posted": len(records)}


def message_of(subject: str, text: str, stack: str) -> Message:
    """The message for the channel, in Slack's blocks, with a plain line for where there are none."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if isinstance(body, dict) and "AlarmName" in body:
        return _alarm(body, stack)
    facts = {match["name"]: match["value"].strip() for match in _BUDGET_LINE.finditer(text)}
    if "Budget Name" in facts and "Budgeted Amount" in facts:
        return _budget(facts, stack)
    return _message(f"ℹ️ {subject or 'Notification'}", [text or "(no text)"], [], stack)


def _budget(facts: dict[str, str], stack: str) -> Message:
    forecast = facts.get("Alert Type", "").upper().startswith("FORECAST")
    amount = facts.get("Forecasted Amount" if forecast else "Actual Amount", "?")
    limit = facts["Budgeted Amount"]
    share = _share(amount, limit)
    threshold = facts.get("Alert Threshold", "?").lstrip("<>= ")
    sign = "🔴" if not forecast and share is not None and share >= 100 else "🟠"
    spent = "is forecast to cost" if forecast else "has cost"
    of_limit = "" if share is None else f", {share} % of the budget"
    return _message(
        f"{sign} {stack} {spent} {amount} this month{of_limit}",
        [f"The budget is {limit} a month; the alert was set at {threshold}."],
        [("Budget", facts["Budget Name"]), ("Alert", facts.get("Alert Type", "?"))],
        stack,
        link=("Open AWS Budgets", "https://console.aws.amazon.com/billing/home#/budgets"),
    )


def _alarm(body: dict[str, Any], stack: str) -> Message:
    state = str(body.get("NewStateValue", "?"))
    name = str(body["AlarmName"])
    facts = [("Alarm", name), ("State", f"{body.get('OldStateValue', '?')} → {state}")]
    if body.get("Region"):
        facts.append(("Region", str(body["Region"])))
    heading = f"{_SIGNS.get(state, '⚪')} {name} is {state}"
    texts = [str(body.get("AlarmDescription") or name), str(body.get("NewStateReason") or "")]
    return _message(heading, [text for text in texts if text], facts, stack)


def _message(
    heading: str,
    texts: list[str],
    facts: list[tuple[str, str]],
    stack: str,
    link: tuple[str, str] | None = None,
) -> Message:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": heading[:_LONGEST_HEADING]}}
    ]
    body = "\n".join(map(_escaped, texts))[:_LONGEST_TEXT]
    if link is not None:
        body += f"\n<{link[1]}|{link[0]}>"
    blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": body}})
    if facts:
        fields = [{"type": "mrkdwn", "text": f"*{name}*\n{_escaped(value)[:1900]}"} for name, value in facts]
        blocks.append({"type": "section", "fields": fields})
    blocks.append(
        {"type": "context", "elements": [{"type": "mrkdwn", "text": f"Groundplan · stack {stack}"}]}
    )
    return {"text": heading, "blocks": blocks}


def _share(amount: str, limit: str) -> int | None:
    """What percentage of the limit the amount is, rounded down: 99.9 % is not the whole."""
    try:
        whole = float(limit.strip("$").replace(",", ""))
        return int(float(amount.strip("$").replace(",", "")) * 100 / whole) if whole else None
    except ValueError:
        return None


def _escaped(text: str) -> str:
    """What Slack's markup asks to be escaped, so that a message cannot mention or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _webhook(secret: str) -> str:
    client = boto3.client("secretsmanager")
    try:
        url = str(client.get_secret_value(SecretId=secret)["SecretString"]).strip()
    except client.exceptions.ResourceNotFoundException:
        raise WebhookUnusableError(secret, "has no value yet") from None
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    if not (local or parts.scheme == "https") or not parts.hostname:
        raise WebhookUnusableError(secret, "holds no URL of a webhook")
    return url


def _post(url: str, message: Message) -> None:
    request = urllib.request.Request(  # noqa: S310 - _webhook has looked at the scheme
        url,
        data=json.dumps(message).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    # An answer that is not a success raises HTTPError; its text has no URL in it.
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        answer.read()
