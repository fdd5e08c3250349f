"""KMS, who may use a key: grants, and a policy that stands apart from its key."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import echoed, given, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_GRANT = "aws:kms/grant:Grant"
_NAMES = {
    "grantCreationTokens": "GrantTokens",
    "constraints.encryptionContextEquals": "EncryptionContextEquals",
    "constraints.encryptionContextSubset": "EncryptionContextSubset",
}


def _key(subject: Subject) -> Params:
    key, _, grant = subject.id.rpartition(":")
    return {"KeyId": key, "GrantId": grant}


def _token(subject: Subject) -> str:
    """AWS tells the token at the create alone, and KMS in the emulator asks for none: so it follows from
    the grant's id, and is the same in each run."""
    return base64.b64encode(f"grant {_key(subject)['GrantId']}".encode()).decode()


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    inputs = subject.inputs
    grants = subject.cloud.call("kms", "ListGrants", {"KeyId": inputs["keyId"]})["Grants"]
    for grant in grants:
        id = f"{inputs['keyId']}:{grant['GrantId']}"
        same = (
            grant.get("GranteePrincipal") == inputs["granteePrincipal"]
            and set(grant["Operations"]) == set(inputs["operations"])
            and (grant.get("Name") or None) == inputs.get("name")
        )
        if same and id not in taken:
            return id
    return None


def _delete(subject: Subject) -> None:
    operation = "RetireGrant" if subject.inputs.get("retireOnDelete") else "RevokeGrant"
    subject.cloud.call("kms", operation, _key(subject))


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    constraints = inputs.get("constraints")
    for index, one in enumerate(constraints if isinstance(constraints, list) else ()):
        both = ("encryptionContextEquals", "encryptionContextSubset")
        if isinstance(one, dict) and all(one.get(name) for name in both):
            yield CheckFailure(f"constraints[{index}]", f"holds one of {' and '.join(both)}")


GRANT = ResourceType(
    type=_GRANT,
    service="kms",
    tier="native",
    create=Call(operation="CreateGrant", names=_NAMES),
    id=lambda s: f"{s.inputs['keyId']}:{s.at('GrantId')}",
    read=reading("kms", "ListGrants", _key, "Grants.0"),
    delete=_delete,
    local=("retireOnDelete",),
    outputs={"grantId": "GrantId", "grantToken": _token},
    echoes={
        "granteePrincipal": "GranteePrincipal",
        "operations": "Operations",
        "name": "Name",
        "constraints": echoed(_GRANT, "constraints", "Constraints", _NAMES),
    },
    find=_find,
    unordered=("operations",),
    checks=_check,
)

_PUT_POLICY = Call(operation="PutKeyPolicy", adds=lambda _: {"PolicyName": "default"})


def _default_policy(subject: Subject) -> Params:
    """What AWS gives a key whose policy nobody wrote (KMS Developer Guide, "Default key policy")."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{subject.cloud.partition}:iam::{subject.cloud.account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    return {"KeyId": subject.id, "PolicyName": "default", "Policy": json.dumps(document)}


def _read_policy(subject: Subject) -> Params | None:
    key = reading("kms", "DescribeKey", lambda s: {"KeyId": s.id}, "KeyMetadata")(subject)
    if key is None or key.get("KeyState") == "PendingDeletion":
        return None
    params = {"KeyId": subject.id, "PolicyName": "default"}
    return {**subject.cloud.call("kms", "GetKeyPolicy", params), "KeyId": subject.id}


KEY_POLICY = ResourceType(
    type="aws:kms/keyPolicy:KeyPolicy",
    service="kms",
    tier="native",
    create=_PUT_POLICY,
    id=given("keyId"),
    read=_read_policy,
    delete=Call(operation="PutKeyPolicy", sends=(), adds=_default_policy),
    steps=(Step(on=("policy", "bypassPolicyLockoutSafetyCheck"), do=_PUT_POLICY, at_create=False),),
    echoes={"keyId": "KeyId", "policy": "Policy"},
    known_id=given("keyId"),
    place=("keyId",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

TYPES = (GRANT, KEY_POLICY)
