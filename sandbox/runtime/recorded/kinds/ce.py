"""Cost Explorer: anomaly monitors, their subscriptions, and cost allocation tags."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

MONITOR = RecordedKind(
    service="ce",
    name="anomaly monitor",
    create="CreateAnomalyMonitor",
    body="AnomalyMonitor",
    key=("MonitorArn",),
    arn="arn:{partition}:ce::{account}:anomalymonitor/{id}",
    arn_member="MonitorArn",
    update="UpdateAnomalyMonitor",
    delete="DeleteAnomalyMonitor",
    listings=(Listing(operation="GetAnomalyMonitors", member="AnomalyMonitors", chosen="MonitorArnList"),),
    tags_in="ResourceTags",
    missing="UnknownMonitorException",
)

SUBSCRIPTION = RecordedKind(
    service="ce",
    name="anomaly subscription",
    create="CreateAnomalySubscription",
    body="AnomalySubscription",
    key=("SubscriptionArn",),
    arn="arn:{partition}:ce::{account}:anomalysubscription/{id}",
    arn_member="SubscriptionArn",
    made={"AccountId": "{account}"},
    update="UpdateAnomalySubscription",
    delete="DeleteAnomalySubscription",
    listings=(
        Listing(
            operation="GetAnomalySubscriptions", member="AnomalySubscriptions", chosen="SubscriptionArnList"
        ),
    ),
    tags_in="ResourceTags",
    missing="UnknownSubscriptionException",
)

ALLOCATION_TAG = RecordedKind(
    service="ce",
    name="cost allocation tag",
    create="UpdateCostAllocationTagsStatus",
    update="UpdateCostAllocationTagsStatus",
    body="CostAllocationTagsStatus",
    key=("TagKey",),
    made={"Type": "UserDefined"},
    listings=(
        Listing(
            operation="ListCostAllocationTags",
            member="CostAllocationTags",
            chosen="TagKeys",
            where=("Status", "Type"),
        ),
    ),
    counts=lambda document: document["Status"] == "Active",
)

KINDS = (MONITOR, SUBSCRIPTION, ALLOCATION_TAG)

TAGGING = (TagOperations(service="ce", tags="ResourceTags", keys="ResourceTagKeys"),)
