"""EKS: add-ons, pod identities, and who gets into a cluster."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sandbox.runtime.overlay import Caller, Params
from sandbox.runtime.recorded.kind import Listing, Owner, RecordedKind
from sandbox.runtime.recorded.kinds.eks import IN_CLUSTER, VERSION, updated

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
    return {"update": updated("AddonUpdate")}, {**changed, "podIdentityAssociations": _pods(changed)}


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
    within=Owner(name="cluster", key=IN_CLUSTER),
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
    within=Owner(name="cluster", key=IN_CLUSTER),
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
    within=Owner(name="cluster", key=IN_CLUSTER, refuses=_no_entries),
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

KINDS = (ADDON, POD_IDENTITY, ACCESS_ENTRY, ACCESS_POLICY)


def _addon_versions(params: Params, _: Caller) -> Params:
    wanted, version = params.get("addonName"), params.get("kubernetesVersion") or VERSION
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
