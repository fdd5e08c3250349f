"""EKS: clusters, how to get into one, and the versions of add-ons."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap

_RARE: Final = (
    "controlPlaneScalingConfigs",
    "kubeApiServerConfigs",
    "kubeControllerManagerConfigs",
    "kubeSchedulerConfigs",
    "outpostConfigs",
    "remoteNetworkConfigs",
    "storageConfigs",
    "zonalShiftConfigs",
)


def _cluster(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("eks", "DescribeCluster", {"name": arguments["name"]})["cluster"]
    created = found["createdAt"]
    network, services = found["resourcesVpcConfig"], found["kubernetesNetworkConfig"]
    groups = (found.get("logging") or {}).get("clusterLogging") or ()
    return {
        "accessConfigs": [found["accessConfig"]],
        "arn": found["arn"],
        "certificateAuthorities": [{"data": found["certificateAuthority"]["data"]}],
        "clusterId": "",
        "computeConfigs": [found["computeConfig"]] if found.get("computeConfig") else [],
        **{name: [] for name in _RARE},
        "createdAt": created.isoformat() if isinstance(created, datetime) else created,
        "deletionProtection": found.get("deletionProtection", False),
        "enabledClusterLogTypes": [kind for one in groups if one["enabled"] for kind in one["types"]],
        "endpoint": found["endpoint"],
        "id": found["name"],
        "identities": [{"oidcs": [{"issuer": found["identity"]["oidc"]["issuer"]}]}],
        "kubernetesNetworkConfigs": [
            {
                "elasticLoadBalancings": [services["elasticLoadBalancing"]],
                "ipFamily": services["ipFamily"],
                "serviceIpv4Cidr": services["serviceIpv4Cidr"],
                "serviceIpv6Cidr": services.get("serviceIpv6Cidr") or "",
            }
        ],
        "name": found["name"],
        "platformVersion": found["platformVersion"],
        "region": cloud.region,
        "roleArn": found["roleArn"],
        "status": found["status"],
        "tags": dict(found.get("tags") or {}),
        "upgradePolicies": [found["upgradePolicy"]],
        "version": found["version"],
        "vpcConfig": {
            name: network.get(name)
            for name in (
                "clusterSecurityGroupId",
                "endpointPrivateAccess",
                "endpointPublicAccess",
                "publicAccessCidrs",
                "securityGroupIds",
                "subnetIds",
                "vpcId",
            )
        },
    }


def _cluster_auth(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    """A token as `aws eks get-token` makes it, but of no use: no API server answers in the sandbox."""
    name = str(arguments["name"])
    address = f"https://sts.{cloud.region}.{cloud.dns_suffix}/?Action=GetCallerIdentity&x-k8s-aws-id={name}"
    encoded = base64.urlsafe_b64encode(address.encode()).decode().rstrip("=")
    return {"id": name, "name": name, "region": cloud.region, "token": f"k8s-aws-v1.{encoded}"}


def _addon_version(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    name, kubernetes = str(arguments["addonName"]), str(arguments["kubernetesVersion"])
    params = {"addonName": name, "kubernetesVersion": kubernetes}
    addons = cloud.call("eks", "DescribeAddonVersions", params)["addons"]
    if not addons:
        raise LookupError(f"there is no version of the EKS add-on {name} for Kubernetes {kubernetes}")
    return {
        "addonName": name,
        "id": name,
        "kubernetesVersion": kubernetes,
        "mostRecent": arguments.get("mostRecent"),
        "region": cloud.region,
        "version": addons[0]["addonVersions"][0]["addonVersion"],
    }


FUNCTIONS: Final[Functions] = {
    "aws:eks/getCluster:getCluster": _cluster,
    "aws:eks/getClusterAuth:getClusterAuth": _cluster_auth,
    "aws:eks/getAddonVersion:getAddonVersion": _addon_version,
}
