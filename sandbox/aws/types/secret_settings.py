"""Secrets Manager: a secret's rotation and its policy."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import given, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _secret(subject: Subject) -> Params:
    return {"SecretId": subject.id or subject.inputs.get("secretId")}


def _rotating(subject: Subject) -> Params | None:
    found = reading("secretsmanager", "DescribeSecret", _secret)(subject)
    return found if found is not None and found.get("RotationEnabled") else None


def _check_rotation(inputs: PropertyMap) -> Iterable[CheckFailure]:
    rules = inputs.get("rotationRules")
    if not isinstance(rules, dict):
        return
    days, schedule = rules.get("automaticallyAfterDays"), rules.get("scheduleExpression")
    if (days is None) == (schedule is None):
        yield CheckFailure(
            "rotationRules", "exactly one of automaticallyAfterDays and scheduleExpression is needed"
        )


_ROTATE = Call(
    operation="RotateSecret",
    sends=("secretId", "rotateImmediately", "rotationLambdaArn", "rotationRules"),
    names={"rotationLambdaArn": "RotationLambdaARN"},
)

ROTATION = ResourceType(
    type="aws:secretsmanager/secretRotation:SecretRotation",
    service="secretsmanager",
    tier="native",
    create=_ROTATE,
    id=given("secretId"),
    read=_rotating,
    delete=Call(operation="CancelRotateSecret", sends=(), adds=_secret),
    steps=(
        Step(on=("rotateImmediately", "rotationLambdaArn", "rotationRules"), do=_ROTATE, at_create=False),
    ),
    local=("rotationEnabled",),
    unsupported=("externalSecretRotationMetadatas", "externalSecretRotationRoleArn"),
    outputs={"rotationEnabled": lambda s: bool(s.at("RotationEnabled"))},
    echoes={"secretId": lambda s: s.id, "rotationLambdaArn": "RotationLambdaARN"},
    known_id=given("secretId"),
    place=("secretId",),
    checks=_check_rotation,
)

_PUT_POLICY = Call(
    operation="PutResourcePolicy",
    names={"policy": "ResourcePolicy", "secretArn": "SecretId"},
)


def _read_policy(subject: Subject) -> Params | None:
    found = reading("secretsmanager", "GetResourcePolicy", lambda s: {"SecretId": s.id})(subject)
    return found if found is not None and found.get("ResourcePolicy") else None


POLICY = ResourceType(
    type="aws:secretsmanager/secretPolicy:SecretPolicy",
    service="secretsmanager",
    tier="native",
    create=_PUT_POLICY,
    id=given("secretArn"),
    read=_read_policy,
    delete=Call(operation="DeleteResourcePolicy", sends=(), adds=lambda s: {"SecretId": s.id}),
    steps=(Step(on=("policy", "blockPublicPolicy"), do=_PUT_POLICY, at_create=False),),
    echoes={"secretArn": lambda s: s.id, "policy": "ResourcePolicy"},
    known_id=given("secretArn"),
    place=("secretArn",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

TYPES = (ROTATION, POLICY)
