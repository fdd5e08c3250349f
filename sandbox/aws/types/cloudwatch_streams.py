"""CloudWatch Logs: streams."""

from __future__ import annotations

from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Subject


def _group(subject: Subject) -> str | None:
    held = subject.inputs.get("logGroupName") or subject.outputs.get("logGroupName")
    return None if held is None else str(held)


def _read(subject: Subject) -> Params | None:
    group = _group(subject)
    if group is None:
        return None
    params = {"logGroupName": group, "logStreamNamePrefix": subject.id}
    listed = reading("logs", "DescribeLogStreams", lambda _: params)(subject)
    streams = (item for item in (listed or {}).get("logStreams", ()) if item["logStreamName"] == subject.id)
    return next(streams, None)


LOG_STREAM = ResourceType(
    type="aws:cloudwatch/logStream:LogStream",
    service="logs",
    tier="native",
    create=Call(operation="CreateLogStream", names={"name": "logStreamName"}),
    id=given("name"),
    read=_read,
    delete=Call(
        operation="DeleteLogStream",
        sends=(),
        adds=lambda s: {"logGroupName": _group(s), "logStreamName": s.id},
    ),
    outputs={"arn": "arn"},
    echoes={"name": "logStreamName"},
    known_id=given("name"),
    auto_name=AutoName(prefix_property=None, limit=512),
    place=("logGroupName", "name"),
)

TYPES = (LOG_STREAM,)
