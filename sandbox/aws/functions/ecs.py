"""ECS and Elastic Load Balancing: what runs already, by name."""

from __future__ import annotations

from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _cluster(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    asked = {"clusters": [arguments["clusterName"]], "include": ["SETTINGS", "TAGS"]}
    found = [
        cluster
        for cluster in cloud.call("ecs", "DescribeClusters", asked)["clusters"]
        if cluster["status"] == "ACTIVE"
    ]
    if not found:
        raise LookupError(f"there is no ECS cluster {arguments['clusterName']} in {cloud.region}")
    cluster = found[0]
    return {
        "arn": cluster["clusterArn"],
        "clusterName": cluster["clusterName"],
        "id": cluster["clusterArn"],
        "pendingTasksCount": cluster.get("pendingTasksCount", 0),
        "region": cloud.region,
        "registeredContainerInstancesCount": cluster.get("registeredContainerInstancesCount", 0),
        "runningTasksCount": cluster.get("runningTasksCount", 0),
        "serviceConnectDefaults": [],
        "settings": [dict(item) for item in cluster.get("settings") or ()],
        "status": cluster["status"],
        "tags": {tag["key"]: tag["value"] for tag in cluster.get("tags") or ()},
    }


FUNCTIONS: Final[Functions] = {"aws:ecs/getCluster:getCluster": _cluster}
