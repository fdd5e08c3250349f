"""MSK: clusters, the ways in to them, and configurations."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap

_WAYS = (
    "",
    "Ipv6",
    "PublicSaslIam",
    "PublicSaslScram",
    "PublicTls",
    "SaslIam",
    "SaslIamIpv6",
    "SaslScram",
    "SaslScramIpv6",
    "Tls",
    "TlsIpv6",
    "VpcConnectivitySaslIam",
    "VpcConnectivitySaslScram",
    "VpcConnectivityTls",
)


def _brokers(cloud: Cloud, arn: str) -> PropertyMap:
    found = cloud.call("kafka", "GetBootstrapBrokers", {"ClusterArn": arn})
    return {f"bootstrapBrokers{way}": found.get(f"BootstrapBrokerString{way}", "") for way in _WAYS}


def _bootstrap(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    arn = arguments["clusterArn"]
    return {**_brokers(cloud, arn), "clusterArn": arn, "id": arn, "region": cloud.region}


def _cluster(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    name = arguments["clusterName"]
    for found in cloud.call("kafka", "ListClusters", {"ClusterNameFilter": name})["ClusterInfoList"]:
        if found["ClusterName"] == name:
            arn = found["ClusterArn"]
            group: dict[str, Any] = found["BrokerNodeGroupInfo"]
            return {
                **_brokers(cloud, arn),
                "arn": arn,
                "brokerNodeGroupInfos": [
                    {
                        "azDistribution": group.get("BrokerAZDistribution", "DEFAULT"),
                        "clientSubnets": group["ClientSubnets"],
                        "connectivityInfos": [],
                        "instanceType": group["InstanceType"],
                        "securityGroups": group.get("SecurityGroups") or [],
                        "storageInfos": [],
                    }
                ],
                "clusterName": name,
                "clusterUuid": arn.rsplit("/", 1)[-1],
                "id": arn,
                "kafkaVersion": (found.get("CurrentBrokerSoftwareInfo") or {}).get("KafkaVersion", ""),
                "numberOfBrokerNodes": found["NumberOfBrokerNodes"],
                "region": cloud.region,
                "tags": found.get("Tags") or {},
                "zookeeperConnectString": found.get("ZookeeperConnectString", ""),
                "zookeeperConnectStringTls": found.get("ZookeeperConnectStringTls", ""),
            }
    raise LookupError(f"there is no MSK cluster {name}")


def _configuration(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    for found in cloud.call("kafka", "ListConfigurations")["Configurations"]:
        if found["Name"] == arguments["name"]:
            revision = found["LatestRevision"]["Revision"]
            params = {"Arn": found["Arn"], "Revision": revision}
            text = cloud.call("kafka", "DescribeConfigurationRevision", params)["ServerProperties"]
            return {
                "arn": found["Arn"],
                "description": found.get("Description", ""),
                "id": found["Arn"],
                "kafkaVersions": found.get("KafkaVersions") or [],
                "latestRevision": revision,
                "name": found["Name"],
                "region": cloud.region,
                "serverProperties": text.decode(),
            }
    raise LookupError(f"there is no MSK configuration {arguments['name']}")


FUNCTIONS: Final[Functions] = {
    "aws:msk/getCluster:getCluster": _cluster,
    "aws:msk/getBootstrapBrokers:getBootstrapBrokers": _bootstrap,
    "aws:msk/getConfiguration:getConfiguration": _configuration,
}
