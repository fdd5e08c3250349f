"""The data functions (invokes): answered as AWS does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sandbox.aws.cloud import Cloud, CloudError
from sandbox.aws.images import registry_of
from sandbox.aws.policy_document import policy_document
from sandbox.aws.tagging import parsed
from sandbox.engine.provider import CheckFailure, InvokeResult, ProviderError
from sandbox.engine.values import PropertyMap


class UnknownFunctionError(ProviderError):
    """A data function that the sandbox does not answer."""

    def __init__(self, token: str) -> None:
        known = ", ".join(sorted(FUNCTIONS))
        super().__init__(
            f"the data function {token} is not known to the sandbox; add it to sandbox/aws/functions.py. "
            f"Known are: {known}"
        )


def invoke(cloud: Cloud, token: str, arguments: PropertyMap) -> InvokeResult:
    """The function's answer; a refusal of the service is a failure. Raises UnknownFunctionError."""
    function = FUNCTIONS.get(token)
    if function is None:
        raise UnknownFunctionError(token)
    try:
        return InvokeResult(function(cloud, arguments))
    except (CloudError, LookupError) as error:
        return InvokeResult({}, [CheckFailure("", str(error))])


def _caller(cloud: Cloud, _: PropertyMap) -> PropertyMap:
    identity = cloud.call("sts", "GetCallerIdentity")
    account, arn = identity["Account"], identity["Arn"]
    if cloud.identity.role is not None:
        arn = cloud.identity.role.session_arn
    return {"accountId": account, "arn": arn, "userId": identity["UserId"], "id": account}


def _region(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    wanted = arguments.get("name") or arguments.get("region") or cloud.region
    endpoint = f"ec2.{wanted}.{cloud.dns_suffix}"
    # The provider's own region is known; asking would cost every program the reading of EC2's model.
    if wanted != cloud.region:
        found = cloud.call("ec2", "DescribeRegions", {"AllRegions": True})["Regions"]
        if wanted not in [region["RegionName"] for region in found]:
            raise LookupError(f"there is no AWS region {wanted}")
    return {
        "description": _REGION_NAMES.get(wanted, wanted),
        "endpoint": endpoint,
        "id": wanted,
        "name": wanted,
        "region": wanted,
    }


def _zones(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    params: dict[str, Any] = {}
    if arguments.get("filters"):
        params["Filters"] = [
            {"Name": item["name"], "Values": list(item["values"])} for item in arguments["filters"]
        ]
    if arguments.get("allAvailabilityZones"):
        params["AllAvailabilityZones"] = True
    left_out = set(arguments.get("excludeNames") or ()) | set(arguments.get("excludeZoneIds") or ())
    zones = [
        zone
        for zone in cloud.call("ec2", "DescribeAvailabilityZones", params)["AvailabilityZones"]
        if not left_out & {zone["ZoneName"], zone.get("ZoneId")}
        and zone["State"] == (arguments.get("state") or zone["State"])
    ]
    zones.sort(key=lambda zone: str(zone["ZoneName"]))
    return {
        **arguments,
        "groupNames": sorted({zone.get("GroupName") or cloud.region for zone in zones}),
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "region": cloud.region,
        "id": cloud.region,
    }


def _partition(cloud: Cloud, _: PropertyMap) -> PropertyMap:
    return {
        "dnsSuffix": cloud.dns_suffix,
        "id": cloud.partition,
        "partition": cloud.partition,
        "reverseDnsPrefix": ".".join(reversed(cloud.dns_suffix.split("."))),
    }


def _image(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    region = arguments.get("region") or cloud.region
    repository = arguments["repositoryName"]
    registry = registry_of(repository, region)
    suffix = arguments.get("dnsSuffix") or cloud.dns_suffix
    tag = arguments.get("imageTag") or "1"
    return {
        **arguments,
        "dnsSuffix": suffix,
        "imageTag": tag,
        "region": region,
        "registryId": registry,
        "registryPath": f"{registry}.dkr.ecr.{region}.{suffix}/{repository}:{tag}",
        "id": registry,
    }


def _key(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("kms", "DescribeKey", {"KeyId": arguments["keyId"]})["KeyMetadata"]
    created = found.get("CreationDate")
    return {
        "arn": found["Arn"],
        "awsAccountId": found["AWSAccountId"],
        "creationDate": created.isoformat() if isinstance(created, datetime) else created,
        "customerMasterKeySpec": found.get("CustomerMasterKeySpec"),
        "description": found.get("Description"),
        "enabled": found.get("Enabled"),
        "id": found["KeyId"],
        "keyId": arguments["keyId"],
        "keyManager": found.get("KeyManager"),
        "keySpec": found.get("KeySpec"),
        "keyState": found.get("KeyState"),
        "keyUsage": found.get("KeyUsage"),
        "multiRegion": found.get("MultiRegion", False),
        "origin": found.get("Origin"),
        "region": cloud.region,
    }


def _bucket(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    name = arguments["bucket"]
    answer = cloud.call("s3", "HeadBucket", {"Bucket": name})
    region = answer.get("BucketRegion") or cloud.region
    return {
        "arn": f"arn:{cloud.partition}:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.{cloud.dns_suffix}",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{name}.s3.{region}.{cloud.dns_suffix}",
        "id": name,
        "region": region,
    }


def _prefix_list(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    for item in cloud.call("ec2", "DescribeManagedPrefixLists")["PrefixLists"]:
        if arguments.get("name") in (None, item["PrefixListName"]) and arguments.get("prefixListId") in (
            None,
            item["PrefixListId"],
        ):
            entries = cloud.call("ec2", "GetManagedPrefixListEntries", {"PrefixListId": item["PrefixListId"]})
            return {
                "cidrBlocks": [entry["Cidr"] for entry in entries["Entries"]],
                "id": item["PrefixListId"],
                "name": item["PrefixListName"],
                "region": cloud.region,
            }
    raise LookupError(f"there is no prefix list {arguments.get('name') or arguments.get('prefixListId')}")


def _vpc(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    params: dict[str, Any] = {"VpcIds": [arguments["id"]]} if arguments.get("id") else {}
    if arguments.get("default"):
        params["Filters"] = [{"Name": "is-default", "Values": ["true"]}]
    found = cloud.call("ec2", "DescribeVpcs", params)["Vpcs"]
    if len(found) != 1:
        raise LookupError(f"{len(found)} VPCs match, and one is needed")
    vpc = found[0]
    return {
        "arn": cloud.arn("ec2", f"vpc/{vpc['VpcId']}"),
        "cidrBlock": vpc["CidrBlock"],
        "default": vpc["IsDefault"],
        "id": vpc["VpcId"],
        "instanceTenancy": vpc["InstanceTenancy"],
        "ownerId": cloud.account_id,
        "region": cloud.region,
        "tags": parsed(vpc.get("Tags")),
    }


_REGION_NAMES: Final = {
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "Europe (Frankfurt)",
    "eu-north-1": "Europe (Stockholm)",
    "eu-west-1": "Europe (Ireland)",
    "eu-west-2": "Europe (London)",
    "eu-west-3": "Europe (Paris)",
    "sa-east-1": "South America (Sao Paulo)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
}

FUNCTIONS: Final[Mapping[str, Callable[[Cloud, PropertyMap], PropertyMap]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getPartition:getPartition": _partition,
    "aws:iam/getPolicyDocument:getPolicyDocument": lambda _, arguments: policy_document(arguments),
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": _image,
    "aws:kms/getKey:getKey": _key,
    "aws:s3/getBucket:getBucket": _bucket,
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getVpc:getVpc": _vpc,
}
"""By token: a function of the cloud and the arguments; raises CloudError or LookupError."""
