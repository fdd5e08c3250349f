"""What does a message of a topic say? Whoever sent it, as one notice."""

import json
from dataclasses import replace
from typing import Any

from .alarms import alarm
from .costs import anomaly, budget
from .events import event, event_alert, is_event
from .notice import MOODS, Notice, parts
from .redaction import without_secrets


def read(subject: str, text: str, *, stack: str, severity: str = "", runbooks: str = "") -> Notice:
    """The notice of a message of AWS Budgets, Cost Anomaly Detection, CloudWatch, an `EventAlert`, or anyone.

    `severity` is that of the topic, where it has one; `runbooks` the URL of their folder, for what AWS words
    by itself. Credentials are taken out.
    """
    return without_secrets(_recognised(subject, text, stack, severity, runbooks))


def _recognised(subject: str, text: str, stack: str, severity: str, runbooks: str) -> Notice:
    body = _object(text)
    if "AlarmName" in body:
        return alarm(body, MOODS.get(severity, "bad"))
    if isinstance(body.get("alert"), dict) and "event" in body:
        return event_alert(body)
    if "anomalyId" in body or "anomalyStartDate" in body:
        return _with_runbook(anomaly(body), runbooks, "cost-anomaly")
    if is_event(body):
        return event(body, severity)
    found = budget(text, stack)
    if found is not None:
        return _with_runbook(found, runbooks, "budget-breached")
    said, links = parts(text)
    return Notice(
        mood=MOODS.get(severity, "neutral"),
        heading=subject or "Notification",
        texts=(said or "(no text)",),
        links=links,
    )


def _with_runbook(notice: Notice, runbooks: str, page: str) -> Notice:
    if not runbooks:
        return notice
    return replace(notice, links=(("Runbook", f"{runbooks}/{page}.md"), *notice.links))


def _object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
