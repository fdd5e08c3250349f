"""Batch and EventBridge: environments, queues, policies, buses and connections."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _one(cloud: Cloud, operation: str, asked: str, member: str, name: str) -> dict[str, Any]:
    found = cloud.call("batch", operation, {asked: [name]})[member]
    if not found:
        raise LookupError(f"batch {operation} knows no {name}")
    one: dict[str, Any] = found[0]
    return one


def _environment(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    many = "computeEnvironments"
    found = _one(cloud, "DescribeComputeEnvironments", many, many, arguments["name"])
    return {
        "arn": found["computeEnvironmentArn"],
        "ecsClusterArn": found.get("ecsClusterArn", ""),
        "id": found["computeEnvironmentArn"],
        "name": found["computeEnvironmentName"],
        "region": cloud.region,
        "serviceRole": found.get("serviceRole", ""),
        "state": found["state"],
        "status": found["status"],
        "statusReason": found.get("statusReason", ""),
        "tags": found.get("tags") or {},
        "type": found["type"],
        "updatePolicies": [],
    }


def _queue(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = _one(cloud, "DescribeJobQueues", "jobQueues", "jobQueues", arguments["name"])
    return {
        "arn": found["jobQueueArn"],
        "computeEnvironmentOrders": found.get("computeEnvironmentOrder") or [],
        "id": found["jobQueueArn"],
        "jobStateTimeLimitActions": found.get("jobStateTimeLimitActions") or [],
        "name": found["jobQueueName"],
        "priority": found["priority"],
        "region": cloud.region,
        "schedulingPolicyArn": found.get("schedulingPolicyArn", ""),
        "state": found["state"],
        "status": found["status"],
        "statusReason": found.get("statusReason", ""),
        "tags": found.get("tags") or {},
    }


def _policy(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = _one(cloud, "DescribeSchedulingPolicies", "arns", "schedulingPolicies", arguments["arn"])
    fair = found.get("fairsharePolicy")
    return {
        "arn": found["arn"],
        "fairSharePolicies": [
            {
                "computeReservation": fair.get("computeReservation", 0),
                "shareDecaySeconds": fair.get("shareDecaySeconds", 0),
                "shareDistributions": fair.get("shareDistribution") or [],
            }
        ]
        if fair
        else [],
        "id": found["arn"],
        "name": found["name"],
        "region": cloud.region,
        "tags": found.get("tags") or {},
    }


def _bus(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("events", "DescribeEventBus", {"Name": arguments["name"]})
    dead = found.get("DeadLetterConfig")
    return {
        "arn": found["Arn"],
        "deadLetterConfigs": [{"arn": dead["Arn"]}] if dead else [],
        "description": found.get("Description", ""),
        "id": found["Name"],
        "kmsKeyIdentifier": found.get("KmsKeyIdentifier", ""),
        "logConfigs": [],
        "name": found["Name"],
        "region": cloud.region,
    }


def _connection(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("events", "DescribeConnection", {"Name": arguments["name"]})
    return {
        "arn": found["ConnectionArn"],
        "authorizationType": found["AuthorizationType"],
        "id": found["Name"],
        "kmsKeyIdentifier": found.get("KmsKeyIdentifier", ""),
        "name": found["Name"],
        "region": cloud.region,
        "secretArn": found.get("SecretArn", ""),
    }


FUNCTIONS: Final[Functions] = {
    "aws:batch/getComputeEnvironment:getComputeEnvironment": _environment,
    "aws:batch/getJobQueue:getJobQueue": _queue,
    "aws:batch/getSchedulingPolicy:getSchedulingPolicy": _policy,
    "aws:cloudwatch/getEventBus:getEventBus": _bus,
    "aws:cloudwatch/getEventConnection:getEventConnection": _connection,
}
