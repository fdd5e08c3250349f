"""Security Hub: the account's hub, and its subscriptions to standards."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.runtime.recorded.kind import Listing, RecordedKind

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

KINDS = (HUB, SUBSCRIPTION)
