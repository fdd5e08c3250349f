"""The lives of ECS's clusters, task definitions and services."""

from __future__ import annotations

import json

from lives.ec2_instances import a_template
from lives.life import Life, Make, a_role, a_subnet
from sandbox.engine.values import PropertyMap

CONTAINERS = json.dumps([{"name": "app", "image": "nginx", "portMappings": [{"containerPort": 80}]}])
OTHER_CONTAINERS = json.dumps([{"name": "app", "image": "httpd", "portMappings": [{"containerPort": 80}]}])


def a_cluster(make: Make) -> PropertyMap:
    return make("aws:ecs/cluster:Cluster", "cluster", {"name": "held-cluster"})


def _task(make: Make) -> PropertyMap:
    return {
        "family": "app",
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": a_role(make, "ecs-tasks")["arn"],
        "containerDefinitions": CONTAINERS,
    }


def _service(make: Make) -> PropertyMap:
    return {
        "cluster": a_cluster(make)["arn"],
        "taskDefinition": make("aws:ecs/taskDefinition:TaskDefinition", "task", _task(make))["arn"],
        "launchType": "FARGATE",
        "desiredCount": 2,
        "networkConfiguration": {"subnets": [a_subnet(make)["id"]], "assignPublicIp": True},
    }


def _group(make: Make) -> PropertyMap:
    inputs = {
        "name": "held-machines",
        "minSize": 0,
        "maxSize": 0,
        "vpcZoneIdentifiers": [a_subnet(make)["id"]],
        "launchTemplate": {"id": a_template(make)["id"]},
    }
    return make("aws:autoscaling/group:Group", "machines", inputs)


LIVES = [
    Life(
        "aws:ecs/cluster:Cluster",
        lambda _: {"settings": [{"name": "containerInsights", "value": "enabled"}]},
        {"settings": [{"name": "containerInsights", "value": "disabled"}], "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        lambda make: {"clusterName": a_cluster(make)["name"], "capacityProviders": ["FARGATE"]},
        {"capacityProviders": ["FARGATE", "FARGATE_SPOT"]},
        gone_after_delete=False,
    ),
    Life(
        "aws:ecs/capacityProvider:CapacityProvider",
        lambda make: {
            "autoScalingGroupProvider": {
                "autoScalingGroupArn": _group(make)["arn"],
                "managedScaling": {"status": "ENABLED", "targetCapacity": 80},
            }
        },
        {"tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:ecs/taskDefinition:TaskDefinition",
        _task,
        {"tags": {"a": "b"}},
        {"containerDefinitions": OTHER_CONTAINERS},
        by_code=frozenset({"containerDefinitions", "proxyConfiguration"}),
    ),
    Life(
        "aws:ecs/service:Service",
        _service,
        {"desiredCount": 1, "enableExecuteCommand": True, "tags": {"a": "b"}},
        {"launchType": "EC2"},
        by_code=frozenset({"networkConfiguration"}),
    ),
]
