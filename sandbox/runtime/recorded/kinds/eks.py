"""EKS: clusters, node groups and Fargate profiles. No node runs and no API server answers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.recorded.kind import Listing, Owner, RecordedKind, TagOperations

VERSION: Final = "1.34"
"""What a cluster gets that asks for none (EKS User Guide, "Kubernetes versions", standard support)."""


def _own_group(cloud: Cloud, document: Params, caller: Caller) -> Params:
    """The security group that EKS puts between the control plane and the nodes, in the subnets' VPC."""
    ec2: Any = cloud.client("ec2", caller)
    network = document["resourcesVpcConfig"]
    try:
        subnets = ec2.describe_subnets(SubnetIds=network["subnetIds"])["Subnets"]
        vpc = subnets[0]["VpcId"]
        name = f"eks-cluster-sg-{document['name']}-{document['$oidc'][:9].lower()}"
        made = ec2.create_security_group(
            GroupName=name, VpcId=vpc, Description="EKS created security group applied to ENI"
        )
    except ClientError as error:
        raise ServiceError("InvalidParameterException", error.response["Error"]["Message"]) from error
    return {
        "resourcesVpcConfig": {
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
            "securityGroupIds": [],
            **network,
            "vpcId": vpc,
            "clusterSecurityGroupId": made["GroupId"],
        }
    }


def _remove_group(cloud: Cloud, document: Params, caller: Caller) -> None:
    ec2: Any = cloud.client("ec2", caller)
    try:
        ec2.delete_security_group(GroupId=document["resourcesVpcConfig"]["clusterSecurityGroupId"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidGroup.NotFound":
            raise ServiceError("ResourceInUseException", str(error), 409) from error


def _region(document: Params) -> str:
    return str(document["$arn"].split(":")[3])


def _network(document: Params) -> Params:
    given = document.get("kubernetesNetworkConfig") or {}
    return {
        "ipFamily": "ipv4",
        "serviceIpv4Cidr": "172.20.0.0/16",
        "elasticLoadBalancing": {"enabled": False},
        **given,
    }


def _configure(params: Params, document: Params) -> tuple[Params, Params]:
    """A change of some members; those of an object that are not given stay."""
    changed: Params = {}
    for name, value in params.items():
        old = document.get(name)
        both = isinstance(value, dict) and isinstance(old, dict)
        changed[name] = {**old, **value} if both and old is not None else value
    return {"update": updated("ConfigUpdate")}, {**document, **changed}


def _version(params: Params, document: Params) -> tuple[Params, Params]:
    return {"update": updated("VersionUpdate")}, {**document, "version": params["version"]}


def _encrypt(params: Params, document: Params) -> tuple[Params, Params]:
    changed = {"encryptionConfig": params["encryptionConfig"]}
    return {"update": updated("AssociateEncryptionConfig")}, {**document, **changed}


def updated(kind: str) -> Params:
    """What EKS says of a change, which the sandbox carries out at once."""
    now = datetime.now(UTC)
    return {"id": f"{int(now.timestamp() * 1000):x}", "status": "Successful", "type": kind, "createdAt": now}


CLUSTER = RecordedKind(
    service="eks",
    name="cluster",
    create="CreateCluster",
    key=("name",),
    arn="arn:{partition}:eks:{region}:{account}:cluster/{name}",
    arn_member="arn",
    made={
        "$id": "{short}",
        "$oidc": lambda document: f"{document['$id']}{document['$id'][:15]}".upper(),
        "createdAt": "{now}",
        "endpoint": "https://{$oidc}.gr7.{region}.eks.amazonaws.com",
        "identity": lambda document: {
            "oidc": {"issuer": f"https://oidc.eks.{_region(document)}.amazonaws.com/id/{document['$oidc']}"}
        },
        "certificateAuthority": lambda document: {
            "data": base64.b64encode(f"sandbox certificate of {document['name']}".encode()).decode()
        },
        "platformVersion": "eks.1",
        "status": "ACTIVE",
        "kubernetesNetworkConfig": _network,
        "accessConfig": lambda document: {
            "authenticationMode": "CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": True,
            **(document.get("accessConfig") or {}),
        },
        "upgradePolicy": lambda document: {
            "supportType": "EXTENDED",
            **(document.get("upgradePolicy") or {}),
        },
    },
    defaults={"version": VERSION, "deletionProtection": False},
    describe="DescribeCluster",
    described="cluster",
    delete="DeleteCluster",
    listings=(Listing(operation="ListClusters", member="clusters", as_names=True),),
    others={
        "UpdateClusterConfig": _configure,
        "UpdateClusterVersion": _version,
        "AssociateEncryptionConfig": _encrypt,
    },
    asks={"clusterName": "name"},
    tags_in="tags",
    exists="ResourceInUseException",
    missing_status=404,
    brings=_own_group,
    takes=_remove_group,
)

IN_CLUSTER = {"name": "clusterName"}


def _configure_nodes(params: Params, document: Params) -> tuple[Params, Params]:
    changed = {name: value for name, value in params.items() if name not in ("labels", "taints")}
    labels, taints = params.get("labels") or {}, params.get("taints") or {}
    gone = set(labels.get("removeLabels") or ())
    kept = {key: value for key, value in (document.get("labels") or {}).items() if key not in gone}
    left = {(taint["key"], taint["effect"]) for change in taints.values() for taint in change}
    changed["labels"] = {**kept, **(labels.get("addOrUpdateLabels") or {})}
    changed["taints"] = [
        *(taint for taint in document.get("taints") or () if (taint["key"], taint["effect"]) not in left),
        *(taints.get("addOrUpdateTaints") or ()),
    ]
    changed["modifiedAt"] = datetime.now(UTC)
    return {"update": updated("ConfigUpdate")}, {**document, **changed}


def _upgrade_nodes(params: Params, document: Params) -> tuple[Params, Params]:
    names = ("version", "releaseVersion", "launchTemplate")
    changed = {name: params[name] for name in names if params.get(name) is not None}
    return {"update": updated("VersionUpdate")}, {**document, **changed, "modifiedAt": datetime.now(UTC)}


NODE_GROUP = RecordedKind(
    service="eks",
    name="node group",
    create="CreateNodegroup",
    key=("clusterName", "nodegroupName"),
    arn="arn:{partition}:eks:{region}:{account}:nodegroup/{clusterName}/{nodegroupName}/{id}",
    arn_member="nodegroupArn",
    made={
        "$id": "{id}",
        "createdAt": "{now}",
        "modifiedAt": "{now}",
        "status": "ACTIVE",
        "resources": lambda document: {
            "autoScalingGroups": [{"name": f"eks-{document['nodegroupName']}-{document['$id']}"}]
        },
        "releaseVersion": lambda document: (
            document.get("releaseVersion") or f"{document['version']}.1-20251112"
        ),
    },
    defaults={
        "amiType": "AL2023_x86_64_STANDARD",
        "capacityType": "ON_DEMAND",
        "diskSize": 20,
        "instanceTypes": ["t3.medium"],
        "updateConfig": {"maxUnavailable": 1},
        "labels": {},
    },
    describe="DescribeNodegroup",
    described="nodegroup",
    delete="DeleteNodegroup",
    listings=(
        Listing(operation="ListNodegroups", member="nodegroups", as_names=True, where=("clusterName",)),
    ),
    others={"UpdateNodegroupConfig": _configure_nodes, "UpdateNodegroupVersion": _upgrade_nodes},
    tags_in="tags",
    exists="ResourceInUseException",
    missing_status=404,
    within=Owner(name="cluster", key=IN_CLUSTER, gives=("version",), bars_deletion=True),
)

FARGATE_PROFILE = RecordedKind(
    service="eks",
    name="Fargate profile",
    create="CreateFargateProfile",
    key=("clusterName", "fargateProfileName"),
    arn="arn:{partition}:eks:{region}:{account}:fargateprofile/{clusterName}/{fargateProfileName}/{id}",
    arn_member="fargateProfileArn",
    made={"createdAt": "{now}", "status": "ACTIVE"},
    describe="DescribeFargateProfile",
    described="fargateProfile",
    delete="DeleteFargateProfile",
    listings=(
        Listing(
            operation="ListFargateProfiles",
            member="fargateProfileNames",
            as_names=True,
            where=("clusterName",),
        ),
    ),
    tags_in="tags",
    exists="ResourceInUseException",
    missing_status=404,
    within=Owner(name="cluster", key=IN_CLUSTER, bars_deletion=True),
)

KINDS = (CLUSTER, NODE_GROUP, FARGATE_PROFILE)

TAGGING = (TagOperations(service="eks", resource="resourceArn", tags="tags", keys="tagKeys", as_map=True),)
