"""EMR Serverless: applications."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sandbox.aws.rows import answered, echoing, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_SERVICE = "emr-serverless"
_APPLICATION = "aws:emrserverless/application:Application"
_LOGS = "monitoringConfiguration.cloudwatchLoggingConfiguration"
_NAMES = {"initialCapacities": "", f"{_LOGS}.logTypes": ""}


def _maps(subject: Subject) -> Params:
    """What the service has as maps, and Pulumi as lists with the key inside."""
    added: Params = {}
    capacities = {}
    for item in subject.inputs.get("initialCapacities") or ():
        held = item.get("initialCapacityConfig") or {}
        worker = held.get("workerConfiguration")
        capacities[item["initialCapacityType"]] = {
            "workerCount": int(held["workerCount"]),
            **({"workerConfiguration": dict(worker)} if worker else {}),
        }
    if capacities:
        added["initialCapacity"] = capacities
    logs = (subject.inputs.get("monitoringConfiguration") or {}).get("cloudwatchLoggingConfiguration") or {}
    kinds = {item["name"]: list(item["values"]) for item in logs.get("logTypes") or ()}
    if kinds:
        added["monitoringConfiguration"] = {"cloudWatchLoggingConfiguration": {"logTypes": kinds}}
    return added


def _created(subject: Subject) -> Params:
    return {**_maps(subject), "type": str(subject.inputs["type"]).upper()}


_UPDATED = (
    "architecture",
    "autoStartConfiguration",
    "autoStopConfiguration",
    "imageConfiguration",
    "initialCapacities",
    "interactiveConfiguration",
    "jobLevelCostAllocationConfiguration",
    "maximumCapacity",
    "monitoringConfiguration",
    "networkConfiguration",
    "releaseLabel",
    "runtimeConfigurations",
    "schedulerConfiguration",
)


_read = reading(_SERVICE, "GetApplication", identified("applicationId"), "application")


def _engine(subject: Subject) -> PropertyValue:
    """The service writes `Spark` where a program may write `spark`."""
    found, held = subject.at("type"), subject.inputs.get("type")
    return held if str(held).lower() == str(found).lower() else found


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    listing = pages(subject, _SERVICE, "ListApplications", "applications")
    for item in listing:
        if item.get("name") != subject.inputs["name"] or item["id"] in taken:
            continue
        if _read(replace(subject, id=str(item["id"]))) is not None:
            return str(item["id"])
    return None


def _delete(subject: Subject) -> None:
    """A started application is stopped first: it cannot be deleted else."""
    subject.cloud.call(_SERVICE, "StopApplication", {"applicationId": subject.id})
    subject.cloud.call(_SERVICE, "DeleteApplication", {"applicationId": subject.id})


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("type")
    if isinstance(kind, str) and kind.lower() not in ("spark", "hive"):
        yield CheckFailure("type", f"{kind!r} is not one of spark, hive")


APPLICATION = ResourceType(
    type=_APPLICATION,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateApplication", names=_NAMES, fills=("clientToken",), adds=_created),
    id=answered("applicationId"),
    read=_read,
    delete=_delete,
    steps=(
        Step(
            on=_UPDATED,
            do=Call(
                operation="UpdateApplication",
                sends=_UPDATED,
                names=_NAMES,
                adds=lambda s: {"applicationId": s.id, **_maps(s)},
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "arn",
        "architecture": "architecture",
    },
    echoes={
        "type": _engine,
        **echoing(
            _APPLICATION,
            "architecture autoStartConfiguration autoStopConfiguration imageConfiguration name "
            "interactiveConfiguration maximumCapacity networkConfiguration releaseLabel "
            "runtimeConfigurations schedulerConfiguration",
        ),
    },
    find=_find,
    auto_name=AutoName(prefix_property=None, limit=64),
    defaults={"architecture": "X86_64"},
    unordered=(
        "initialCapacities",
        "networkConfiguration.subnetIds",
        "networkConfiguration.securityGroupIds",
    ),
    tags=Tags(
        style="map",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": s.cloud.arn(_SERVICE, f"/applications/{s.id}")},
        member="tags",
        keys="tagKeys",
        list="ListTagsForResource",
        listed="tags",
    ),
    checks=_check,
)

TYPES = (APPLICATION,)
