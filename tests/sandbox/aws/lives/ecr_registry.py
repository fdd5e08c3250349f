"""The lives of ECR's policies and of the registry's settings."""

from __future__ import annotations

import json
from typing import Any

from lives.life import Life, Make, policy


def a_repository(make: Make) -> str:
    return str(make("aws:ecr/repository:Repository", "images", {})["name"])


def _keep(count: int) -> str:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def _pull(action: str, **more: Any) -> str:
    principal = {"AWS": "arn:aws:iam::111111111111:root"}
    return policy({"Sid": "pull", "Principal": principal, "Action": action, **more})


_REGISTRY: dict[str, Any] = {"Resource": "arn:aws:ecr:eu-west-1:123456789012:repository/*"}


def _rule(frequency: str) -> dict[str, Any]:
    return {
        "scanFrequency": frequency,
        "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
    }


def _replicated(region: str) -> dict[str, Any]:
    return {"rules": [{"destinations": [{"region": region, "registryId": "123456789012"}]}]}


LIVES = [
    Life(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda make: {"repository": a_repository(make), "policy": _keep(10)},
        None,
        {"policy": _keep(5)},
        by_code=frozenset({"policy"}),
    ),
    Life(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda make: {"repository": a_repository(make), "policy": _pull("ecr:BatchGetImage")},
        {"policy": _pull("ecr:GetDownloadUrlForLayer")},
        {"repository": "other"},
    ),
    Life(
        "aws:ecr/registryPolicy:RegistryPolicy",
        lambda _: {"policy": _pull("ecr:ReplicateImage", **_REGISTRY)},
        {"policy": _pull("ecr:CreateRepository", **_REGISTRY)},
    ),
    Life(
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        lambda _: {"scanType": "ENHANCED", "rules": [_rule("CONTINUOUS_SCAN")]},
        {"rules": [_rule("SCAN_ON_PUSH")]},
        gone_after_delete=False,
    ),
    Life(
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        lambda _: {"replicationConfiguration": _replicated("eu-central-1")},
        {"replicationConfiguration": _replicated("eu-west-2")},
        gone_after_delete=False,
    ),
    Life(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        lambda _: {"ecrRepositoryPrefix": "public", "upstreamRegistryUrl": "public.ecr.aws"},
        {"credentialArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/x"},
        {"upstreamRegistryUrl": "quay.io"},
    ),
    Life(
        "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
        lambda _: {"prefix": "public", "appliedFors": ["PULL_THROUGH_CACHE"]},
        {"imageTagMutability": "IMMUTABLE", "description": "cached"},
        {"prefix": "other"},
    ),
]
