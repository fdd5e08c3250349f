"""The lives of what every VPC has, what is tied to endpoints, and prefix lists."""

from __future__ import annotations

from lives.life import Life, Make, a_group, a_subnet, a_vpc, policy
from sandbox.engine.values import PropertyMap


def _vpc(make: Make) -> PropertyMap:
    return make("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.20.0.0/16"})


def _endpoint(make: Make, group: PropertyMap, **more: object) -> str:
    inputs: PropertyMap = {
        "vpcId": group["vpcId"],
        "serviceName": "com.amazonaws.eu-west-1.sagemaker.api",
        "vpcEndpointType": "Interface",
        **more,
    }
    return str(make("aws:ec2/vpcEndpoint:VpcEndpoint", "endpoint", inputs)["id"])


def _group_tie(make: Make) -> PropertyMap:
    group = a_group(make)
    return {"securityGroupId": group["id"], "vpcEndpointId": _endpoint(make, group)}


def _subnet_tie(make: Make) -> PropertyMap:
    subnet = a_subnet(make)
    return {"subnetId": subnet["id"], "vpcEndpointId": _endpoint(make, subnet)}


def _endpoint_policy(action: str) -> str:
    return policy({"Principal": "*", "Action": action, "Resource": "*"})


def _acl_tie(make: Make) -> PropertyMap:
    subnet = a_subnet(make)
    acl = make("aws:ec2/networkAcl:NetworkAcl", "acl", {"vpcId": subnet["vpcId"]})
    return {"subnetId": subnet["id"], "networkAclId": acl["id"]}


def _https(number: int) -> PropertyMap:
    ports = {"fromPort": 443, "toPort": 443}
    return {"ruleNo": number, "action": "allow", "protocol": "tcp", "cidrBlock": "10.0.0.0/8", **ports}


LIVES = [
    Life(
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        lambda make: {"defaultRouteTableId": _vpc(make)["defaultRouteTableId"]},
        {"tags": {"a": "b"}},
        {"defaultRouteTableId": "rtb-0123456789abcdef0"},
        by_code=frozenset({"defaultRouteTableId"}),
        gone_after_delete=False,
    ),
    Life(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        lambda make: {
            "defaultNetworkAclId": _vpc(make)["defaultNetworkAclId"],
            "ingress": [_https(100)],
        },
        {"ingress": [_https(200)], "egress": [_https(100)], "tags": {"a": "b"}},
        {"defaultNetworkAclId": "acl-0123456789abcdef0"},
        by_code=frozenset({"defaultNetworkAclId"}),
        gone_after_delete=False,
    ),
    Life(
        "aws:ec2/networkAclAssociation:NetworkAclAssociation",
        _acl_tie,
        None,
        {"networkAclId": "acl-0123456789abcdef0"},
        by_code=frozenset({"networkAclId", "subnetId"}),
    ),
    Life(
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        lambda make: {"vpcId": a_vpc(make), "cidrBlock": "10.21.0.0/16"},
        None,
        {"cidrBlock": "10.22.0.0/16"},
    ),
    Life(
        "aws:ebs/encryptionByDefault:EncryptionByDefault",
        lambda _: {},
        {"enabled": False},
        gone_after_delete=False,
    ),
    Life(
        "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
        lambda make: {
            "vpcEndpointId": _endpoint(make, a_subnet(make)),
            "policy": _endpoint_policy("sagemaker:CreateTrainingJob"),
        },
        {"policy": _endpoint_policy("sagemaker:*")},
        {"vpcEndpointId": "vpce-0123456789abcdef0"},
        gone_after_delete=False,
    ),
    Life(
        "aws:ec2/securityGroupAssociation:SecurityGroupAssociation",
        _group_tie,
        None,
        {"securityGroupId": "sg-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation",
        _subnet_tie,
        None,
        {"subnetId": "subnet-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/managedPrefixList:ManagedPrefixList",
        lambda _: {
            "addressFamily": "IPv4",
            "maxEntries": 5,
            "entries": [{"cidr": "10.0.0.0/8", "description": "inside"}, {"cidr": "192.0.2.0/24"}],
        },
        {
            "entries": [{"cidr": "10.0.0.0/8", "description": "all of it"}, {"cidr": "198.51.100.0/24"}],
            "maxEntries": 6,
            "tags": {"a": "b"},
        },
        {"addressFamily": "IPv6"},
    ),
]
