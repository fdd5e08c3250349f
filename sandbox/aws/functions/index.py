"""Who asks, where, and what AWS has there: the functions of no service."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _caller(cloud: Cloud, _: PropertyMap) -> PropertyMap:
    identity = cloud.call("sts", "GetCallerIdentity")
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "userId": identity["UserId"], "id": account}


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

FUNCTIONS: Final[Functions] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getPartition:getPartition": _partition,
}
