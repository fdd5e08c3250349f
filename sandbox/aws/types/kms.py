"""KMS: keys and their aliases."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, given, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.aws.tagging import parsed
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DEFAULT_WINDOW_DAYS = 30


def _read_key(subject: Subject) -> Params | None:
    found = _describe(subject)
    return None if found is None or found.get("KeyState") == "PendingDeletion" else found


_describe = reading("kms", "DescribeKey", identified("KeyId"), "KeyMetadata")


def _rotate(subject: Subject) -> None:
    if subject.inputs.get("enableKeyRotation"):
        period = subject.inputs.get("rotationPeriodInDays")
        params: Params = {"KeyId": subject.id}
        if period is not None:
            params["RotationPeriodInDays"] = int(period)
        subject.cloud.call("kms", "EnableKeyRotation", params)
    elif subject.before.get("enableKeyRotation"):
        subject.cloud.call("kms", "DisableKeyRotation", {"KeyId": subject.id})


def _enable(subject: Subject) -> None:
    if subject.inputs.get("isEnabled", True):
        if subject.before:
            subject.cloud.call("kms", "EnableKey", {"KeyId": subject.id})
    else:
        subject.cloud.call("kms", "DisableKey", {"KeyId": subject.id})


def _rotation_echo(subject: Subject) -> bool:
    answer = subject.cloud.call("kms", "GetKeyRotationStatus", {"KeyId": subject.id})
    return bool(answer.get("KeyRotationEnabled"))


def _schedule_deletion(subject: Subject) -> None:
    found = _describe(subject)
    if found is None or found.get("KeyState") == "PendingDeletion":
        return
    days = int(subject.inputs.get("deletionWindowInDays") or _DEFAULT_WINDOW_DAYS)
    params = {"KeyId": subject.id, "PendingWindowInDays": days}
    subject.cloud.call("kms", "ScheduleKeyDeletion", params)


def _find_key(subject: Subject, taken: frozenset[str]) -> str | None:
    """A customer key that nobody has in a state, of the same description and the same tags."""
    for key in pages(subject, "kms", "ListKeys", "Keys"):
        if key["KeyId"] in taken:
            continue
        metadata = subject.cloud.call("kms", "DescribeKey", {"KeyId": key["KeyId"]})["KeyMetadata"]
        if metadata.get("KeyManager") != "CUSTOMER" or metadata.get("KeyState") == "PendingDeletion":
            continue
        if metadata.get("Description", "") != subject.inputs.get("description", ""):
            continue
        answer = subject.cloud.call("kms", "ListResourceTags", {"KeyId": key["KeyId"]})
        if parsed(answer.get("Tags")) == (subject.inputs.get("tagsAll") or {}):
            return str(key["KeyId"])
    return None


def _check_key(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from policy_failures(inputs, "policy", principals=True)
    window = inputs.get("deletionWindowInDays")
    if isinstance(window, (int, float)) and not 7 <= window <= 30:
        yield CheckFailure("deletionWindowInDays", f"{window:g} is out of range: allowed is 7 to 30")
    if inputs.get("rotationPeriodInDays") is not None and inputs.get("enableKeyRotation") is False:
        yield CheckFailure("rotationPeriodInDays", "needs enableKeyRotation")


KEY = ResourceType(
    type="aws:kms/key:Key",
    service="kms",
    tier="native",
    create=Call(
        operation="CreateKey",
        names={"customerMasterKeySpec": "KeySpec"},
    ),
    id=answered("KeyMetadata.KeyId"),
    read=_read_key,
    delete=_schedule_deletion,
    steps=(
        Step(on=("enableKeyRotation", "rotationPeriodInDays"), do=_rotate),
        Step(on=("isEnabled",), do=_enable),
        Step(
            on=("description",),
            do=Call(
                operation="UpdateKeyDescription",
                sends=("description",),
                adds=lambda s: {"KeyId": s.id, "Description": s.inputs.get("description") or ""},
            ),
            at_create=False,
        ),
        Step(
            on=("policy",),
            do=Call(
                operation="PutKeyPolicy",
                sends=("policy", "bypassPolicyLockoutSafetyCheck"),
                adds=lambda s: {"KeyId": s.id, "PolicyName": "default"},
            ),
            at_create=False,
        ),
    ),
    local=("deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"),
    outputs={
        "arn": "Arn",
        "keyId": "KeyId",
        "policy": lambda s: s.cloud.call("kms", "GetKeyPolicy", {"KeyId": s.id, "PolicyName": "default"})[
            "Policy"
        ],
        "description": "Description",
        "keyUsage": "KeyUsage",
        "customerMasterKeySpec": "KeySpec",
        "multiRegion": "MultiRegion",
    },
    echoes={
        "description": "Description",
        "isEnabled": "Enabled",
        "enableKeyRotation": _rotation_echo,
    },
    find=_find_key,
    tags=Tags(
        style="kms",
        set="TagResource",
        unset="UntagResource",
        target=identified("KeyId"),
        list="ListResourceTags",
    ),
    documents=("policy",),
    checks=_check_key,
)


def _check_alias(inputs: PropertyMap) -> Iterable[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str) and (not name.startswith("alias/") or name.startswith("alias/aws/")):
        yield CheckFailure("name", f"{name!r} must begin with alias/, and not with alias/aws/")


def _read_alias(subject: Subject) -> Params | None:
    listed = pages(subject, "kms", "ListAliases", "Aliases")
    return next((alias for alias in listed if alias["AliasName"] == subject.id), None)


def _target(subject: Subject) -> str:
    """The id of the key: an ARN or an id may have been given, and AWS answers with the id."""
    return str(subject.inputs["targetKeyId"]).rsplit("/", 1)[-1]


def _target_echo(subject: Subject) -> str | None:
    found = subject.at("TargetKeyId")
    stored = subject.inputs.get("targetKeyId")
    return str(stored) if stored is not None and _target(subject) == found else found


ALIAS = ResourceType(
    type="aws:kms/alias:Alias",
    service="kms",
    tier="native",
    create=Call(
        operation="CreateAlias",
        names={"name": "AliasName"},
        adds=lambda s: {"TargetKeyId": _target(s)},
    ),
    id=given("name"),
    read=_read_alias,
    delete=Call(operation="DeleteAlias", sends=(), adds=identified("AliasName")),
    steps=(
        Step(
            on=("targetKeyId",),
            do=Call(
                operation="UpdateAlias",
                sends=("targetKeyId",),
                adds=lambda s: {"AliasName": s.id, "TargetKeyId": _target(s)},
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "AliasArn",
        "targetKeyArn": lambda s: s.cloud.arn("kms", f"key/{s.at('TargetKeyId')}"),
    },
    echoes={"name": "AliasName", "targetKeyId": _target_echo},
    known_id=given("name"),
    auto_name=AutoName(limit=256, starts_with="alias/"),
    checks=_check_alias,
)

TYPES = (KEY, ALIAS)
