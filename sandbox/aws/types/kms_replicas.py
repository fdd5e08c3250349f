"""KMS: replicas of multi-region keys."""

from __future__ import annotations

from dataclasses import replace

from sandbox.aws.documents import policy_failures
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject, Tags
from sandbox.aws.types.kms import KEY


def _replicate(subject: Subject) -> Params:
    """ReplicateKey is asked of the primary key's region."""
    primary = str(subject.inputs["primaryKeyArn"])
    params: Params = {"KeyId": primary.rpartition("/")[2], "ReplicaRegion": subject.cloud.region}
    for name, member in (("description", "Description"), ("policy", "Policy")):
        if subject.inputs.get(name) is not None:
            params[member] = subject.inputs[name]
    answer = subject.cloud.in_region(primary.split(":")[3]).call("kms", "ReplicateKey", params)
    return dict(answer["ReplicaKeyMetadata"])


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    """A replica has its primary's id."""
    wanted = str(subject.inputs["primaryKeyArn"]).rpartition("/")[2]
    if wanted in taken or KEY.read(Subject(subject.cloud, {}, wanted)) is None:
        return None
    return wanted


def _enable(subject: Subject) -> None:
    on = subject.inputs.get("enabled", True)
    if on and not subject.before:
        return
    subject.cloud.call("kms", "EnableKey" if on else "DisableKey", {"KeyId": subject.id})


_CHECKED = Call(
    operation="ReplicateKey",
    sends=("description", "policy", "bypassPolicyLockoutSafetyCheck", "primaryKeyArn"),
    names={"primaryKeyArn": "KeyId"},
)

REPLICA_KEY = ResourceType(
    type="aws:kms/replicaKey:ReplicaKey",
    service="kms",
    tier="overlay",
    create=_replicate,
    id=lambda s: str(s.at("KeyId")),
    read=KEY.read,
    delete=KEY.delete,
    steps=(
        Step(on=("enabled",), do=_enable),
        # The emulator copies the primary's; AWS takes them with the request.
        *(replace(step, at_create=True) for step in KEY.steps if step.on in (("description",), ("policy",))),
    ),
    local=("deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"),
    checked=(_CHECKED,),
    outputs={
        "arn": "Arn",
        "keyId": "KeyId",
        "keySpec": "KeySpec",
        "keyUsage": "KeyUsage",
        "keyRotationEnabled": lambda _: False,
        "policy": KEY.outputs["policy"],
    },
    echoes={"description": "Description", "enabled": "Enabled"},
    find=_find,
    place=("primaryKeyArn",),
    defaults={"enabled": True},
    tags=Tags(
        style="kms",
        at_create=None,
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"KeyId": s.id},
        list="ListResourceTags",
    ),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)


TYPES = (REPLICA_KEY,)
