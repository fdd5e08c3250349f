"""The lives of the types of `ec2`."""

from __future__ import annotations

from lives.life import Life, Make, a_subnet, a_vpc
from sandbox.engine.values import PropertyMap


def _table(make: Make) -> PropertyMap:
    return make("aws:ec2/routeTable:RouteTable", "table", {"vpcId": a_vpc(make)})


def _endpoint(make: Make) -> PropertyMap:
    return make(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "s3",
        {"vpcId": a_vpc(make), "serviceName": "com.amazonaws.eu-west-1.s3", "vpcEndpointType": "Gateway"},
    )


def _machine(make: Make) -> PropertyMap:
    inputs = {"ami": "ami-785db401", "instanceType": "t3.micro", "subnetId": a_subnet(make)["id"]}
    return make("aws:ec2/instance:Instance", "machine", inputs)


LIVES = [
    Life(
        "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
        lambda make: (lambda table: {"vpcId": table["vpcId"], "routeTableId": table["id"]})(_table(make)),
        None,
        {"routeTableId": "other"},
        by_code=frozenset({"routeTableId", "vpcId"}),
        recoverable=False,
    ),
    Life(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.30.0.0/16", "enableDnsHostnames": True},
        {"enableDnsHostnames": False, "tags": {"Name": "renamed"}},
        {"cidrBlock": "10.31.0.0/16"},
    ),
    Life(
        "aws:ec2/subnet:Subnet",
        lambda make: {"vpcId": a_vpc(make), "cidrBlock": "10.20.2.0/24", "availabilityZone": "eu-west-1a"},
        {"mapPublicIpOnLaunch": True},
        {"availabilityZone": "eu-west-1b"},
    ),
    Life(
        "aws:ec2/internetGateway:InternetGateway", lambda make: {"vpcId": a_vpc(make)}, {"tags": {"a": "b"}}
    ),
    Life(
        "aws:ec2/eip:Eip",
        lambda make: {"domain": "vpc", "instance": _machine(make)["id"]},
        {"instance": None, "tags": {"a": "b"}},
        {"domain": "standard"},
    ),
    Life(
        "aws:ec2/natGateway:NatGateway",
        lambda make: {
            "subnetId": a_subnet(make)["id"],
            "allocationId": make("aws:ec2/eip:Eip", "nat", {"domain": "vpc"})["allocationId"],
        },
        {"tags": {"a": "b"}},
        {"connectivityType": "private"},
    ),
    Life(
        "aws:ec2/routeTable:RouteTable",
        lambda make: {"vpcId": a_vpc(make)},
        {"tags": {"a": "b"}},
        {"vpcId": "vpc-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda make: (
            lambda subnet: {
                "subnetId": subnet["id"],
                "routeTableId": make("aws:ec2/routeTable:RouteTable", "t", {"vpcId": subnet["vpcId"]})["id"],
            }
        )(a_subnet(make)),
        None,
        {"routeTableId": "rtb-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/route:Route",
        lambda make: (
            lambda table: {
                "routeTableId": table["id"],
                "destinationCidrBlock": "0.0.0.0/0",
                "gatewayId": make(
                    "aws:ec2/internetGateway:InternetGateway", "gate", {"vpcId": table["vpcId"]}
                )["id"],
            }
        )(_table(make)),
        None,
        {"destinationCidrBlock": "192.0.2.0/24"},
    ),
    Life(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda make: {"vpcId": a_vpc(make), "serviceName": "com.amazonaws.eu-west-1.s3"},
        {"tags": {"a": "b"}},
        {"serviceName": "com.amazonaws.eu-west-1.dynamodb"},
    ),
    Life(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        lambda make: (
            lambda endpoint: {
                "vpcEndpointId": endpoint["id"],
                "routeTableId": make("aws:ec2/routeTable:RouteTable", "way", {"vpcId": endpoint["vpcId"]})[
                    "id"
                ],
            }
        )(_endpoint(make)),
    ),
]
