"""EKS refuses what AWS refuses: what stands in a cluster needs it, and a cluster outlives its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_driver import Driver, Made
from botocore.exceptions import ClientError
from lives.life import trust

from sandbox.aws.cloud import CloudError
from sandbox.aws.provider import AwsProvider
from sandbox.engine.values import PropertyMap

CLUSTER = "aws:eks/cluster:Cluster"


@pytest.fixture
def cluster(driver: Driver) -> Iterator[Callable[..., PropertyMap]]:
    """Makes a cluster with what it needs, and deletes it all."""
    made: list[Made] = []

    def one(token: str, name: str, inputs: PropertyMap) -> PropertyMap:
        made.append(driver.make(token, f"eks-{name}", inputs))
        return made[-1].outputs

    def make(**more: Any) -> PropertyMap:
        vpc = one("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.50.0.0/16"})
        subnet = one("aws:ec2/subnet:Subnet", "net", {"vpcId": vpc["id"], "cidrBlock": "10.50.1.0/24"})
        role = one("aws:iam/role:Role", "role", {"assumeRolePolicy": trust("eks")})
        inputs = {"roleArn": role["arn"], "vpcConfig": {"subnetIds": [subnet["id"]]}, **more}
        return one(CLUSTER, "cluster", inputs)

    yield make
    for resource in reversed(made):
        driver.delete(resource)


def test_a_cluster_brings_a_security_group_and_takes_it_along(
    cluster: Callable[..., PropertyMap], driver: Driver, client: Callable[[str], Any]
) -> None:
    network = cluster()["vpcConfig"]
    group = network["clusterSecurityGroupId"]
    found = client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert found["VpcId"] == network["vpcId"]
    rule = {"securityGroupId": group, "ipProtocol": "-1", "cidrIpv4": "10.0.0.0/8"}
    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    driver.delete(driver.make(token, "rule", rule))


def test_subnets_that_are_not_there_make_no_cluster(driver: Driver) -> None:
    inputs = {
        "roleArn": "arn:aws:iam::123456789012:role/x",
        "vpcConfig": {"subnetIds": ["subnet-0123456789abcdef0"]},
    }
    with pytest.raises(CloudError, match="InvalidParameterException"):
        driver.make(CLUSTER, "nowhere", inputs)


def test_a_cluster_that_knows_only_its_config_map_takes_no_access_entry(
    cluster: Callable[..., PropertyMap], driver: Driver
) -> None:
    name = cluster()["name"]
    entry = {"clusterName": name, "principalArn": "arn:aws:iam::123456789012:role/x"}
    with pytest.raises(CloudError, match="authentication mode"):
        driver.make("aws:eks/accessEntry:AccessEntry", "entry", entry)


def test_nothing_stands_in_a_cluster_that_is_not_there(driver: Driver) -> None:
    addon = {"clusterName": "nowhere", "addonName": "coredns"}
    with pytest.raises(CloudError, match="There is no cluster nowhere"):
        driver.make("aws:eks/addon:Addon", "addon", addon)


def test_a_cluster_is_not_deleted_under_its_nodes(
    cluster: Callable[..., PropertyMap], driver: Driver, client: Callable[[str], Any]
) -> None:
    made = cluster(version="1.32")
    nodes = {
        "clusterName": made["name"],
        "nodeRoleArn": "arn:aws:iam::123456789012:role/x",
        "subnetIds": made["vpcConfig"]["subnetIds"],
        "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 1},
    }
    group = driver.make("aws:eks/nodeGroup:NodeGroup", "nodes", nodes)
    assert group.outputs["version"] == "1.32"
    with pytest.raises(ClientError, match="ResourceInUseException"):
        client("eks").delete_cluster(name=made["name"])
    driver.delete(group)


def test_the_data_functions_tell_of_a_cluster(
    cluster: Callable[..., PropertyMap], provider: AwsProvider
) -> None:
    made = cluster()
    found = provider.invoke("aws:eks/getCluster:getCluster", {"name": made["name"]}).properties
    assert found["endpoint"] == made["endpoint"]
    assert found["vpcConfig"]["vpcId"] == made["vpcConfig"]["vpcId"]
    auth = provider.invoke("aws:eks/getClusterAuth:getClusterAuth", {"name": made["name"]})
    assert auth.properties["token"].startswith("k8s-aws-v1.")
    wanted = {"addonName": "coredns", "kubernetesVersion": made["version"]}
    addon = provider.invoke("aws:eks/getAddonVersion:getAddonVersion", wanted).properties
    assert addon["version"].startswith("v1.")
    assert provider.invoke("aws:eks/getCluster:getCluster", {"name": "nowhere"}).failures
