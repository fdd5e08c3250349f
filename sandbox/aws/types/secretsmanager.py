"""Secrets Manager: secrets and their values."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DEFAULT_WINDOW_DAYS = 30


def _read_secret(subject: Subject) -> Params | None:
    found = _describe(subject)
    return None if found is None or found.get("DeletedDate") else found


_describe = reading("secretsmanager", "DescribeSecret", lambda s: {"SecretId": s.id})


def _delete_secret(subject: Subject) -> None:
    if _read_secret(subject) is None:
        return
    days = subject.inputs.get("recoveryWindowInDays")
    days = _DEFAULT_WINDOW_DAYS if days is None else int(days)
    how: Params = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    subject.cloud.call("secretsmanager", "DeleteSecret", {"SecretId": subject.id, **how})


def _find_secret(subject: Subject, taken: frozenset[str]) -> str | None:
    found = reading("secretsmanager", "DescribeSecret", lambda s: {"SecretId": s.inputs["name"]})(subject)
    if found is None or found.get("DeletedDate") or found["ARN"] in taken:
        return None
    return str(found["ARN"])


def _check_secret(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from policy_failures(inputs, "policy", principals=True)
    days = inputs.get("recoveryWindowInDays")
    if isinstance(days, (int, float)) and days != 0 and not 7 <= days <= 30:
        yield CheckFailure("recoveryWindowInDays", f"{days:g} is out of range: allowed is 0, or 7 to 30")


SECRET = ResourceType(
    type="aws:secretsmanager/secret:Secret",
    service="secretsmanager",
    tier="native",
    create=Call(operation="CreateSecret", sends=("name", "description", "kmsKeyId", "type")),
    id=answered("ARN"),
    read=_read_secret,
    delete=_delete_secret,
    steps=(
        Step(
            on=("description", "kmsKeyId"),
            do=Call(
                operation="UpdateSecret",
                sends=("description", "kmsKeyId"),
                adds=lambda s: {"SecretId": s.id},
            ),
            at_create=False,
        ),
        Step(
            on=("policy",),
            do=Call(
                operation="PutResourcePolicy",
                sends=("policy",),
                names={"policy": "ResourcePolicy"},
                adds=lambda s: {"SecretId": s.id},
            ),
            undo=Call(operation="DeleteResourcePolicy", sends=(), adds=lambda s: {"SecretId": s.id}),
        ),
    ),
    local=("recoveryWindowInDays", "forceOverwriteReplicaSecret"),
    outputs={"arn": "ARN", "name": "Name"},
    echoes={"name": "Name", "description": "Description", "kmsKeyId": "KmsKeyId"},
    find=_find_secret,
    auto_name=AutoName(limit=512),
    tags=Tags(set="TagResource", unset="UntagResource", target=lambda s: {"SecretId": s.id}),
    documents=("policy",),
    unsupported=("replicas",),
    checks=_check_secret,
)


def _content(inputs: PropertyMap) -> Params:
    if inputs.get("secretBinary") is not None:
        return {"SecretBinary": base64.b64decode(inputs["secretBinary"])}
    return {"SecretString": str(inputs.get("secretString") or inputs.get("secretStringWo") or "")}


def _token(inputs: PropertyMap) -> str:
    """The same for the same content, so that a repeated put makes no second version."""
    content = _content(inputs)
    text = content.get("SecretString", "").encode() or content.get("SecretBinary", b"")
    digest = hashlib.sha256(str(inputs["secretId"]).encode() + b"\0" + text).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _version_id(subject: Subject) -> str:
    return f"{subject.inputs['secretId']}|{subject.at('VersionId')}"


def _read_version(subject: Subject) -> Params | None:
    secret, _, version = subject.id.partition("|")
    return reading("secretsmanager", "GetSecretValue", lambda _: {"SecretId": secret, "VersionId": version})(
        subject
    )


def _find_version(subject: Subject, taken: frozenset[str]) -> str | None:
    id = f"{subject.inputs['secretId']}|{_token(subject.inputs)}"
    found = _read_version(Subject(cloud=subject.cloud, inputs=subject.inputs, id=id))
    return None if found is None or id in taken else id


def _stage(subject: Subject) -> None:
    secret, _, version = subject.id.partition("|")
    wanted = set(subject.inputs.get("versionStages") or ("AWSCURRENT",))
    held = set(subject.before.get("versionStages") or ("AWSCURRENT",))
    for stage in sorted(wanted - held):
        params: Params = {"SecretId": secret, "VersionStage": stage, "MoveToVersionId": version}
        described = subject.cloud.call("secretsmanager", "DescribeSecret", {"SecretId": secret})
        for other, stages in described.get("VersionIdsToStages", {}).items():
            if stage in stages and other != version:
                params["RemoveFromVersionId"] = other
        subject.cloud.call("secretsmanager", "UpdateSecretVersionStage", params)
    for stage in sorted(held - wanted - {"AWSCURRENT"}):
        params = {"SecretId": secret, "VersionStage": stage, "RemoveFromVersionId": version}
        subject.cloud.call("secretsmanager", "UpdateSecretVersionStage", params)


def _unstage(subject: Subject) -> None:
    """A version goes when nothing stages it; AWSCURRENT cannot be taken away, only moved on."""
    secret, _, version = subject.id.partition("|")
    described = _describe(Subject(cloud=subject.cloud, inputs={}, id=secret))
    for stage in ((described or {}).get("VersionIdsToStages") or {}).get(version, ()):
        if stage != "AWSCURRENT":
            params = {"SecretId": secret, "VersionStage": stage, "RemoveFromVersionId": version}
            subject.cloud.call("secretsmanager", "UpdateSecretVersionStage", params)


def _check_version(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kinds = ("secretString", "secretBinary", "secretStringWo")
    if sum(inputs.get(name) is not None for name in kinds) != 1:
        yield CheckFailure("secretString", f"exactly one of {', '.join(kinds)} is needed")


SECRET_VERSION = ResourceType(
    type="aws:secretsmanager/secretVersion:SecretVersion",
    service="secretsmanager",
    tier="native",
    create=Call(
        operation="PutSecretValue",
        sends=("secretId", "versionStages"),
        adds=lambda s: {**_content(s.inputs), "ClientRequestToken": _token(s.inputs)},
    ),
    id=_version_id,
    read=_read_version,
    delete=_unstage,
    steps=(Step(on=("versionStages",), do=_stage, at_create=False),),
    outputs={
        "arn": "ARN",
        "secretArn": "ARN",
        "versionId": "VersionId",
        "versionStages": "VersionStages",
        "hasSecretStringWo": lambda s: s.inputs.get("secretStringWo") is not None,
    },
    echoes={
        "secretId": lambda s: s.inputs.get("secretId") or s.id.split("|")[0],
        "secretString": "SecretString",
    },
    find=_find_version,
    unordered=("versionStages",),
    secrets=("secretString", "secretBinary", "secretStringWo"),
    checks=_check_version,
)

TYPES = (SECRET, SECRET_VERSION)
