"""Logs: what the jobs, the endpoint and the functions have written to CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ops.errors import OK, CommandError
from ops.executions import Execution, Step, executions, steps
from ops.screen import duration
from ops.session import Session

_EXECUTIONS: Final = 5
"""How many of the newest executions are searched."""
_OTHER_GROUPS: Final = ("/aws/sagemaker/Endpoints/", "/aws/lambda/")


class UnknownJobError(CommandError):
    """No log goes by that name."""

    def __init__(self, job: str, known: list[str], stack: str) -> None:
        super().__init__(
            f"no log is known as '{job}'",
            f"known are: {', '.join(known)}"
            if known
            else f"nothing has logged yet: groundplan train {stack}",
        )


@dataclass(frozen=True)
class Log:
    """One log that can be printed: a step's job, or a group of its own."""

    name: str
    what: str
    group: str
    stream_prefix: str = ""


def logs(session: Session, job: str | None, lines: int) -> int:
    """`groundplan logs`."""
    session.announce()
    known = list(_known(session))
    if job is None:
        return _list(session, known)
    log = next((one for one in known if job in (one.name, one.stream_prefix.rstrip("/-"), one.group)), None)
    log = log or next((one for one in known if one.name.lower() == job.lower()), None)
    if log is None:
        raise UnknownJobError(job, sorted({one.name for one in known}), session.stack)
    texts = _texts(session, log, lines)
    session.screen.document({"log": log.group, "stream": log.stream_prefix, "lines": texts})
    if not session.screen.as_json:
        for text in texts:
            session.screen.line(text)
    return OK


def _list(session: Session, known: list[Log]) -> int:
    session.screen.document([{"name": one.name, "what": one.what, "group": one.group} for one in known])
    if not session.screen.as_json:
        if not known:
            session.screen.line("Nothing has logged yet.")
        width = max((len(one.name) for one in known), default=0)
        for one in known:
            session.screen.line(f"{one.name:<{width}}  {one.what}")
    return OK


def _known(session: Session) -> Iterator[Log]:
    outputs = session.outputs()
    for number, execution in enumerate(executions(session, outputs.pipeline)):
        if number >= _EXECUTIONS:
            break
        for step in steps(session, execution.arn):
            group = step.log_group
            if group is not None and step.job:
                yield Log(step.name, _about(execution, step), group, step.log_prefix)
    client = session.client("logs")
    for prefix in _OTHER_GROUPS:
        for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for one in page["logGroups"]:
                group = one["logGroupName"]
                yield Log(group.removeprefix(prefix), group, group)


def _about(execution: Execution, step: Step) -> str:
    return f"{step.job_name}: {step.status.lower()} ({duration(step.seconds)}), execution {execution.id}"


def _texts(session: Session, log: Log, lines: int) -> list[str]:
    """The newest lines, oldest of them first."""
    client = session.client("logs")
    where: dict[str, Any] = {"logGroupName": log.group}
    if log.stream_prefix:
        where["logStreamNamePrefix"] = log.stream_prefix
    pages = client.get_paginator("filter_log_events").paginate(**where)
    events = [event for page in pages for event in page["events"]]
    events.sort(key=lambda event: event["timestamp"])
    return [event["message"].rstrip("\n") for event in events[-lines:]]
