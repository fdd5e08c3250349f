"""EKS: clusters and what stands in them. No node runs and no API server answers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.recorded.kind import Listing, Owner, RecordedKind, TagOperations

_VERSION: Final = "1.34"
"""What a cluster gets that asks for none (EKS User Guide, "Kubernetes versions", standard support)."""
_ADDONS: Final = {
    "vpc-cni": "v1.20.4-eksbuild.2",
    "coredns": "v1.12.3-eksbuild.1",
    "kube-proxy": "v1.34.0-eksbuild.2",
    "eks-pod-identity-agent": "v1.3.9-eksbuild.3",
    "aws-ebs-csi-driver": "v1.51.0-eksbuild.1",
    "aws-efs-csi-driver": "v2.1.13-eksbuild.1",
    "aws-mountpoint-s3-csi-driver": "v2.1.0-eksbuild.1",
    "snapshot-controller": "v8.3.0-eksbuild.1",
    "metrics-server": "v0.8.0-eksbuild.2",
    "amazon-cloudwatch-observability": "v4.5.0-eksbuild.1",
    "aws-guardduty-agent": "v1.11.0-eksbuild.4",
    "amazon-sagemaker-hyperpod-taskgovernance": "v1.2.0-eksbuild.1",
    "adot": "v0.131.0-eksbuild.1",
}
"""The add-ons that the sandbox knows, each with the one version that it offers."""


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
    return {"update": _update("ConfigUpdate")}, {**document, **changed}


def _version(params: Params, document: Params) -> tuple[Params, Params]:
    return {"update": _update("VersionUpdate")}, {**document, "version": params["version"]}


def _encrypt(params: Params, document: Params) -> tuple[Params, Params]:
    changed = {"encryptionConfig": params["encryptionConfig"]}
    return {"update": _update("AssociateEncryptionConfig")}, {**document, **changed}


def _update(kind: str) -> Params:
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
    defaults={"version": _VERSION, "deletionProtection": False},
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

_CLUSTER = {"name": "clusterName"}


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
    return {"update": _update("ConfigUpdate")}, {**document, **changed}


def _upgrade_nodes(params: Params, document: Params) -> tuple[Params, Params]:
    names = ("version", "releaseVersion", "launchTemplate")
    changed = {name: params[name] for name in names if params.get(name) is not None}
    return {"update": _update("VersionUpdate")}, {**document, **changed, "modifiedAt": datetime.now(UTC)}


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
    within=Owner(name="cluster", key=_CLUSTER, gives=("version",), bars_deletion=True),
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
    within=Owner(name="cluster", key=_CLUSTER, bars_deletion=True),
)


def _known_addon(params: Params) -> str | None:
    name, version = params["addonName"], params.get("addonVersion")
    if name not in _ADDONS:
        return f"Addon {name} is not known to the sandbox; it knows {', '.join(_ADDONS)}."
    if version is not None and not version.startswith("v"):
        return f"Addon version specified is not supported: {version}."
    return None


def _pods(document: Params) -> list[str]:
    """What is asked for with accounts and roles comes back as ARNs."""
    stem = document["$arn"].replace(":addon/", ":podidentityassociation/")
    given = document.get("podIdentityAssociations") or ()
    return [one if isinstance(one, str) else f"{stem}/{one['serviceAccount']}" for one in given]


def _update_addon(params: Params, document: Params) -> tuple[Params, Params]:
    changed = {**document, **params, "modifiedAt": datetime.now(UTC)}
    return {"update": _update("AddonUpdate")}, {**changed, "podIdentityAssociations": _pods(changed)}


ADDON = RecordedKind(
    service="eks",
    name="add-on",
    create="CreateAddon",
    key=("clusterName", "addonName"),
    arn="arn:{partition}:eks:{region}:{account}:addon/{clusterName}/{addonName}/{id}",
    arn_member="addonArn",
    made={
        "createdAt": "{now}",
        "modifiedAt": "{now}",
        "status": "ACTIVE",
        "podIdentityAssociations": _pods,
        "addonVersion": lambda document: document.get("addonVersion") or _ADDONS[document["addonName"]],
    },
    describe="DescribeAddon",
    described="addon",
    delete="DeleteAddon",
    listings=(Listing(operation="ListAddons", member="addons", as_names=True, where=("clusterName",)),),
    others={"UpdateAddon": _update_addon},
    tags_in="tags",
    exists="ResourceInUseException",
    missing_status=404,
    needs=_known_addon,
    within=Owner(name="cluster", key=_CLUSTER),
)

POD_IDENTITY = RecordedKind(
    service="eks",
    name="pod identity association",
    create="CreatePodIdentityAssociation",
    key=("clusterName", "associationId"),
    made={
        "associationId": "a-{short}",
        "$arn": "arn:{partition}:eks:{region}:{account}:podidentityassociation/{clusterName}/{associationId}",
        "associationArn": "{arn}",
        "createdAt": "{now}",
        "modifiedAt": "{now}",
    },
    defaults={"disableSessionTags": False},
    describe="DescribePodIdentityAssociation",
    described="association",
    update="UpdatePodIdentityAssociation",
    touched={"modifiedAt": "{now}"},
    delete="DeletePodIdentityAssociation",
    listings=(
        Listing(
            operation="ListPodIdentityAssociations",
            member="associations",
            where=("clusterName", "namespace", "serviceAccount"),
        ),
    ),
    tags_in="tags",
    missing_status=404,
    within=Owner(name="cluster", key=_CLUSTER),
)


def _no_entries(cluster: Params) -> str | None:
    if cluster["accessConfig"]["authenticationMode"] != "CONFIG_MAP":
        return None
    return (
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
        "to perform this operation."
    )


ACCESS_ENTRY = RecordedKind(
    service="eks",
    name="access entry",
    create="CreateAccessEntry",
    key=("clusterName", "principalArn"),
    arn="arn:{partition}:eks:{region}:{account}:access-entry/{clusterName}/{id}",
    arn_member="accessEntryArn",
    made={
        "createdAt": "{now}",
        "modifiedAt": "{now}",
        "username": lambda document: document.get("username") or document["principalArn"],
    },
    defaults={"type": "STANDARD", "kubernetesGroups": []},
    describe="DescribeAccessEntry",
    described="accessEntry",
    update="UpdateAccessEntry",
    touched={"modifiedAt": "{now}"},
    delete="DeleteAccessEntry",
    listings=(
        Listing(operation="ListAccessEntries", member="accessEntries", as_names=True, where=("clusterName",)),
    ),
    tags_in="tags",
    exists="ResourceInUseException",
    missing_status=404,
    within=Owner(name="cluster", key=_CLUSTER, refuses=_no_entries),
)

ACCESS_POLICY = RecordedKind(
    service="eks",
    name="access policy association",
    create="AssociateAccessPolicy",
    update="AssociateAccessPolicy",
    key=("clusterName", "principalArn", "policyArn"),
    made={"associatedAt": "{now}", "modifiedAt": "{now}"},
    described="associatedAccessPolicy",
    touched={"modifiedAt": "{now}"},
    delete="DisassociateAccessPolicy",
    listings=(
        Listing(
            operation="ListAssociatedAccessPolicies",
            member="associatedAccessPolicies",
            where=("clusterName", "principalArn"),
        ),
    ),
    missing_status=404,
    within=Owner(name="access entry", key={"clusterName": "clusterName", "principalArn": "principalArn"}),
)

KINDS = (
    CLUSTER,
    NODE_GROUP,
    FARGATE_PROFILE,
    ADDON,
    POD_IDENTITY,
    ACCESS_ENTRY,
    ACCESS_POLICY,
)

TAGGING = (TagOperations(service="eks", resource="resourceArn", tags="tags", keys="tagKeys", as_map=True),)


def _addon_versions(params: Params, _: Caller) -> Params:
    wanted, version = params.get("addonName"), params.get("kubernetesVersion") or _VERSION
    return {
        "addons": [
            {
                "addonName": name,
                "owner": "aws",
                "publisher": "eks",
                "addonVersions": [
                    {
                        "addonVersion": offered,
                        "architecture": ["amd64", "arm64"],
                        "computeTypes": ["ec2", "auto", "hybrid"],
                        "compatibilities": [
                            {"clusterVersion": version, "platformVersions": ["*"], "defaultVersion": True}
                        ],
                        "requiresConfiguration": False,
                    }
                ],
            }
            for name, offered in _ADDONS.items()
            if wanted in (None, name)
        ]
    }


ANSWERS = {"eks": {"DescribeAddonVersions": _addon_versions}}
