"""CloudWatch Logs beside the groups: destinations, saved queries and data protection."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import json_failures, policy_failures
from sandbox.aws.rows import given, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _read_destination(subject: Subject) -> Params | None:
    listed = pages(
        subject, "logs", "DescribeDestinations", "destinations", {"DestinationNamePrefix": subject.id}
    )
    return next((one for one in listed if one["destinationName"] == subject.id), None)


def _destination_arn(subject: Subject) -> str:
    return subject.cloud.arn("logs", f"destination:{subject.id}")


_PUT_DESTINATION = Call(operation="PutDestination", names={"name": "destinationName"})
DESTINATION = ResourceType(
    type="aws:cloudwatch/logDestination:LogDestination",
    service="logs",
    tier="native",
    create=_PUT_DESTINATION,
    id=given("name"),
    read=_read_destination,
    delete=Call(operation="DeleteDestination", sends=(), adds=lambda s: {"destinationName": s.id}),
    steps=(Step(on=("roleArn", "targetArn"), do=_PUT_DESTINATION, at_create=False),),
    outputs={"arn": "arn"},
    echoes={"name": "destinationName", "roleArn": "roleArn", "targetArn": "targetArn"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=512, prefix_property=None),
    place=("name",),
    tags=Tags(
        style="map",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": _destination_arn(s)},
        member="tags",
        keys="tagKeys",
        list="ListTagsForResource",
        listed="tags",
    ),
)


def _read_policy(subject: Subject) -> Params | None:
    found = _read_destination(subject)
    return found if found is not None and found.get("accessPolicy") else None


_PUT_POLICY = Call(operation="PutDestinationPolicy")
DESTINATION_POLICY = ResourceType(
    type="aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy",
    service="logs",
    tier="native",
    create=_PUT_POLICY,
    id=given("destinationName"),
    read=_read_policy,
    delete=None,
    steps=(Step(on=("accessPolicy",), do=_PUT_POLICY, at_create=False),),
    local=("forceUpdate",),
    echoes={"destinationName": "destinationName", "accessPolicy": "accessPolicy"},
    known_id=given("destinationName"),
    place=("destinationName",),
    documents=("accessPolicy",),
    checks=lambda inputs: policy_failures(inputs, "accessPolicy", principals=True),
)


def _read_query(subject: Subject) -> Params | None:
    listed = pages(subject, "logs", "DescribeQueryDefinitions", "queryDefinitions")
    return next((one for one in listed if one["queryDefinitionId"] == subject.id), None)


def _find_query(subject: Subject, taken: frozenset[str]) -> str | None:
    for one in pages(subject, "logs", "DescribeQueryDefinitions", "queryDefinitions"):
        if one["name"] == subject.inputs["name"] and one["queryDefinitionId"] not in taken:
            return str(one["queryDefinitionId"])
    return None


_QUERY = ("logGroupNames", "name", "queryString")
QUERY_DEFINITION = ResourceType(
    type="aws:cloudwatch/queryDefinition:QueryDefinition",
    service="logs",
    tier="recorded",
    create=Call(operation="PutQueryDefinition"),
    id=lambda s: str(s.at("queryDefinitionId")),
    read=_read_query,
    delete=Call(operation="DeleteQueryDefinition", sends=(), adds=lambda s: {"queryDefinitionId": s.id}),
    steps=(
        Step(
            on=_QUERY,
            do=Call(operation="PutQueryDefinition", adds=lambda s: {"queryDefinitionId": s.id}),
            at_create=False,
        ),
    ),
    outputs={
        "arn": lambda s: s.cloud.arn("logs", f"query-definition:{s.id}"),
        "queryDefinitionId": "queryDefinitionId",
    },
    echoes={"name": "name", "queryString": "queryString", "logGroupNames": "logGroupNames"},
    find=_find_query,
    auto_name=AutoName(limit=255, prefix_property=None),
    place=(),
)


def _check_protection(inputs: PropertyMap) -> Iterable[CheckFailure]:
    return json_failures(inputs, "policyDocument")


_PUT_PROTECTION = Call(operation="PutDataProtectionPolicy", names={"logGroupName": "logGroupIdentifier"})
DATA_PROTECTION = ResourceType(
    type="aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy",
    service="logs",
    tier="recorded",
    create=_PUT_PROTECTION,
    id=given("logGroupName"),
    read=reading("logs", "GetDataProtectionPolicy", lambda s: {"logGroupIdentifier": s.id}),
    delete=Call(
        operation="DeleteDataProtectionPolicy", sends=(), adds=lambda s: {"logGroupIdentifier": s.id}
    ),
    steps=(Step(on=("policyDocument",), do=_PUT_PROTECTION, at_create=False),),
    echoes={"logGroupName": "logGroupIdentifier", "policyDocument": "policyDocument"},
    known_id=given("logGroupName"),
    place=("logGroupName",),
    documents=("policyDocument",),
    checks=_check_protection,
)

TYPES = (DESTINATION, DESTINATION_POLICY, QUERY_DEFINITION, DATA_PROTECTION)
