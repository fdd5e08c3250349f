"""Security Hub: the account, and its subscriptions to standards."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import Call, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SETTINGS = ("autoEnableControls", "controlFindingGenerator")


HUB = ResourceType(
    type="aws:securityhub/account:Account",
    service="securityhub",
    tier="recorded",
    create=Call(operation="EnableSecurityHub", omits=("autoEnableControls",)),
    id=lambda s: s.cloud.account_id,
    read=reading("securityhub", "DescribeHub", lambda _: {}, gone=("InvalidAccessException",)),
    delete=Call(operation="DisableSecurityHub", sends=()),
    steps=(
        Step(
            on=_SETTINGS,
            do=Call(operation="UpdateSecurityHubConfiguration", sends=_SETTINGS),
        ),
    ),
    outputs={"arn": "HubArn", "controlFindingGenerator": "ControlFindingGenerator"},
    echoes={"autoEnableControls": "AutoEnableControls", "controlFindingGenerator": "ControlFindingGenerator"},
    known_id=lambda s: s.cloud.account_id,
    exclusive=True,
    defaults={"autoEnableControls": True, "enableDefaultStandards": True},
)


def _check_standard(inputs: PropertyMap) -> Iterable[CheckFailure]:
    arn = inputs.get("standardsArn")
    if isinstance(arn, str) and not (arn.startswith("arn:") and ("standards/" in arn or "ruleset/" in arn)):
        example = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0"
        yield CheckFailure("standardsArn", f"{arn!r} is no standard's ARN, such as {example}")


def _find_standard(subject: Subject, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "securityhub", "GetEnabledStandards", "StandardsSubscriptions"):
        arn = str(found["StandardsSubscriptionArn"])
        if found["StandardsArn"] == subject.inputs["standardsArn"] and arn not in taken:
            return arn
    return None


STANDARD = ResourceType(
    type="aws:securityhub/standardsSubscription:StandardsSubscription",
    service="securityhub",
    tier="recorded",
    create=Call(
        operation="BatchEnableStandards", names={"standardsArn": "StandardsSubscriptionRequests.StandardsArn"}
    ),
    id=answered("StandardsSubscriptions.0.StandardsSubscriptionArn"),
    read=reading(
        "securityhub",
        "GetEnabledStandards",
        lambda s: {"StandardsSubscriptionArns": [s.id]},
        "StandardsSubscriptions.0",
    ),
    delete=Call(
        operation="BatchDisableStandards",
        sends=(),
        adds=lambda s: {"StandardsSubscriptionArns": [s.id]},
    ),
    outputs={"arn": "StandardsSubscriptionArn"},
    echoes={"standardsArn": "StandardsArn"},
    find=_find_standard,
    place=("standardsArn",),
    checks=_check_standard,
)

TYPES = (HUB, STANDARD)
