"""EC2: what stands in the network already."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap


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


FUNCTIONS: Final[Functions] = {
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getVpc:getVpc": _vpc,
}
