"""The lives of the types of `eks`."""

from __future__ import annotations

from lives.life import Life, Make, a_key, a_role, a_subnet
from sandbox.engine.values import PropertyMap


def _cluster_inputs(make: Make) -> PropertyMap:
    return {
        "roleArn": a_role(make, "eks")["arn"],
        "version": "1.33",
        "vpcConfig": {"subnetIds": [a_subnet(make)["id"]], "endpointPrivateAccess": True},
        "accessConfig": {"authenticationMode": "API"},
    }


def _cluster(make: Make) -> str:
    return str(make("aws:eks/cluster:Cluster", "cluster", _cluster_inputs(make))["name"])


def _nodes(make: Make) -> PropertyMap:
    subnet = a_subnet(make)["id"]
    inputs = {
        "roleArn": a_role(make, "eks")["arn"],
        "vpcConfig": {"subnetIds": [subnet]},
    }
    return {
        "clusterName": make("aws:eks/cluster:Cluster", "cluster", inputs)["name"],
        "nodeRoleArn": a_role(make, "ec2")["arn"],
        "subnetIds": [subnet],
        "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 2},
        "instanceTypes": ["g5.xlarge"],
        "labels": {"pool": "gpu", "team": "ml"},
        "taints": [{"key": "gpu", "value": "true", "effect": "NO_SCHEDULE"}],
    }


def _entry(make: Make) -> PropertyMap:
    return {"clusterName": _cluster(make), "principalArn": a_role(make, "sagemaker")["arn"]}


def _policy(make: Make) -> PropertyMap:
    entry = make("aws:eks/accessEntry:AccessEntry", "entry", _entry(make))
    return {
        "clusterName": entry["clusterName"],
        "principalArn": entry["principalArn"],
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "accessScope": {"type": "namespace", "namespaces": ["jobs"]},
    }


LIVES = [
    Life(
        "aws:eks/cluster:Cluster",
        lambda make: {
            **_cluster_inputs(make),
            "enabledClusterLogTypes": ["audit", "api"],
            "encryptionConfig": {"provider": {"keyArn": a_key(make)["arn"]}, "resources": ["secrets"]},
        },
        {
            "version": "1.34",
            "enabledClusterLogTypes": ["api"],
            "deletionProtection": False,
            "upgradePolicy": {"supportType": "STANDARD"},
            "tags": {"a": "b"},
        },
        {"roleArn": "arn:aws:iam::123456789012:role/other"},
        by_code=frozenset({"defaultAddonsToRemoves", "outpostConfig"}),
    ),
    Life(
        "aws:eks/nodeGroup:NodeGroup",
        _nodes,
        {
            "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 4},
            "labels": {"pool": "cpu"},
            "taints": [],
            "version": "1.34",
            "tags": {"a": "b"},
        },
        {"instanceTypes": ["g5.2xlarge"]},
    ),
    Life(
        "aws:eks/fargateProfile:FargateProfile",
        lambda make: {
            "clusterName": _cluster(make),
            "podExecutionRoleArn": a_role(make, "eks-fargate-pods")["arn"],
            "selectors": [{"namespace": "jobs", "labels": {"kind": "batch"}}],
        },
        {"tags": {"a": "b"}},
        {"selectors": [{"namespace": "other"}]},
    ),
    Life(
        "aws:eks/addon:Addon",
        lambda make: {
            "clusterName": _cluster(make),
            "addonName": "vpc-cni",
            "configurationValues": '{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}',
        },
        {"configurationValues": '{"env": {}}', "tags": {"a": "b"}},
        {"addonName": "coredns"},
    ),
    Life(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda make: {
            "clusterName": _cluster(make),
            "namespace": "jobs",
            "serviceAccount": "trainer",
            "roleArn": a_role(make, "pods.eks")["arn"],
        },
        {"roleArn": "arn:aws:iam::123456789012:role/other", "tags": {"a": "b"}},
        {"namespace": "other"},
    ),
    Life(
        "aws:eks/accessEntry:AccessEntry",
        _entry,
        {"kubernetesGroups": ["viewers"], "tags": {"a": "b"}},
        {"type": "EC2_LINUX"},
    ),
    Life(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        _policy,
        None,
        {"accessScope": {"type": "cluster"}},
    ),
]
