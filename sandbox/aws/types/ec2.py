"""EC2, the network: VPCs, subnets, internet gateways."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.aws.networks import ec2_tags, tagged_alike, vpc_block_failures
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject


def described_by_id(operation: str, member: str, key: str) -> Callable[[Subject], Params | None]:
    return reading("ec2", operation, lambda s: {member: [s.id]}, f"{key}.0")


def _filtered(subject: Subject, operation: str, key: str, **filters: str) -> list[Params]:
    wanted = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    return list(subject.cloud.call("ec2", operation, {"Filters": wanted})[key])


def _first(operation: str, key: str, member: str, **filters: str) -> Callable[[Subject], str | None]:
    def find(subject: Subject) -> str | None:
        found = _filtered(subject, operation, key, vpc_id=subject.id, **filters)
        return str(found[0][member]) if found else None

    return find


def _main_route_table(subject: Subject) -> str | None:
    tables = _filtered(subject, "DescribeRouteTables", "RouteTables", vpc_id=subject.id)
    mains = (
        table["RouteTableId"]
        for table in tables
        if any(association.get("Main") for association in table.get("Associations", ()))
    )
    return next(mains, None)


def _vpc_attribute(name: str, default: bool) -> Callable[[Subject], None]:
    member = name[0].upper() + name[1:]

    def modify(subject: Subject) -> None:
        value = bool(subject.inputs.get(name, default))
        subject.cloud.call("ec2", "ModifyVpcAttribute", {"VpcId": subject.id, member: {"Value": value}})

    return modify


def _vpc_echo(name: str) -> Callable[[Subject], bool | None]:
    member = name[0].upper() + name[1:]

    def describe(subject: Subject) -> bool | None:
        answer = subject.cloud.call("ec2", "DescribeVpcAttribute", {"VpcId": subject.id, "Attribute": name})
        value = answer.get(member, {}).get("Value")
        return None if value is None else bool(value)

    return describe


VPC = ResourceType(
    type="aws:ec2/vpc:Vpc",
    service="ec2",
    tier="native",
    create=Call(
        operation="CreateVpc",
        names={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"},
    ),
    id=answered("Vpc.VpcId"),
    read=described_by_id("DescribeVpcs", "VpcIds", "Vpcs"),
    delete=Call(operation="DeleteVpc", sends=(), adds=lambda s: {"VpcId": s.id}),
    steps=(
        Step(on=("enableDnsSupport",), do=_vpc_attribute("enableDnsSupport", True)),
        Step(on=("enableDnsHostnames",), do=_vpc_attribute("enableDnsHostnames", False)),
        Step(
            on=("enableNetworkAddressUsageMetrics",),
            do=_vpc_attribute("enableNetworkAddressUsageMetrics", False),
        ),
    ),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"vpc/{s.id}"),
        "defaultSecurityGroupId": _first(
            "DescribeSecurityGroups", "SecurityGroups", "GroupId", group_name="default"
        ),
        "defaultNetworkAclId": _first("DescribeNetworkAcls", "NetworkAcls", "NetworkAclId", default="true"),
        "mainRouteTableId": _main_route_table,
        "defaultRouteTableId": _main_route_table,
        "dhcpOptionsId": "DhcpOptionsId",
        "ownerId": lambda s: s.cloud.account_id,
        "instanceTenancy": "InstanceTenancy",
    },
    echoes={
        "cidrBlock": "CidrBlock",
        "enableDnsSupport": _vpc_echo("enableDnsSupport"),
        "enableDnsHostnames": _vpc_echo("enableDnsHostnames"),
    },
    find=tagged_alike(
        "DescribeVpcs", "Vpcs", "VpcId", lambda s, vpc: bool(vpc["CidrBlock"] == s.inputs.get("cidrBlock"))
    ),
    defaults={"enableDnsSupport": True},
    tags=ec2_tags("vpc"),
    checks=vpc_block_failures,
)


def _subnet_attribute(name: str, member: str) -> Step:
    def modify(subject: Subject) -> None:
        value = {"Value": bool(subject.inputs.get(name))}
        subject.cloud.call("ec2", "ModifySubnetAttribute", {"SubnetId": subject.id, member: value})

    return Step(on=(name,), do=modify)


SUBNET = ResourceType(
    type="aws:ec2/subnet:Subnet",
    service="ec2",
    tier="native",
    create=Call(operation="CreateSubnet"),
    id=answered("Subnet.SubnetId"),
    read=described_by_id("DescribeSubnets", "SubnetIds", "Subnets"),
    delete=Call(operation="DeleteSubnet", sends=(), adds=lambda s: {"SubnetId": s.id}),
    steps=(
        _subnet_attribute("mapPublicIpOnLaunch", "MapPublicIpOnLaunch"),
        _subnet_attribute("assignIpv6AddressOnCreation", "AssignIpv6AddressOnCreation"),
    ),
    outputs={
        "arn": lambda s: s.at("SubnetArn") or s.cloud.arn("ec2", f"subnet/{s.id}"),
        "availabilityZone": "AvailabilityZone",
        "availabilityZoneId": "AvailabilityZoneId",
        "ownerId": "OwnerId",
        "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
    },
    echoes={
        "vpcId": "VpcId",
        "cidrBlock": "CidrBlock",
        "availabilityZone": "AvailabilityZone",
        "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
    },
    find=tagged_alike(
        "DescribeSubnets",
        "Subnets",
        "SubnetId",
        lambda s, subnet: bool(
            subnet["VpcId"] == s.inputs["vpcId"] and subnet["CidrBlock"] == s.inputs.get("cidrBlock")
        ),
    ),
    place=("vpcId", "cidrBlock"),
    tags=ec2_tags("subnet"),
    unsupported=(
        "customerOwnedIpv4Pool",
        "enableDns64",
        "enableLniAtDeviceIndex",
        "enableResourceNameDnsARecordOnLaunch",
        "enableResourceNameDnsAaaaRecordOnLaunch",
        "mapCustomerOwnedIpOnLaunch",
        "privateDnsHostnameTypeOnLaunch",
    ),
    checks=vpc_block_failures,
)


def _attach(subject: Subject) -> None:
    gateway = {"InternetGatewayId": subject.id}
    answer = subject.cloud.call("ec2", "DescribeInternetGateways", {"InternetGatewayIds": [subject.id]})
    attachments = answer["InternetGateways"][0].get("Attachments", ())
    attached = next((attachment["VpcId"] for attachment in attachments), None)
    wanted = subject.inputs.get("vpcId")
    if attached == wanted:
        return
    if attached:
        subject.cloud.call("ec2", "DetachInternetGateway", {**gateway, "VpcId": attached})
    if wanted:
        subject.cloud.call("ec2", "AttachInternetGateway", {**gateway, "VpcId": wanted})


def _delete_gateway(subject: Subject) -> None:
    gateway = {"InternetGatewayId": subject.id}
    answer = subject.cloud.call("ec2", "DescribeInternetGateways", {"InternetGatewayIds": [subject.id]})
    for attachment in answer["InternetGateways"][0].get("Attachments", ()):
        subject.cloud.call("ec2", "DetachInternetGateway", {**gateway, "VpcId": attachment["VpcId"]})
    subject.cloud.call("ec2", "DeleteInternetGateway", gateway)


def _attached_to(subject: Subject, gateway: Params) -> bool:
    attached = [attachment["VpcId"] for attachment in gateway.get("Attachments", ())]
    return attached in ([], [subject.inputs.get("vpcId")])


INTERNET_GATEWAY = ResourceType(
    type="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    tier="native",
    create=Call(operation="CreateInternetGateway", sends=()),
    id=answered("InternetGateway.InternetGatewayId"),
    read=described_by_id("DescribeInternetGateways", "InternetGatewayIds", "InternetGateways"),
    delete=_delete_gateway,
    steps=(Step(on=("vpcId",), do=_attach),),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"internet-gateway/{s.id}"),
        "ownerId": lambda s: s.cloud.account_id,
        "vpcId": "Attachments.0.VpcId",
    },
    echoes={"vpcId": "Attachments.0.VpcId"},
    find=tagged_alike("DescribeInternetGateways", "InternetGateways", "InternetGatewayId", _attached_to),
    tags=ec2_tags("internet-gateway"),
)


TYPES = (VPC, SUBNET, INTERNET_GATEWAY)
