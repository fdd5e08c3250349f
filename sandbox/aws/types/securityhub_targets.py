"""Security Hub: custom actions, and products whose findings come in."""

from __future__ import annotations

from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject


def _target_arn(subject: Subject) -> str:
    return subject.cloud.arn("securityhub", f"action/custom/{subject.inputs['identifier']}")


_KEY = "ActionTargetArn"
_CHANGES = ("description", "name")
ACTION_TARGET = ResourceType(
    type="aws:securityhub/actionTarget:ActionTarget",
    service="securityhub",
    tier="recorded",
    create=Call(operation="CreateActionTarget", names={"identifier": "Id"}),
    id=answered(_KEY),
    read=reading(
        "securityhub",
        "DescribeActionTargets",
        lambda s: {"ActionTargetArns": [s.id]},
        "ActionTargets.0",
        gone=("InvalidAccessException",),
    ),
    delete=Call(operation="DeleteActionTarget", sends=(), adds=lambda s: {_KEY: s.id}),
    steps=(
        Step(
            on=_CHANGES,
            do=Call(operation="UpdateActionTarget", sends=_CHANGES, adds=lambda s: {_KEY: s.id}),
            at_create=False,
        ),
    ),
    outputs={"arn": _KEY},
    echoes={
        "name": "Name",
        "description": "Description",
        "identifier": lambda s: s.id.rpartition("/")[2],
    },
    known_id=_target_arn,
    auto_name=AutoName(limit=20, prefix_property=None),
    place=("identifier",),
)


def _subscriptions(subject: Subject) -> list[str]:
    return pages(subject, "securityhub", "ListEnabledProductsForImport", "ProductSubscriptions")


def _read_subscription(subject: Subject) -> Params | None:
    product, _, arn = subject.id.partition(",")
    return {"Arn": arn, "ProductArn": product} if arn in _subscriptions(subject) else None


def _find_subscription(subject: Subject, taken: frozenset[str]) -> str | None:
    product = str(subject.inputs["productArn"])
    for arn in _subscriptions(subject):
        id = f"{product},{arn}"
        if arn.partition("product-subscription/")[2] == product.partition("product/")[2] and id not in taken:
            return id
    return None


PRODUCT_SUBSCRIPTION = ResourceType(
    type="aws:securityhub/productSubscription:ProductSubscription",
    service="securityhub",
    tier="recorded",
    create=Call(operation="EnableImportFindingsForProduct"),
    id=lambda s: f"{s.inputs['productArn']},{s.at('ProductSubscriptionArn')}",
    read=_read_subscription,
    delete=Call(
        operation="DisableImportFindingsForProduct",
        sends=(),
        adds=lambda s: {"ProductSubscriptionArn": s.id.partition(",")[2]},
    ),
    outputs={"arn": "Arn"},
    echoes={"productArn": "ProductArn"},
    find=_find_subscription,
    place=("productArn",),
)

TYPES = (ACTION_TARGET, PRODUCT_SUBSCRIPTION)
