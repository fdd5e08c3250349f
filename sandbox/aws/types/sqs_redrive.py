"""SQS: where a queue's messages end, as resources of their own."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_attributes = reading(
    "sqs", "GetQueueAttributes", lambda s: {"QueueUrl": s.id, "AttributeNames": ["All"]}, "Attributes"
)


def _attribute(name: str, member: str) -> ResourceType:
    """One attribute of a queue: set by the resource, emptied with it."""

    def put(subject: Subject) -> Params:
        return {"Attributes": {member: subject.inputs[name]}}

    def read(subject: Subject) -> Params | None:
        found = _attributes(subject)
        return found if found and found.get(member) else None

    def check(inputs: PropertyMap) -> Iterable[CheckFailure]:
        yield from json_failures(inputs, name)

    setting = Call(operation="SetQueueAttributes", sends=("queueUrl",), adds=put)
    return ResourceType(
        type=f"aws:sqs/{name}:{member}",
        service="sqs",
        tier="native",
        create=setting,
        id=lambda s: str(s.inputs["queueUrl"]),
        read=read,
        delete=Call(
            operation="SetQueueAttributes",
            sends=(),
            adds=lambda s: {"QueueUrl": s.id, "Attributes": {member: ""}},
        ),
        steps=(Step(on=(name,), do=setting, at_create=False),),
        echoes={"queueUrl": lambda s: s.id, name: member},
        known_id=lambda s: str(s.inputs["queueUrl"]),
        place=("queueUrl",),
        documents=(name,),
        checks=check,
    )


TYPES = (_attribute("redrivePolicy", "RedrivePolicy"),)
