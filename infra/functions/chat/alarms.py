"""What does a CloudWatch alarm say? Metric and composite alarms, as they publish to a topic."""

from urllib.parse import quote

from .notice import Body, Mood, Notice, parts

_STATES = {"ALARM": "is in alarm", "OK": "is over", "INSUFFICIENT_DATA": "has no data"}


def alarm(body: Body, mood: Mood) -> Notice:
    """The alarm's change, its sentence, its reason and its runbook. `mood` is that of an alarm in ALARM."""
    name, state = str(body["AlarmName"]), str(body.get("NewStateValue", "?"))
    says, links = parts(str(body.get("AlarmDescription") or ""))
    facts = [("Alarm", name), ("State", f"{body.get('OldStateValue', '?')} → {state}")]
    if body.get("Region"):
        facts.append(("Region", str(body["Region"])))
    moods: dict[str, Mood] = {"ALARM": mood, "OK": "good"}
    return Notice(
        mood=moods.get(state, "neutral"),
        heading=f"{name} {_STATES.get(state, state)}",
        texts=tuple(text for text in (says, str(body.get("NewStateReason") or "")) if text),
        facts=tuple(facts),
        links=(*links, *_console(str(body.get("AlarmArn") or ""), name)),
    )


def _console(arn: str, name: str) -> tuple[tuple[str, str], ...]:
    region = arn.split(":")[3] if arn.count(":") >= 6 else ""
    if not region:
        return ()
    page = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/"
    return (("Open the alarm", page + quote(name, safe="")),)
