"""Managed Flink: applications and their snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from sandbox.aws.requests import build
from sandbox.aws.rows import answered, echoing, moment, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "kinesisanalyticsv2"
_APPLICATION = "aws:kinesisanalyticsv2/application:Application"
_SQL = "applicationConfiguration.sqlApplicationConfiguration"
_NAMES = {
    "name": "ApplicationName",
    "description": "ApplicationDescription",
    "applicationConfiguration.runConfiguration": "",
    "applicationConfiguration.environmentProperties.propertyGroups.propertyMap": "PropertyMap",
    "applicationConfiguration.vpcConfiguration": "VpcConfigurations",
    "applicationConfiguration.vpcConfiguration.vpcConfigurationId": "",
    "applicationConfiguration.vpcConfiguration.vpcId": "",
    f"{_SQL}": "",
    "cloudwatchLoggingOptions.cloudwatchLoggingOptionId": "",
}
_CREATE = Call(operation="CreateApplication", names=_NAMES, omits=("startApplication", "forceStop"))


def _key(subject: Subject) -> Params:
    return {"ApplicationName": subject.id.rsplit("/", 1)[-1]}


_read = reading(_SERVICE, "DescribeApplication", _key, "ApplicationDetail")


def _as_update(value: Any, shape: Shape) -> Any:
    """What a create's request says, as UpdateApplication spells it: `X` is `XUpdate` there, at each level."""
    if isinstance(shape, ListShape):
        return [_as_update(item, shape.member) for item in value]
    if not isinstance(shape, StructureShape) or not isinstance(value, dict):
        return value
    found: Params = {}
    for member, item in value.items():
        for name in (f"{member}Update", f"{member.removesuffix('ies')}yUpdates", f"{member}s", member):
            if name in shape.members:
                found[name] = _as_update(item, shape.members[name])
                break
    return found


def _update(subject: Subject) -> None:
    operation = subject.cloud.operation(_SERVICE, "UpdateApplication").input_shape
    create = subject.cloud.operation(_SERVICE, "CreateApplication").input_shape
    assert operation is not None  # noqa: S101 - the operation has parameters; narrows the type
    wanted = build(_CREATE, create, subject.inputs).params
    configuration = wanted.get("ApplicationConfiguration") or {}
    configuration.pop("VpcConfigurations", None)
    environment = configuration.pop("EnvironmentProperties", None)
    update = _as_update(configuration, operation.members["ApplicationConfigurationUpdate"])
    if environment:
        update["EnvironmentPropertyUpdates"] = environment
    found = _read(subject) or {}
    subject.cloud.call(
        _SERVICE,
        "UpdateApplication",
        {
            **_key(subject),
            "CurrentApplicationVersionId": found["ApplicationVersionId"],
            "ServiceExecutionRoleUpdate": subject.inputs["serviceExecutionRole"],
            "RuntimeEnvironmentUpdate": subject.inputs["runtimeEnvironment"],
            **({"ApplicationConfigurationUpdate": update} if update else {}),
        },
    )


def _run_configuration(inputs: PropertyMap) -> Params:
    held = (inputs.get("applicationConfiguration") or {}).get("runConfiguration") or {}
    flink, restored = (
        held.get(n) or {} for n in ("flinkRunConfiguration", "applicationRestoreConfiguration")
    )
    found: Params = {}
    if flink.get("allowNonRestoredState") is not None:
        found["FlinkRunConfiguration"] = {"AllowNonRestoredState": flink["allowNonRestoredState"]}
    if restored.get("applicationRestoreType"):
        found["ApplicationRestoreConfiguration"] = {
            "ApplicationRestoreType": restored["applicationRestoreType"],
            **({"SnapshotName": restored["snapshotName"]} if restored.get("snapshotName") else {}),
        }
    return found


def _run(subject: Subject) -> None:
    status = (_read(subject) or {}).get("ApplicationStatus")
    if subject.inputs.get("startApplication") and status == "READY":
        params = {**_key(subject), "RunConfiguration": _run_configuration(subject.inputs)}
        subject.cloud.call(_SERVICE, "StartApplication", params)
    elif not subject.inputs.get("startApplication") and status == "RUNNING":
        _stop(subject)


def _stop(subject: Subject) -> None:
    force = bool(subject.inputs.get("forceStop"))
    subject.cloud.call(_SERVICE, "StopApplication", {**_key(subject), "Force": force})


def _delete(subject: Subject) -> None:
    found = _read(subject)
    if found is None:
        return
    if found["ApplicationStatus"] == "RUNNING":
        _stop(subject)
    subject.cloud.call(
        _SERVICE, "DeleteApplication", {**_key(subject), "CreateTimestamp": found["CreateTimestamp"]}
    )


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    configuration = inputs.get("applicationConfiguration")
    if not isinstance(configuration, dict):
        return
    if configuration.get("sqlApplicationConfiguration") is not None:
        yield CheckFailure(
            _SQL, "is no longer taken: AWS ended Kinesis Data Analytics for SQL on 27 January 2026"
        )
    code = configuration.get("applicationCodeConfiguration")
    content = code.get("codeContent") if isinstance(code, dict) else None
    if isinstance(content, dict) and len([name for name in content if content[name] is not None]) > 1:
        yield CheckFailure(
            "applicationConfiguration.applicationCodeConfiguration.codeContent",
            "may hold one of s3ContentLocation and textContent",
        )


def _arn(subject: Subject) -> str:
    return subject.cloud.arn("kinesisanalytics", f"application/{subject.inputs['name']}")


APPLICATION = ResourceType(
    type=_APPLICATION,
    service=_SERVICE,
    tier="recorded",
    create=_CREATE,
    id=answered("ApplicationDetail.ApplicationARN"),
    read=_read,
    delete=_delete,
    steps=(
        Step(
            on=("applicationConfiguration", "runtimeEnvironment", "serviceExecutionRole"),
            do=_update,
            at_create=False,
        ),
        Step(on=("startApplication",), do=_run),
    ),
    local=("forceStop",),
    outputs={
        "arn": "ApplicationARN",
        "applicationMode": "ApplicationMode",
        "createTimestamp": moment("CreateTimestamp"),
        "lastUpdateTimestamp": moment("LastUpdateTimestamp"),
        "status": "ApplicationStatus",
        "versionId": "ApplicationVersionId",
    },
    echoes=echoing(
        _APPLICATION, "applicationMode description name runtimeEnvironment serviceExecutionRole", names=_NAMES
    ),
    known_id=_arn,
    exclusive=True,
    auto_name=AutoName(prefix_property=None, limit=128),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": s.id},
        list="ListTagsForResource",
    ),
    volatile=("lastUpdateTimestamp", "status", "versionId"),
    checks=_check,
)

_SNAPSHOT = "aws:kinesisanalyticsv2/applicationSnapshot:ApplicationSnapshot"


def _snapshot_id(subject: Subject) -> str:
    return f"{subject.inputs['applicationName']}/{subject.inputs['snapshotName']}"


def _snapshot_key(subject: Subject) -> Params:
    application, _, snapshot = subject.id.partition("/")
    return {"ApplicationName": application, "SnapshotName": snapshot}


_read_snapshot = reading(_SERVICE, "DescribeApplicationSnapshot", _snapshot_key, "SnapshotDetails")


def _delete_snapshot(subject: Subject) -> None:
    found = _read_snapshot(subject)
    if found is not None:
        made = {"SnapshotCreationTimestamp": found["SnapshotCreationTimestamp"]}
        subject.cloud.call(_SERVICE, "DeleteApplicationSnapshot", {**_snapshot_key(subject), **made})


SNAPSHOT = ResourceType(
    type=_SNAPSHOT,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateApplicationSnapshot"),
    id=_snapshot_id,
    read=_read_snapshot,
    delete=_delete_snapshot,
    outputs={
        "applicationVersionId": "ApplicationVersionId",
        "snapshotCreationTimestamp": moment("SnapshotCreationTimestamp"),
    },
    echoes={
        "applicationName": lambda s: s.id.partition("/")[0],
        "snapshotName": "SnapshotName",
    },
    known_id=_snapshot_id,
    place=("applicationName", "snapshotName"),
)

TYPES = (APPLICATION, SNAPSHOT)
