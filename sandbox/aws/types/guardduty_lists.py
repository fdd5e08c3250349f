"""GuardDuty: filters of findings, lists of addresses, and where findings go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sandbox.aws.rows import pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_COMPARED = {
    "equals": "Equals",
    "notEquals": "NotEquals",
    "matches": "Matches",
    "notMatches": "NotMatches",
    "greaterThan": "GreaterThan",
    "greaterThanOrEqual": "GreaterThanOrEqual",
    "lessThan": "LessThan",
    "lessThanOrEqual": "LessThanOrEqual",
}


def _number(value: Any) -> int:
    """A whole number, or a time of RFC 3339 as milliseconds."""
    text = str(value)
    if text.lstrip("-").isdigit():
        return int(text)
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _criteria(subject: Subject) -> Params:
    criterion: Params = {}
    for one in subject.inputs["findingCriteria"]["criterions"]:
        criterion[one["field"]] = {
            member: list(one[name]) if isinstance(one[name], list) else _number(one[name])
            for name, member in _COMPARED.items()
            if one.get(name)
        }
    return {"FindingCriteria": {"Criterion": criterion}}


def _check_filter(inputs: PropertyMap) -> Iterable[CheckFailure]:
    criteria = inputs.get("findingCriteria")
    many = criteria.get("criterions") if isinstance(criteria, dict) else None
    for index, one in enumerate(many if isinstance(many, list) else ()):
        path = f"findingCriteria.criterions[{index}]"
        if not isinstance(one, dict):
            continue
        if not any(one.get(name) for name in _COMPARED):
            yield CheckFailure(path, f"needs one of {', '.join(_COMPARED)}")
        for name in ("greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual"):
            if isinstance(one.get(name), str):
                try:
                    _number(one[name])
                except ValueError:
                    yield CheckFailure(f"{path}.{name}", f"{one[name]!r} is no number and no RFC 3339 time")


def _within(*parts: str) -> Callable[[Subject], Params]:
    def key(subject: Subject) -> Params:
        detector, _, name = subject.id.partition(":")
        return {"DetectorId": detector, parts[0]: name}

    return key


def _arn(word: str) -> Callable[[Subject], str]:
    def arn(subject: Subject) -> str:
        detector, _, name = subject.id.partition(":")
        return subject.cloud.arn("guardduty", f"detector/{detector}/{word}/{name}")

    return arn


def _tags(word: str) -> Tags:
    return Tags(
        style="map",
        at_create=None,
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": _arn(word)(s)},
        list="ListTagsForResource",
    )


def _filter_id(subject: Subject) -> str:
    return f"{subject.inputs['detectorId']}:{subject.inputs['name']}"


_FILTERED = ("action", "description", "findingCriteria", "rank")
FILTER = ResourceType(
    type="aws:guardduty/filter:Filter",
    service="guardduty",
    tier="native",
    create=Call(operation="CreateFilter", names={"findingCriteria": ""}, adds=_criteria),
    id=_filter_id,
    read=reading("guardduty", "GetFilter", _within("FilterName"), gone=("BadRequestException",)),
    delete=Call(operation="DeleteFilter", sends=(), adds=_within("FilterName")),
    steps=(
        Step(
            on=_FILTERED,
            do=Call(
                operation="UpdateFilter",
                sends=_FILTERED,
                names={"findingCriteria": ""},
                adds=lambda s: {**_within("FilterName")(s), **_criteria(s)},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": _arn("filter")},
    echoes={"name": "Name", "action": "Action", "description": "Description", "rank": "Rank"},
    known_id=_filter_id,
    auto_name=AutoName(limit=64, prefix_property=None),
    place=("detectorId", "name"),
    tags=_tags("filter"),
    checks=_check_filter,
)


def _set(word: str, id: str, output: str, token: str) -> ResourceType:
    """A list of addresses that GuardDuty reads from a bucket."""
    key = _within(id)

    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        detector = str(subject.inputs["detectorId"])
        for found in pages(subject, "guardduty", f"List{word}s", f"{id}s", {"DetectorId": detector}):
            name = f"{detector}:{found}"
            params = {"DetectorId": detector, id: found}
            shown = subject.cloud.call("guardduty", f"Get{word}", params)
            if shown["Name"] == subject.inputs["name"] and name not in taken:
                return name
        return None

    changes = ("activate", "location", "name")
    return ResourceType(
        type=token,
        service="guardduty",
        tier="recorded",
        create=Call(operation=f"Create{word}"),
        id=lambda s: f"{s.inputs['detectorId']}:{s.at(id)}",
        read=reading("guardduty", f"Get{word}", key, gone=("BadRequestException",)),
        delete=Call(operation=f"Delete{word}", sends=(), adds=key),
        steps=(
            Step(on=changes, do=Call(operation=f"Update{word}", sends=changes, adds=key), at_create=False),
        ),
        outputs={"arn": _arn(word.lower()), output: lambda s: s.id.partition(":")[2]},
        echoes={
            "name": "Name",
            "format": "Format",
            "location": "Location",
            "activate": lambda s: s.at("Status") == "ACTIVE",
        },
        find=find,
        auto_name=AutoName(limit=300, prefix_property=None),
        place=("detectorId", "name"),
        tags=_tags(word.lower()),
    )


IP_SET = _set("IPSet", "IpSetId", "ipSetId", "aws:guardduty/iPSet:IPSet")
THREAT_INTEL_SET = _set(
    "ThreatIntelSet", "ThreatIntelSetId", "threatIntelSetId", "aws:guardduty/threatIntelSet:ThreatIntelSet"
)

_DESTINATION = {
    "destinationArn": "DestinationProperties.DestinationArn",
    "kmsKeyArn": "DestinationProperties.KmsKeyArn",
}


def _find_destination(subject: Subject, taken: frozenset[str]) -> str | None:
    detector = str(subject.inputs["detectorId"])
    params = {"DetectorId": detector}
    for found in pages(subject, "guardduty", "ListPublishingDestinations", "Destinations", params):
        if f"{detector}:{found['DestinationId']}" not in taken:
            return f"{detector}:{found['DestinationId']}"
    return None


PUBLISHING_DESTINATION = ResourceType(
    type="aws:guardduty/publishingDestination:PublishingDestination",
    service="guardduty",
    tier="recorded",
    create=Call(operation="CreatePublishingDestination", names=_DESTINATION),
    id=lambda s: f"{s.inputs['detectorId']}:{s.at('DestinationId')}",
    read=reading(
        "guardduty",
        "DescribePublishingDestination",
        _within("DestinationId"),
        gone=("BadRequestException",),
    ),
    delete=Call(operation="DeletePublishingDestination", sends=(), adds=_within("DestinationId")),
    steps=(
        Step(
            on=tuple(_DESTINATION),
            do=Call(
                operation="UpdatePublishingDestination",
                sends=tuple(_DESTINATION),
                names=_DESTINATION,
                adds=_within("DestinationId"),
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": _arn("publishingdestination"), "destinationId": "DestinationId"},
    echoes={**_DESTINATION, "destinationType": "DestinationType"},
    find=_find_destination,
    place=("detectorId", "destinationType"),
    defaults={"destinationType": "S3"},
    tags=_tags("publishingdestination"),
)

TYPES = (FILTER, IP_SET, THREAT_INTEL_SET, PUBLISHING_DESTINATION)
