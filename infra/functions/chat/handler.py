"""Posts a topic's messages to one channel: Slack or Teams, as the environment says.

Whatever cannot be posted raises, so that Lambda tries again and keeps the event in its dead-letter queue. SNS
hands over one record an event, and each channel has a function of its own: what one channel refuses is
posted twice to no other.
"""

import os
from typing import Any

from . import slack, teams
from .reading import read
from .webhook import post

_PAYLOADS = {"slack": slack.payload, "teams": teams.payload}
_SEVERITIES = ("critical", "warning", "info")


def handle(event: dict[str, Any], context: object) -> dict[str, int]:
    """Posts every record of the event. Raises on the first that cannot be posted."""
    records = event["Records"]
    for record in records:
        notice = record["Sns"]
        message = message_of(
            notice.get("Subject") or "",
            notice["Message"],
            topic=str(notice.get("TopicArn") or ""),
            stack=os.environ["STACK"],
            channel=os.environ["CHANNEL"],
            runbooks=os.environ["RUNBOOKS"],
        )
        post(os.environ["WEBHOOK_SECRET"], message)
    return {"posted": len(records)}


def message_of(
    subject: str, text: str, *, topic: str, stack: str, channel: str, runbooks: str = ""
) -> dict[str, Any]:
    """The message as the channel takes it. The topic's name tells severity or team: `<stack>-critical`."""
    kind = topic.rpartition(":")[2].removeprefix(f"{stack}-")
    severity = kind if kind in _SEVERITIES else ""
    notice = read(subject, text, stack=stack, severity=severity, runbooks=runbooks)
    told = kind.replace("team-", "team ", 1) if kind else ""
    return _PAYLOADS[channel](notice, " · ".join(filter(None, ("Groundplan", f"stack {stack}", told))))
