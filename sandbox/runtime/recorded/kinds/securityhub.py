"""Security Hub: the account's hub, and its subscriptions to standards."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.runtime.recorded.kind import Listing, Owner, RecordedKind

HUB = RecordedKind(
    service="securityhub",
    name="hub",
    create="EnableSecurityHub",
    arn="arn:{partition}:securityhub:{region}:{account}:hub/default",
    arn_member="HubArn",
    made={"SubscribedAt": lambda _: datetime.now(UTC).isoformat(timespec="milliseconds")},
    defaults={"AutoEnableControls": True, "ControlFindingGenerator": "SECURITY_CONTROL"},
    describe="DescribeHub",
    update="UpdateSecurityHubConfiguration",
    delete="DisableSecurityHub",
    exists="ResourceConflictException",
    missing="InvalidAccessException",
)

SUBSCRIPTION = RecordedKind(
    service="securityhub",
    name="standards subscription",
    create="BatchEnableStandards",
    body="StandardsSubscriptionRequests",
    key=("StandardsSubscriptionArn",),
    made={
        "$path": lambda document: (
            document["StandardsArn"].partition("standards/")[2]
            or document["StandardsArn"].partition("ruleset/")[2]
        ),
        "StandardsSubscriptionArn": "arn:{partition}:securityhub:{region}:{account}:subscription/{$path}",
        "StandardsInput": lambda document: document.get("StandardsInput") or {},
        "StandardsStatus": "READY",
    },
    described="StandardsSubscriptions",
    delete="BatchDisableStandards",
    asks={"StandardsSubscriptionArns": "StandardsSubscriptionArn"},
    listings=(
        Listing(
            operation="GetEnabledStandards",
            member="StandardsSubscriptions",
            chosen="StandardsSubscriptionArns",
        ),
    ),
)

_HUB = Owner(name="hub", key={}, missing="InvalidAccessException", missing_status=401)

ACTION_TARGET = RecordedKind(
    service="securityhub",
    name="action target",
    create="CreateActionTarget",
    key=("Id",),
    arn="arn:{partition}:securityhub:{region}:{account}:action/custom/{Id}",
    arn_member="ActionTargetArn",
    update="UpdateActionTarget",
    delete="DeleteActionTarget",
    listings=(Listing(operation="DescribeActionTargets", member="ActionTargets", chosen="ActionTargetArns"),),
    asks={"ActionTargetArn": "arn"},
    exists="ResourceConflictException",
    within=_HUB,
)

PRODUCT_SUBSCRIPTION = RecordedKind(
    service="securityhub",
    name="product subscription",
    create="EnableImportFindingsForProduct",
    key=("ProductSubscriptionArn",),
    made={
        "$path": lambda document: document["ProductArn"].partition("product/")[2],
        "ProductSubscriptionArn": "arn:{partition}:securityhub:{region}:{account}:"
        "product-subscription/{$path}",
    },
    delete="DisableImportFindingsForProduct",
    listings=(
        Listing(operation="ListEnabledProductsForImport", member="ProductSubscriptions", as_names=True),
    ),
    exists="ResourceConflictException",
    within=_HUB,
)

KINDS = (HUB, SUBSCRIPTION, ACTION_TARGET, PRODUCT_SUBSCRIPTION)
