"""Cost Explorer: anomaly monitors and subscriptions, and cost allocation tags."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import answered, given, pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_TAGS = Tags(
    at_create="ResourceTags",
    set="TagResource",
    unset="UntagResource",
    target=lambda s: {"ResourceArn": s.id},
    member="ResourceTags",
    keys="ResourceTagKeys",
    list="ListTagsForResource",
    listed="ResourceTags",
)


def _body(wrapper: str, **names: str) -> dict[str, str]:
    return {name: f"{wrapper}.{member}" for name, member in names.items()}


_MONITOR_NAMES = {
    **_body(
        "AnomalyMonitor", name="MonitorName", monitorType="MonitorType", monitorDimension="MonitorDimension"
    ),
    "monitorSpecification": "",
}


def _specified(subject: Subject) -> Params:
    text = subject.inputs.get("monitorSpecification")
    return {"AnomalyMonitor": {"MonitorSpecification": _given(json.loads(text))}} if text else {}


def _given(value: Any) -> Any:
    """Without what is null, which the provider's documentation asks people to write out."""
    if isinstance(value, dict):
        return {name: _given(one) for name, one in value.items() if one is not None}
    return [_given(one) for one in value] if isinstance(value, list) else value


def _check_monitor(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "monitorSpecification")
    needed = {"DIMENSIONAL": "monitorDimension", "CUSTOM": "monitorSpecification"}
    kind = inputs.get("monitorType")
    for other, name in needed.items():
        if kind == other and inputs.get(name) is None:
            yield CheckFailure(name, f"is required where monitorType is {kind}")
        elif kind in needed and kind != other and inputs.get(name) is not None:
            yield CheckFailure(name, f"cannot stand where monitorType is {kind}")


def _find_monitor(subject: Subject, taken: frozenset[str]) -> str | None:
    return _by_name(subject, "GetAnomalyMonitors", "AnomalyMonitors", "Monitor", taken)


def _by_name(subject: Subject, operation: str, listed: str, word: str, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "ce", operation, listed):
        if found[f"{word}Name"] == subject.inputs["name"] and found[f"{word}Arn"] not in taken:
            return str(found[f"{word}Arn"])
    return None


MONITOR = ResourceType(
    type="aws:costexplorer/anomalyMonitor:AnomalyMonitor",
    service="ce",
    tier="recorded",
    create=Call(operation="CreateAnomalyMonitor", names=_MONITOR_NAMES, adds=_specified),
    id=answered("MonitorArn"),
    read=reading("ce", "GetAnomalyMonitors", lambda s: {"MonitorArnList": [s.id]}, "AnomalyMonitors.0"),
    delete=Call(operation="DeleteAnomalyMonitor", sends=(), adds=lambda s: {"MonitorArn": s.id}),
    steps=(
        Step(
            on=("name",),
            do=Call(
                operation="UpdateAnomalyMonitor",
                sends=("name",),
                names={"name": "MonitorName"},
                adds=lambda s: {"MonitorArn": s.id},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "MonitorArn"},
    echoes={
        "name": "MonitorName",
        "monitorType": "MonitorType",
        "monitorDimension": "MonitorDimension",
    },
    find=_find_monitor,
    tags=_TAGS,
    documents=("monitorSpecification",),
    checks=_check_monitor,
)

_CHANGES = ("frequency", "monitorArnLists", "subscribers", "thresholdExpression")
_SUBSCRIPTION_NAMES = {
    "accountId": "",
    **_body(
        "AnomalySubscription",
        name="SubscriptionName",
        frequency="Frequency",
        monitorArnLists="MonitorArnList",
        subscribers="Subscribers",
        thresholdExpression="ThresholdExpression",
    ),
}


def _check_subscription(inputs: PropertyMap) -> Iterable[CheckFailure]:
    subscribers = inputs.get("subscribers")
    frequency = inputs.get("frequency")
    for index, one in enumerate(subscribers if isinstance(subscribers, list) else ()):
        kind = one.get("type") if isinstance(one, dict) else None
        if kind == "SNS" and frequency in ("DAILY", "WEEKLY"):
            yield CheckFailure(
                f"subscribers[{index}].type",
                f"a topic is told at once: frequency is {frequency}, not IMMEDIATE",
            )
        if kind == "EMAIL" and frequency == "IMMEDIATE":
            yield CheckFailure(f"subscribers[{index}].type", "EMAIL needs the frequency DAILY or WEEKLY")


SUBSCRIPTION = ResourceType(
    type="aws:costexplorer/anomalySubscription:AnomalySubscription",
    service="ce",
    tier="recorded",
    create=Call(operation="CreateAnomalySubscription", names=_SUBSCRIPTION_NAMES),
    id=answered("SubscriptionArn"),
    read=reading(
        "ce", "GetAnomalySubscriptions", lambda s: {"SubscriptionArnList": [s.id]}, "AnomalySubscriptions.0"
    ),
    delete=Call(operation="DeleteAnomalySubscription", sends=(), adds=lambda s: {"SubscriptionArn": s.id}),
    steps=(
        Step(
            on=_CHANGES,
            do=Call(
                operation="UpdateAnomalySubscription",
                sends=_CHANGES,
                names={"monitorArnLists": "MonitorArnList"},
                adds=lambda s: {"SubscriptionArn": s.id},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "SubscriptionArn", "accountId": "AccountId"},
    echoes={
        "name": "SubscriptionName",
        "frequency": "Frequency",
        "monitorArnLists": "MonitorArnList",
    },
    find=lambda s, taken: _by_name(
        s, "GetAnomalySubscriptions", "AnomalySubscriptions", "Subscription", taken
    ),
    tags=_TAGS,
    unordered=("subscribers",),
    checks=_check_subscription,
)


def _status(subject: Subject, status: str) -> Params:
    return {"CostAllocationTagsStatus": [{"TagKey": subject.id, "Status": status}]}


_ACTIVATE = Call(
    operation="UpdateCostAllocationTagsStatus",
    names={"tagKey": "CostAllocationTagsStatus.TagKey", "status": "CostAllocationTagsStatus.Status"},
)


def _read_tag(subject: Subject) -> Params | None:
    found = reading("ce", "ListCostAllocationTags", lambda s: {"TagKeys": [s.id]}, "CostAllocationTags.0")(
        subject
    )
    # What nobody has activated is as good as none.
    return None if found is None or found.get("Status") != subject.inputs.get("status", "Active") else found


ALLOCATION_TAG = ResourceType(
    type="aws:costexplorer/costAllocationTag:CostAllocationTag",
    service="ce",
    tier="recorded",
    create=_ACTIVATE,
    id=given("tagKey"),
    read=_read_tag,
    delete=Call(operation="UpdateCostAllocationTagsStatus", sends=(), adds=lambda s: _status(s, "Inactive")),
    steps=(Step(on=("status",), do=_ACTIVATE, at_create=False),),
    outputs={"type": "Type"},
    echoes={"tagKey": "TagKey", "status": "Status"},
    known_id=given("tagKey"),
    place=("tagKey",),
)

TYPES = (MONITOR, SUBSCRIPTION, ALLOCATION_TAG)
