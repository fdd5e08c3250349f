"""The lives of the types of `batch` and `codebuild`."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_role
from sandbox.engine.values import PropertyMap


def _compute(_: Make) -> PropertyMap:
    return {
        "type": "MANAGED",
        "computeResources": {
            "type": "FARGATE",
            "maxVcpus": 16,
            "subnets": ["subnet-1"],
            "securityGroupIds": ["sg-1"],
        },
    }


def _queue(make: Make) -> PropertyMap:
    compute = make("aws:batch/computeEnvironment:ComputeEnvironment", "fargate", _compute(make))
    return {
        "priority": 1,
        "state": "ENABLED",
        "computeEnvironmentOrders": [{"order": 1, "computeEnvironment": compute["arn"]}],
    }


def _container(memory: str) -> str:
    return json.dumps(
        {
            "image": "public.ecr.aws/docker/library/busybox:1",
            "command": ["true"],
            "resourceRequirements": [
                {"type": "VCPU", "value": "0.25"},
                {"type": "MEMORY", "value": memory},
            ],
        }
    )


def _fair(weight: float) -> PropertyMap:
    return {"fairSharePolicy": {"shareDistributions": [{"shareIdentifier": "a", "weightFactor": weight}]}}


def _project(make: Make) -> PropertyMap:
    return {
        "serviceRole": a_role(make, "codebuild")["arn"],
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
            "type": "LINUX_CONTAINER",
            "privilegedMode": True,
            "environmentVariables": [{"name": "STAGE", "value": "dev"}],
        },
        "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        "logsConfig": {"cloudwatchLogs": {"groupName": "/aws/codebuild/images"}},
    }


LIVES = [
    Life(
        "aws:batch/computeEnvironment:ComputeEnvironment",
        _compute,
        {"state": "DISABLED", "tags": {"a": "b"}},
        {"type": "UNMANAGED", "computeResources": None},
    ),
    Life("aws:batch/jobQueue:JobQueue", _queue, {"priority": 2, "tags": {"a": "b"}}, {"name": "other"}),
    Life(
        "aws:batch/jobDefinition:JobDefinition",
        lambda _: {
            "type": "container",
            "platformCapabilities": ["FARGATE"],
            "containerProperties": _container("512"),
        },
        {"containerProperties": _container("1024")},
        {"name": "other"},
    ),
    Life(
        "aws:batch/schedulingPolicy:SchedulingPolicy",
        lambda _: _fair(0.5),
        {**_fair(0.25), "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:codebuild/project:Project",
        _project,
        {"buildTimeout": 30, "description": "of images", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:codebuild/reportGroup:ReportGroup",
        lambda _: {"type": "TEST", "exportConfig": {"type": "NO_EXPORT"}},
        {"deleteReports": True, "tags": {"a": "b"}},
        {"type": "CODE_COVERAGE"},
    ),
    Life(
        "aws:codebuild/sourceCredential:SourceCredential",
        lambda _: {"authType": "PERSONAL_ACCESS_TOKEN", "serverType": "GITHUB", "token": "secret"},
        None,
        {"token": "other"},
    ),
]
