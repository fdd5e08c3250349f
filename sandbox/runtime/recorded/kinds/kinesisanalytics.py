"""Managed Flink: applications and their snapshots; no job runs."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "kinesisanalytics"


def _moving_to(status: str) -> Callable[[Params, Params], tuple[Params, Params | None]]:
    return lambda _, document: ({}, {**document, "ApplicationStatus": status})


def _updated(document: Params) -> int:
    """The next version; what an update says of the role, the runtime and the rest goes where it is shown."""
    for name in ("ServiceExecutionRole", "RuntimeEnvironment"):
        if document.get(f"{name}Update"):
            document[name] = document.pop(f"{name}Update")
    return int(document["ApplicationVersionId"]) + 1


APPLICATION = RecordedKind(
    service=_SERVICE,
    name="application",
    create="CreateApplication",
    key=("ApplicationName",),
    arn="arn:{partition}:kinesisanalytics:{region}:{account}:application/{ApplicationName}",
    arn_member="ApplicationARN",
    made={
        "ApplicationStatus": "READY",
        "ApplicationVersionId": lambda _: 1,
        "CreateTimestamp": "{now}",
        "LastUpdateTimestamp": "{now}",
    },
    defaults={"ApplicationMode": "STREAMING"},
    describe="DescribeApplication",
    described="ApplicationDetail",
    update="UpdateApplication",
    touched={"ApplicationVersionId": _updated, "LastUpdateTimestamp": "{now}"},
    delete="DeleteApplication",
    others={"StartApplication": _moving_to("RUNNING"), "StopApplication": _moving_to("READY")},
    listings=(Listing(operation="ListApplications", member="ApplicationSummaries"),),
    exists="ResourceInUseException",
)

SNAPSHOT = RecordedKind(
    service=_SERVICE,
    name="application snapshot",
    create="CreateApplicationSnapshot",
    key=("ApplicationName", "SnapshotName"),
    made={
        "SnapshotStatus": "READY",
        "ApplicationVersionId": lambda _: 1,
        "SnapshotCreationTimestamp": "{now}",
    },
    answer=(),
    describe="DescribeApplicationSnapshot",
    described="SnapshotDetails",
    delete="DeleteApplicationSnapshot",
    listings=(
        Listing(operation="ListApplicationSnapshots", member="SnapshotSummaries", where=("ApplicationName",)),
    ),
)

KINDS = (APPLICATION, SNAPSHOT)

TAGGING = (TagOperations(service=_SERVICE, resource="ResourceARN", missing_status=400),)
