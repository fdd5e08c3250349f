"""MSK: clusters, provisioned and serverless, and their configurations; no broker runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "kafka"
_ARN = "arn:{partition}:kafka:{region}:{account}:"
_FIRST_VERSION = "K3AEGXETSR30VB"
Act = Callable[[Params, Params], tuple[Params, Params | None]]


def _hosts(document: Params, port: int, prefix: str = "b") -> str:
    name, id = document["ClusterName"], document["$uuid"][:6]
    hosts = [
        f"{prefix}-{number}.{name}.{id}.c2.kafka.{document['$region']}.amazonaws.com:{port}"
        for number in range(1, min(document.get("NumberOfBrokerNodes") or 1, 3) + 1)
    ]
    return ",".join(hosts)


def _brokers(_: Params, document: Params) -> tuple[Params, Params]:
    """The bootstrap strings of the ways in that the cluster has (MSK developer guide: port information)."""
    if "Serverless" in document:
        host = f"boot-{document['$uuid'][:8]}.c2.kafka-serverless.{document['$region']}.amazonaws.com:9098"
        return {"BootstrapBrokerStringSaslIam": host}, document
    access = document.get("ClientAuthentication") or {}
    sasl = access.get("Sasl") or {}
    transit = ((document.get("EncryptionInfo") or {}).get("EncryptionInTransit") or {}).get(
        "ClientBroker", "TLS"
    )
    answer: Params = {}
    open_to_all = not access or (access.get("Unauthenticated") or {}).get("Enabled")
    if transit != "TLS" and open_to_all:
        answer["BootstrapBrokerString"] = _hosts(document, 9092)
    if transit != "PLAINTEXT" and (open_to_all or access.get("Tls")):
        answer["BootstrapBrokerStringTls"] = _hosts(document, 9094)
    if (sasl.get("Scram") or {}).get("Enabled"):
        answer["BootstrapBrokerStringSaslScram"] = _hosts(document, 9096)
    if (sasl.get("Iam") or {}).get("Enabled"):
        answer["BootstrapBrokerStringSaslIam"] = _hosts(document, 9098)
    return answer, document


def _software(document: Params) -> Params:
    held = document.get("ConfigurationInfo") or {}
    return {
        "KafkaVersion": document.get("KafkaVersion"),
        "ConfigurationArn": held.get("Arn"),
        "ConfigurationRevision": held.get("Revision"),
    }


def _changing(change: Callable[[Params, Params], Params]) -> Act:
    """An operation that sets members and gives the cluster a new version."""

    def act(params: Params, document: Params) -> tuple[Params, Params | None]:
        changed = {**document, **change(params, document)}
        number = int(document.get("$changes") or 0) + 1
        changed |= {"$changes": number, "CurrentVersion": f"K{number:013d}"}
        return {"ClusterArn": document["$arn"], "ClusterOperationArn": f"{document['$arn']}/op"}, changed

    return act


def _storage(params: Params, document: Params) -> Params:
    group = document["BrokerNodeGroupInfo"]
    wanted = params["TargetBrokerEBSVolumeInfo"][0]
    volume: Params = {"VolumeSize": wanted.get("VolumeSizeGB")}
    if wanted.get("ProvisionedThroughput"):
        volume["ProvisionedThroughput"] = wanted["ProvisionedThroughput"]
    old = (group.get("StorageInfo") or {}).get("EbsStorageInfo") or {}
    return {"BrokerNodeGroupInfo": {**group, "StorageInfo": {"EbsStorageInfo": {**old, **volume}}}}


def _group(member: str, source: str) -> Callable[[Params, Params], Params]:
    return lambda params, document: {
        "BrokerNodeGroupInfo": {**document["BrokerNodeGroupInfo"], member: params[source]}
    }


def _members(*names: str) -> Callable[[Params, Params], Params]:
    return lambda params, _: {name: params[name] for name in names if params.get(name) is not None}


def _secrets(add: bool) -> Act:
    def act(params: Params, document: Params) -> tuple[Params, Params | None]:
        old: list[Any] = list(document.get("$secrets") or [])
        named = params["SecretArnList"]
        kept = [arn for arn in old if arn not in named]
        held = [*kept, *named] if add else kept
        return {"ClusterArn": document["$arn"], "UnprocessedScramSecrets": []}, {
            **document,
            "$secrets": held,
        }

    return act


_MADE = {
    "$uuid": "{id}",
    "ClusterArn": _ARN + "cluster/{ClusterName}/{$uuid}-2",
    "$arn": "{ClusterArn}",
    "$region": "{region}",
    "State": "ACTIVE",
    "CurrentVersion": _FIRST_VERSION,
    "CreationTime": "{now}",
}

CLUSTER = RecordedKind(
    service=_SERVICE,
    name="cluster",
    create="CreateCluster",
    key=("ClusterName",),
    made={
        **_MADE,
        "ZookeeperConnectString": lambda document: _hosts(document, 2181, "z"),
        "ZookeeperConnectStringTls": lambda document: _hosts(document, 2182, "z"),
    },
    defaults={"EnhancedMonitoring": "DEFAULT", "StorageMode": "LOCAL"},
    answer=("ClusterArn", "ClusterName", "State"),
    describe="DescribeCluster",
    described="ClusterInfo",
    shows={"CurrentBrokerSoftwareInfo": _software},
    delete="DeleteCluster",
    asks={"ClusterArn": "arn"},
    others={
        "GetBootstrapBrokers": _brokers,
        "UpdateBrokerCount": _changing(
            lambda params, _: {"NumberOfBrokerNodes": params["TargetNumberOfBrokerNodes"]}
        ),
        "UpdateBrokerStorage": _changing(_storage),
        "UpdateBrokerType": _changing(_group("InstanceType", "TargetInstanceType")),
        "UpdateConnectivity": _changing(_group("ConnectivityInfo", "ConnectivityInfo")),
        "UpdateClusterConfiguration": _changing(_members("ConfigurationInfo")),
        "UpdateClusterKafkaVersion": _changing(
            lambda params, document: {
                "KafkaVersion": params["TargetKafkaVersion"],
                "ConfigurationInfo": params.get("ConfigurationInfo") or document.get("ConfigurationInfo"),
            }
        ),
        "UpdateMonitoring": _changing(_members("EnhancedMonitoring", "OpenMonitoring", "LoggingInfo")),
        "UpdateSecurity": _changing(_members("ClientAuthentication", "EncryptionInfo")),
        "UpdateStorage": _changing(_members("StorageMode")),
        "UpdateRebalancing": _changing(_members("Rebalancing")),
        "BatchAssociateScramSecret": _secrets(add=True),
        "BatchDisassociateScramSecret": _secrets(add=False),
        "ListScramSecrets": lambda _, document: (
            {"SecretArnList": document.get("$secrets") or []},
            document,
        ),
    },
    listings=(Listing(operation="ListClusters", member="ClusterInfoList"),),
    tags_in="Tags",
    missing="NotFoundException",
    missing_status=404,
)

SERVERLESS = RecordedKind(
    service=_SERVICE,
    name="serverless cluster",
    create="CreateClusterV2",
    key=("ClusterName",),
    made={**_MADE, "ClusterType": "SERVERLESS"},
    answer=("ClusterArn", "ClusterName", "State", "ClusterType"),
    describe="DescribeClusterV2",
    described="ClusterInfo",
    delete="DeleteCluster",
    asks={"ClusterArn": "arn"},
    others={"GetBootstrapBrokers": _brokers},
    listings=(Listing(operation="ListClustersV2", member="ClusterInfoList"),),
    missing="NotFoundException",
    missing_status=404,
)


def _revision(document: Params) -> Params:
    return {"Revision": int(document.get("$revision") or 1), "CreationTime": document["CreationTime"]}


CONFIGURATION = RecordedKind(
    service=_SERVICE,
    name="configuration",
    create="CreateConfiguration",
    key=("Name",),
    made={
        "$uuid": "{id}",
        "$revision": lambda _: 1,
        "Arn": _ARN + "configuration/{Name}/{$uuid}-2",
        "$arn": "{Arn}",
        "State": "ACTIVE",
        "CreationTime": "{now}",
    },
    describe="DescribeConfiguration",
    shows={"LatestRevision": _revision, "Revision": lambda document: _revision(document)["Revision"]},
    delete="DeleteConfiguration",
    asks={"Arn": "arn"},
    others={
        "DescribeConfigurationRevision": lambda _, document: (
            {
                "Arn": document["Arn"],
                "Description": document.get("Description"),
                "ServerProperties": document["ServerProperties"],
                **_revision(document),
            },
            document,
        ),
        "UpdateConfiguration": lambda params, document: (
            {"Arn": document["Arn"]},
            {
                **document,
                "ServerProperties": params["ServerProperties"],
                "Description": params.get("Description"),
                "$revision": document["$revision"] + 1,
            },
        ),
    },
    listings=(Listing(operation="ListConfigurations", member="Configurations"),),
    missing="NotFoundException",
    missing_status=404,
)

KINDS = (CLUSTER, SERVERLESS, CONFIGURATION)

TAGGING = (TagOperations(service=_SERVICE, as_map=True, missing="NotFoundException", emulated=False),)
