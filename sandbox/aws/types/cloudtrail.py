"""CloudTrail: trails."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_CHANGES = (
    "cloudWatchLogsGroupArn",
    "cloudWatchLogsRoleArn",
    "enableLogFileValidation",
    "includeGlobalServiceEvents",
    "isMultiRegionTrail",
    "isOrganizationTrail",
    "kmsKeyId",
    "s3BucketName",
    "s3KeyPrefix",
    "snsTopicName",
)
_NAMES = {"cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn"}
_SELECTORS = {
    "eventSelectors.dataResources": "DataResources",
    "advancedEventSelectors.fieldSelectors.startsWiths": "StartsWith",
    "advancedEventSelectors.fieldSelectors.endsWiths": "EndsWith",
    "advancedEventSelectors.fieldSelectors.notStartsWiths": "NotStartsWith",
    "advancedEventSelectors.fieldSelectors.notEndsWiths": "NotEndsWith",
}


def _read(subject: Subject) -> Params | None:
    found = reading("cloudtrail", "GetTrail", identified("Name"), "Trail")(subject)
    if found is None:
        return None
    status = subject.cloud.call("cloudtrail", "GetTrailStatus", {"Name": subject.id})
    return {**found, "IsLogging": status.get("IsLogging", False)}


def _log(subject: Subject) -> None:
    logging = subject.inputs.get("enableLogging", True)
    subject.cloud.call("cloudtrail", "StartLogging" if logging else "StopLogging", {"Name": subject.id})


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    group, role = inputs.get("cloudWatchLogsGroupArn"), inputs.get("cloudWatchLogsRoleArn")
    if (group is None) != (role is None):
        missing = "cloudWatchLogsRoleArn" if role is None else "cloudWatchLogsGroupArn"
        yield CheckFailure(missing, "cloudWatchLogsGroupArn and cloudWatchLogsRoleArn need each other")
    if isinstance(group, str) and group.startswith("arn:") and not group.endswith(":*"):
        yield CheckFailure("cloudWatchLogsGroupArn", f"{group!r} must end in :*, for the group's streams")
    if inputs.get("eventSelectors") and inputs.get("advancedEventSelectors"):
        yield CheckFailure("advancedEventSelectors", "cannot stand beside eventSelectors")
    if inputs.get("isMultiRegionTrail") is True and inputs.get("includeGlobalServiceEvents") is False:
        yield CheckFailure("includeGlobalServiceEvents", "must be true where isMultiRegionTrail is")


def _tags_target(subject: Subject) -> Params:
    return {"ResourceId": subject.at("TrailARN") or subject.outputs["arn"]}


def _set_tags(subject: Subject, wanted: object) -> None:
    """RemoveTags wants keys and values alike, so the old ones are taken off whole."""
    old = subject.before.get("tagsAll") or {}
    target = _tags_target(subject)
    pairs = [{"Key": key, "Value": value} for key, value in old.items()]
    if pairs:
        subject.cloud.call("cloudtrail", "RemoveTags", {**target, "TagsList": pairs})
    news = [{"Key": key, "Value": value} for key, value in (subject.inputs.get("tagsAll") or {}).items()]
    if news:
        subject.cloud.call("cloudtrail", "AddTags", {**target, "TagsList": news})


TRAIL = ResourceType(
    type="aws:cloudtrail/trail:Trail",
    service="cloudtrail",
    tier="native",
    create=Call(operation="CreateTrail", sends=("name", *_CHANGES), names=_NAMES),
    id=given("name"),
    read=_read,
    delete=Call(operation="DeleteTrail", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=_CHANGES,
            do=Call(operation="UpdateTrail", sends=_CHANGES, names=_NAMES, adds=identified("Name")),
            at_create=False,
        ),
        Step(on=("enableLogging",), do=_log),
        Step(
            on=("eventSelectors", "advancedEventSelectors"),
            do=Call(
                operation="PutEventSelectors",
                sends=("eventSelectors", "advancedEventSelectors"),
                names=_SELECTORS,
                adds=identified("TrailName"),
            ),
        ),
        Step(
            on=("insightSelectors",),
            do=Call(
                operation="PutInsightSelectors",
                sends=("insightSelectors",),
                adds=identified("TrailName"),
            ),
            undo=lambda s: s.cloud.call(
                "cloudtrail", "PutInsightSelectors", {"TrailName": s.id, "InsightSelectors": []}
            ),
        ),
    ),
    outputs={"arn": "TrailARN", "homeRegion": "HomeRegion", "snsTopicArn": "SnsTopicARN"},
    echoes={
        "name": "Name",
        "s3BucketName": "S3BucketName",
        "s3KeyPrefix": "S3KeyPrefix",
        "isMultiRegionTrail": "IsMultiRegionTrail",
        "includeGlobalServiceEvents": "IncludeGlobalServiceEvents",
        "enableLogFileValidation": "LogFileValidationEnabled",
        "enableLogging": "IsLogging",
        "kmsKeyId": "KmsKeyId",
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=128, prefix_property=None),
    place=("name",),
    defaults={"enableLogging": True, "includeGlobalServiceEvents": True},
    tags=Tags(at_create="TagsList", target=_tags_target, replaces_all=_set_tags),
    checks=_check,
)

TYPES = (TRAIL,)
