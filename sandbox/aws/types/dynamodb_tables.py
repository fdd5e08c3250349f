"""DynamoDB: policies and streaming destinations of tables."""

from __future__ import annotations

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import given, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject

_SERVICE = "dynamodb"
_PUT_POLICY = Call(operation="PutResourcePolicy", names={"confirmRemoveSelfResourceAccess": ""})

RESOURCE_POLICY = ResourceType(
    type="aws:dynamodb/resourcePolicy:ResourcePolicy",
    service=_SERVICE,
    tier="native",
    create=_PUT_POLICY,
    id=given("resourceArn"),
    read=reading(_SERVICE, "GetResourcePolicy", lambda s: {"ResourceArn": s.id}),
    delete=Call(operation="DeleteResourcePolicy", sends=(), adds=lambda s: {"ResourceArn": s.id}),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    local=("confirmRemoveSelfResourceAccess",),
    outputs={"revisionId": "RevisionId"},
    echoes={"resourceArn": lambda s: s.id, "policy": "Policy"},
    known_id=given("resourceArn"),
    place=("resourceArn",),
    documents=("policy",),
    volatile=("revisionId",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)


def _destination_id(subject: Subject) -> str:
    return f"{subject.inputs['tableName']},{subject.inputs['streamArn']}"


def _destination_key(subject: Subject) -> Params:
    table, _, stream = subject.id.partition(",")
    return {"TableName": table, "StreamArn": stream}


def _read_destination(subject: Subject) -> Params | None:
    key = _destination_key(subject)
    answer = reading(
        _SERVICE, "DescribeKinesisStreamingDestination", lambda _: {"TableName": key["TableName"]}
    )(subject)
    found = (answer or {}).get("KinesisDataStreamDestinations", ())
    return next((item for item in found if item["StreamArn"] == key["StreamArn"]), None)


STREAMING_DESTINATION = ResourceType(
    type="aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
    service=_SERVICE,
    tier="recorded",
    create=Call(
        operation="EnableKinesisStreamingDestination",
        names={
            "approximateCreationDateTimePrecision": (
                "EnableKinesisStreamingConfiguration.ApproximateCreationDateTimePrecision"
            )
        },
    ),
    id=_destination_id,
    read=_read_destination,
    delete=Call(operation="DisableKinesisStreamingDestination", sends=(), adds=_destination_key),
    outputs={"approximateCreationDateTimePrecision": "ApproximateCreationDateTimePrecision"},
    echoes={
        "tableName": lambda s: s.id.partition(",")[0],
        "streamArn": "StreamArn",
    },
    known_id=_destination_id,
    exclusive=True,
    place=("tableName", "streamArn"),
)

TYPES = (RESOURCE_POLICY, STREAMING_DESTINATION)
