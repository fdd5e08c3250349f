"""MSK: clusters, provisioned and serverless."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sandbox.aws.requests import build
from sandbox.aws.rows import answered, echoing, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "kafka"
_TAGS = Tags(
    style="map",
    set="TagResource",
    unset="UntagResource",
    target=lambda s: {"ResourceArn": s.id},
    list="ListTagsForResource",
)


def find_by_name(operation: str, member: str, arn: str) -> Callable[[Subject, frozenset[str]], str | None]:
    """`find` by the name: the listing, its member, and the member of each that holds its ARN."""

    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        for item in pages(subject, _SERVICE, operation, member):
            name = item.get("ClusterName") or item.get("Name")
            wanted = subject.inputs.get("clusterName") or subject.inputs.get("name")
            if name == wanted and item[arn] not in taken:
                return str(item[arn])
        return None

    return find


_CLUSTER = "aws:msk/cluster:Cluster"
_NAMES = {
    "brokerNodeGroupInfo.azDistribution": "BrokerAZDistribution",
    "brokerNodeGroupInfo.connectivityInfo.vpcConnectivity.clientAuthentication.sasl.iam": "Iam.Enabled",
    "brokerNodeGroupInfo.connectivityInfo.vpcConnectivity.clientAuthentication.sasl.scram": "Scram.Enabled",
    "brokerNodeGroupInfo.connectivityInfo.vpcConnectivity.clientAuthentication.tls": "Tls.Enabled",
    "clientAuthentication.sasl.iam": "Iam.Enabled",
    "clientAuthentication.sasl.scram": "Scram.Enabled",
    "clientAuthentication.tls.certificateAuthorityArns": "CertificateAuthorityArnList",
    "clientAuthentication.unauthenticated": "Unauthenticated.Enabled",
    "encryptionInfo.encryptionAtRestKmsKeyArn": "EncryptionAtRest.DataVolumeKMSKeyId",
}
_CREATE = Call(operation="CreateCluster", names=_NAMES)


def _wanted(subject: Subject) -> Params:
    """The request that would make the cluster as it is to be, for its parts."""
    shape = subject.cloud.operation(_SERVICE, "CreateCluster").input_shape
    return build(_CREATE, shape, subject.inputs).params


def _change(operation: str, params: Callable[[Params], Params]) -> Callable[[Subject], None]:
    """An update of the cluster's present version, as each of MSK's updates needs it."""

    def change(subject: Subject) -> None:
        version = subject.cloud.call(_SERVICE, "DescribeCluster", {"ClusterArn": subject.id})["ClusterInfo"]
        subject.cloud.call(
            _SERVICE,
            operation,
            {
                "ClusterArn": subject.id,
                "CurrentVersion": version["CurrentVersion"],
                **params(_wanted(subject)),
            },
        )

    return change


def _volume(wanted: Params) -> Params:
    volume = wanted["BrokerNodeGroupInfo"]["StorageInfo"]["EbsStorageInfo"]
    target: Params = {"KafkaBrokerNodeId": "All", "VolumeSizeGB": volume["VolumeSize"]}
    if volume.get("ProvisionedThroughput"):
        target["ProvisionedThroughput"] = volume["ProvisionedThroughput"]
    return {"TargetBrokerEBSVolumeInfo": [target]}


_TYPE = _change(
    "UpdateBrokerType", lambda w: {"TargetInstanceType": w["BrokerNodeGroupInfo"]["InstanceType"]}
)
_STORAGE = _change("UpdateBrokerStorage", _volume)
_CONNECTIVITY = _change(
    "UpdateConnectivity", lambda w: {"ConnectivityInfo": w["BrokerNodeGroupInfo"]["ConnectivityInfo"]}
)


def _change_group(subject: Subject) -> None:
    """Each part of the brokers' group has an operation of its own."""
    old = subject.before.get("brokerNodeGroupInfo") or {}
    new = subject.inputs["brokerNodeGroupInfo"]
    for name, change in (
        ("instanceType", _TYPE),
        ("storageInfo", _STORAGE),
        ("connectivityInfo", _CONNECTIVITY),
    ):
        if new.get(name) is not None and new.get(name) != old.get(name):
            change(subject)


def _change_version(subject: Subject) -> None:
    """A new version of Kafka takes the configuration with it."""
    inputs, before = subject.inputs, subject.before
    if inputs["kafkaVersion"] != before.get("kafkaVersion"):
        _change(
            "UpdateClusterKafkaVersion",
            lambda w: {
                "TargetKafkaVersion": w["KafkaVersion"],
                **({"ConfigurationInfo": w["ConfigurationInfo"]} if w.get("ConfigurationInfo") else {}),
            },
        )(subject)
    elif inputs.get("configurationInfo"):
        _change("UpdateClusterConfiguration", lambda w: {"ConfigurationInfo": w["ConfigurationInfo"]})(
            subject
        )


def _given(*members: str) -> Callable[[Params], Params]:
    return lambda wanted: {name: wanted[name] for name in members if name in wanted}


def _read_cluster(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "DescribeCluster", identified("ClusterArn"), "ClusterInfo")(subject)
    if found is None:
        return None
    brokers = subject.cloud.call(_SERVICE, "GetBootstrapBrokers", {"ClusterArn": subject.id})
    return {**found, "$brokers": brokers}


_BROKERS = {
    "bootstrapBrokers": "",
    "bootstrapBrokersTls": "Tls",
    "bootstrapBrokersSaslScram": "SaslScram",
    "bootstrapBrokersSaslIam": "SaslIam",
    "bootstrapBrokersPublicTls": "PublicTls",
    "bootstrapBrokersPublicSaslScram": "PublicSaslScram",
    "bootstrapBrokersPublicSaslIam": "PublicSaslIam",
    "bootstrapBrokersVpcConnectivityTls": "VpcConnectivityTls",
    "bootstrapBrokersVpcConnectivitySaslScram": "VpcConnectivitySaslScram",
    "bootstrapBrokersVpcConnectivitySaslIam": "VpcConnectivitySaslIam",
    "bootstrapBrokersIpv6": "Ipv6",
    "bootstrapBrokersTlsIpv6": "TlsIpv6",
    "bootstrapBrokersSaslScramIpv6": "SaslScramIpv6",
    "bootstrapBrokersSaslIamIpv6": "SaslIamIpv6",
}


def _broker(suffix: str) -> Callable[[Subject], str]:
    return lambda s: str(s.at(f"$brokers.BootstrapBrokerString{suffix}") or "")


def _check_cluster(inputs: PropertyMap) -> Iterable[CheckFailure]:
    group, count = inputs.get("brokerNodeGroupInfo"), inputs.get("numberOfBrokerNodes")
    subnets = group.get("clientSubnets") if isinstance(group, dict) else None
    if isinstance(subnets, list) and isinstance(count, (int, float)) and subnets and count % len(subnets):
        yield CheckFailure(
            "numberOfBrokerNodes", f"{count:g} is no multiple of the {len(subnets)} clientSubnets"
        )
    if isinstance(subnets, list) and len(subnets) not in (2, 3):
        yield CheckFailure("brokerNodeGroupInfo.clientSubnets", "needs 2 or 3 subnets in different zones")
    name = inputs.get("clusterName")
    if isinstance(name, str) and not re.fullmatch(r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,62}[0-9A-Za-z])?", name):
        yield CheckFailure("clusterName", f"{name!r} may hold 1 to 64 letters, digits and inner hyphens")


CLUSTER = ResourceType(
    type=_CLUSTER,
    service=_SERVICE,
    tier="recorded",
    create=_CREATE,
    id=answered("ClusterArn"),
    read=_read_cluster,
    delete=Call(operation="DeleteCluster", sends=(), adds=identified("ClusterArn")),
    steps=(
        Step(on=("brokerNodeGroupInfo",), do=_change_group, at_create=False),
        Step(
            on=("numberOfBrokerNodes",),
            do=_change(
                "UpdateBrokerCount", lambda w: {"TargetNumberOfBrokerNodes": w["NumberOfBrokerNodes"]}
            ),
            at_create=False,
        ),
        Step(
            on=("enhancedMonitoring", "openMonitoring", "loggingInfo"),
            do=_change("UpdateMonitoring", _given("EnhancedMonitoring", "OpenMonitoring", "LoggingInfo")),
            at_create=False,
        ),
        Step(on=("kafkaVersion", "configurationInfo"), do=_change_version, at_create=False),
        Step(
            on=("clientAuthentication", "encryptionInfo"),
            do=_change("UpdateSecurity", _given("ClientAuthentication", "EncryptionInfo")),
            at_create=False,
        ),
        Step(on=("storageMode",), do=_change("UpdateStorage", _given("StorageMode")), at_create=False),
        Step(on=("rebalancing",), do=_change("UpdateRebalancing", _given("Rebalancing")), at_create=False),
    ),
    fixed=(
        "brokerNodeGroupInfo.azDistribution",
        "brokerNodeGroupInfo.clientSubnets",
        "brokerNodeGroupInfo.securityGroups",
        "encryptionInfo.encryptionAtRestKmsKeyArn",
        "encryptionInfo.encryptionInTransit.inCluster",
    ),
    outputs={
        "arn": "ClusterArn",
        "clusterName": "ClusterName",
        "clusterUuid": lambda s: s.id.rsplit("/", 1)[-1],
        "currentVersion": "CurrentVersion",
        "storageMode": "StorageMode",
        "zookeeperConnectString": "ZookeeperConnectString",
        "zookeeperConnectStringTls": "ZookeeperConnectStringTls",
        **{name: _broker(suffix) for name, suffix in _BROKERS.items()},
    },
    echoes=echoing(
        _CLUSTER,
        "brokerNodeGroupInfo clientAuthentication clusterName configurationInfo encryptionInfo "
        "enhancedMonitoring kafkaVersion loggingInfo numberOfBrokerNodes openMonitoring storageMode",
        names={
            **_NAMES,
            "kafkaVersion": "CurrentBrokerSoftwareInfo.KafkaVersion",
            "configurationInfo": "CurrentBrokerSoftwareInfo",
            "configurationInfo.arn": "ConfigurationArn",
            "configurationInfo.revision": "ConfigurationRevision",
        },
    ),
    find=find_by_name("ListClusters", "ClusterInfoList", "ClusterArn"),
    auto_name=AutoName(property="clusterName", prefix_property=None, limit=64),
    unordered=("brokerNodeGroupInfo.clientSubnets", "brokerNodeGroupInfo.securityGroups"),
    defaults={"enhancedMonitoring": "DEFAULT"},
    tags=_TAGS,
    volatile=("currentVersion", *_BROKERS),
    checks=_check_cluster,
)

_SERVERLESS = "aws:msk/serverlessCluster:ServerlessCluster"
_SERVERLESS_NAMES = {
    "vpcConfigs": "Serverless.VpcConfigs",
    "clientAuthentication": "Serverless.ClientAuthentication",
}


def _read_serverless(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "DescribeClusterV2", identified("ClusterArn"), "ClusterInfo")(subject)
    if found is None:
        return None
    brokers = subject.cloud.call(_SERVICE, "GetBootstrapBrokers", {"ClusterArn": subject.id})
    return {**found, "$brokers": brokers}


SERVERLESS_CLUSTER = ResourceType(
    type=_SERVERLESS,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateClusterV2", names=_SERVERLESS_NAMES),
    id=answered("ClusterArn"),
    read=_read_serverless,
    delete=Call(operation="DeleteCluster", sends=(), adds=identified("ClusterArn")),
    outputs={
        "arn": "ClusterArn",
        "clusterUuid": lambda s: s.id.rsplit("/", 1)[-1],
        "bootstrapBrokersSaslIam": _broker("SaslIam"),
    },
    echoes=echoing(_SERVERLESS, "clientAuthentication clusterName vpcConfigs", names=_SERVERLESS_NAMES),
    find=find_by_name("ListClustersV2", "ClusterInfoList", "ClusterArn"),
    auto_name=AutoName(property="clusterName", prefix_property=None, limit=64),
    tags=_TAGS,
)

TYPES = (CLUSTER, SERVERLESS_CLUSTER)
