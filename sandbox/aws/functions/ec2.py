"""EC2: what stands in the network already."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap

Found = dict[str, Any]


def _filters(arguments: PropertyMap, **named: str) -> list[Found]:
    """The request's filters: the program's own, its tags, and arguments that are filters by another name."""
    filters = [
        {"Name": item["name"], "Values": list(item["values"])} for item in arguments.get("filters") or ()
    ]
    filters += [
        {"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()
    ]
    for name, wire in named.items():
        if arguments.get(name) is not None:
            value = arguments[name]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            filters.append({"Name": wire, "Values": [text]})
    return filters


def _many(cloud: Cloud, operation: str, key: str, filters: list[Found]) -> list[Found]:
    params = {"Filters": filters} if filters else {}
    return [item for page in cloud.pages("ec2", operation, key, params) for item in page[key]]


def _one(found: list[Found], what: str) -> Found:
    if len(found) != 1:
        raise LookupError(f"{len(found)} {what} match, and one is needed")
    return found[0]


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


def _main_table(cloud: Cloud, vpc: str) -> str:
    wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    tables = _many(cloud, "DescribeRouteTables", "RouteTables", wanted)
    return str(tables[0]["RouteTableId"]) if tables else ""


def _vpc(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    filters = _filters(
        arguments, id="vpc-id", cidrBlock="cidr", state="state", dhcpOptionsId="dhcp-options-id"
    )
    if arguments.get("default"):
        filters.append({"Name": "is-default", "Values": ["true"]})
    vpc = _one(_many(cloud, "DescribeVpcs", "Vpcs", filters), "VPCs")

    def attribute(name: str) -> bool:
        answer = cloud.call("ec2", "DescribeVpcAttribute", {"VpcId": vpc["VpcId"], "Attribute": name})
        return bool(answer[name[0].upper() + name[1:]]["Value"])

    return {
        "arn": cloud.arn("ec2", f"vpc/{vpc['VpcId']}"),
        "cidrBlock": vpc["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": item["AssociationId"],
                "cidrBlock": item["CidrBlock"],
                "state": item["CidrBlockState"]["State"],
            }
            for item in vpc.get("CidrBlockAssociationSet") or ()
        ],
        "default": vpc["IsDefault"],
        "dhcpOptionsId": vpc.get("DhcpOptionsId") or "",
        "enableDnsHostnames": attribute("enableDnsHostnames"),
        "enableDnsSupport": attribute("enableDnsSupport"),
        "enableNetworkAddressUsageMetrics": False,
        "id": vpc["VpcId"],
        "instanceTenancy": vpc["InstanceTenancy"],
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "mainRouteTableId": _main_table(cloud, vpc["VpcId"]),
        "ownerId": cloud.account_id,
        "region": cloud.region,
        "state": vpc.get("State") or "available",
        "tags": parsed(vpc.get("Tags")),
    }


def _vpcs(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = _many(cloud, "DescribeVpcs", "Vpcs", _filters(arguments))
    return {**arguments, "id": cloud.region, "ids": [vpc["VpcId"] for vpc in found], "region": cloud.region}


def _subnet(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    filters = _filters(
        arguments,
        id="subnet-id",
        vpcId="vpc-id",
        cidrBlock="cidrBlock",
        availabilityZone="availabilityZone",
        state="state",
        defaultForAz="defaultForAz",
    )
    subnet = _one(_many(cloud, "DescribeSubnets", "Subnets", filters), "subnets")
    return {
        "arn": subnet.get("SubnetArn") or cloud.arn("ec2", f"subnet/{subnet['SubnetId']}"),
        "assignIpv6AddressOnCreation": bool(subnet.get("AssignIpv6AddressOnCreation")),
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet.get("AvailabilityZoneId") or "",
        "availableIpAddressCount": subnet.get("AvailableIpAddressCount", 0),
        "cidrBlock": subnet["CidrBlock"],
        "customerOwnedIpv4Pool": "",
        "defaultForAz": bool(subnet.get("DefaultForAz")),
        "enableDns64": False,
        "enableLniAtDeviceIndex": 0,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "id": subnet["SubnetId"],
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociationId": "",
        "ipv6Native": False,
        "mapCustomerOwnedIpOnLaunch": False,
        "mapPublicIpOnLaunch": bool(subnet.get("MapPublicIpOnLaunch")),
        "outpostArn": "",
        "ownerId": cloud.account_id,
        "privateDnsHostnameTypeOnLaunch": "ip-name",
        "region": cloud.region,
        "state": subnet.get("State") or "available",
        "tags": parsed(subnet.get("Tags")),
        "vpcId": subnet["VpcId"],
    }


def _subnets(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = _many(cloud, "DescribeSubnets", "Subnets", _filters(arguments))
    ids = [subnet["SubnetId"] for subnet in found]
    return {
        **arguments,
        "id": cloud.region,
        "ids": ids,
        "region": cloud.region,
        "tags": arguments.get("tags") or {},
    }


def _security_group(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    filters = _filters(arguments, id="group-id", name="group-name", vpcId="vpc-id")
    group = _one(_many(cloud, "DescribeSecurityGroups", "SecurityGroups", filters), "security groups")
    return {
        "arn": cloud.arn("ec2", f"security-group/{group['GroupId']}"),
        "description": group["Description"],
        "id": group["GroupId"],
        "name": group["GroupName"],
        "region": cloud.region,
        "tags": parsed(group.get("Tags")),
        "vpcId": group.get("VpcId") or "",
    }


def _security_groups(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = _many(cloud, "DescribeSecurityGroups", "SecurityGroups", _filters(arguments))
    ids = [group["GroupId"] for group in found]
    return {
        **arguments,
        "arns": [cloud.arn("ec2", f"security-group/{id}") for id in ids],
        "id": cloud.region,
        "ids": ids,
        "region": cloud.region,
        "tags": arguments.get("tags") or {},
        "vpcIds": [group.get("VpcId") or "" for group in found],
    }


_TARGETS: Final = {
    "carrierGatewayId": "CarrierGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "instanceId": "InstanceId",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}


def _route_table(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    filters = _filters(
        arguments, routeTableId="route-table-id", subnetId="association.subnet-id", vpcId="vpc-id"
    )
    table = _one(_many(cloud, "DescribeRouteTables", "RouteTables", filters), "route tables")
    return {
        "arn": cloud.arn("ec2", f"route-table/{table['RouteTableId']}"),
        "associations": [
            {
                "gatewayId": item.get("GatewayId") or "",
                "main": bool(item.get("Main")),
                "routeTableAssociationId": item["RouteTableAssociationId"],
                "routeTableId": item["RouteTableId"],
                "subnetId": item.get("SubnetId") or "",
            }
            for item in table.get("Associations") or ()
        ],
        "gatewayId": arguments.get("gatewayId") or "",
        "id": table["RouteTableId"],
        "ownerId": cloud.account_id,
        "region": cloud.region,
        "routeTableId": table["RouteTableId"],
        "routes": [
            {
                "cidrBlock": route.get("DestinationCidrBlock") or "",
                "coreNetworkArn": "",
                "destinationPrefixListId": route.get("DestinationPrefixListId") or "",
                **{name: route.get(member) or "" for name, member in _TARGETS.items()},
            }
            for route in table.get("Routes") or ()
            if route.get("GatewayId") != "local"
        ],
        "subnetId": arguments.get("subnetId") or "",
        "tags": parsed(table.get("Tags")),
        "vpcId": table["VpcId"],
    }


def _internet_gateway(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    filters = _filters(arguments, internetGatewayId="internet-gateway-id")
    gateway = _one(_many(cloud, "DescribeInternetGateways", "InternetGateways", filters), "internet gateways")
    return {
        "arn": cloud.arn("ec2", f"internet-gateway/{gateway['InternetGatewayId']}"),
        "attachments": [
            {"state": item["State"], "vpcId": item["VpcId"]} for item in gateway.get("Attachments") or ()
        ],
        "id": gateway["InternetGatewayId"],
        "internetGatewayId": gateway["InternetGatewayId"],
        "ownerId": cloud.account_id,
        "region": cloud.region,
        "tags": parsed(gateway.get("Tags")),
    }


FUNCTIONS: Final[Functions] = {
    "aws:ec2/getInternetGateway:getInternetGateway": _internet_gateway,
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getRouteTable:getRouteTable": _route_table,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _security_group,
    "aws:ec2/getSecurityGroups:getSecurityGroups": _security_groups,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getVpcs:getVpcs": _vpcs,
}
