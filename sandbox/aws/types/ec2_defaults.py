"""EC2, what every VPC and account has already: default tables and ACLs, blocks, EBS encryption."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.aws.networks import VPC_PREFIXES, cidr_failures, ec2_tags
from sandbox.aws.rows import reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.ec2_routing import check_inline, put_routes
from sandbox.aws.types.ec2_watching import check_acl, default_acl, put_entries, put_subnets, replace_acl
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_LAST_RULE = 32767
"""The rule that denies the rest; nobody can remove it."""

_read_table = reading("ec2", "DescribeRouteTables", lambda s: {"RouteTableIds": [s.id]}, "RouteTables.0")


def _adopt_table(subject: Subject) -> Params:
    """Takes the table over, and every route out of it that AWS did not make itself."""
    id = str(subject.inputs["defaultRouteTableId"])
    params = {"RouteTableIds": [id]}
    table: Params = subject.cloud.call("ec2", "DescribeRouteTables", params)["RouteTables"][0]
    for route in table.get("Routes", ()):
        if route.get("Origin") == "CreateRoute" and route.get("GatewayId") != "local":
            names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
            key = {name: route[name] for name in names if route.get(name)}
            subject.cloud.call("ec2", "DeleteRoute", {"RouteTableId": id, **key})
    return table


DEFAULT_ROUTE_TABLE = ResourceType(
    type="aws:ec2/defaultRouteTable:DefaultRouteTable",
    service="ec2",
    tier="native",
    create=_adopt_table,
    id=lambda s: str(s.inputs["defaultRouteTableId"]),
    read=_read_table,
    delete=None,
    steps=(Step(on=("routes",), do=put_routes),),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"route-table/{s.id}"),
        "ownerId": lambda s: s.cloud.account_id,
        "vpcId": "VpcId",
    },
    echoes={"defaultRouteTableId": "RouteTableId"},
    find=lambda s, _: str(_adopt_table(s)["RouteTableId"]),
    place=("defaultRouteTableId",),
    unordered=("routes",),
    tags=ec2_tags("route-table", at_create=False),
    unsupported=("propagatingVgws",),
    checks=check_inline,
)

_read_acl = reading("ec2", "DescribeNetworkAcls", lambda s: {"NetworkAclIds": [s.id]}, "NetworkAcls.0")


def _adopt_acl(subject: Subject) -> Params:
    """Takes the ACL over, and every rule out of it: what is not written down is denied."""
    id = str(subject.inputs["defaultNetworkAclId"])
    params = {"NetworkAclIds": [id]}
    acl: Params = subject.cloud.call("ec2", "DescribeNetworkAcls", params)["NetworkAcls"][0]
    for entry in acl.get("Entries", ()):
        if entry["RuleNumber"] != _LAST_RULE:
            key = {"Egress": entry["Egress"], "RuleNumber": entry["RuleNumber"]}
            subject.cloud.call("ec2", "DeleteNetworkAclEntry", {"NetworkAclId": id, **key})
    return acl


DEFAULT_NETWORK_ACL = ResourceType(
    type="aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    service="ec2",
    tier="native",
    create=_adopt_acl,
    id=lambda s: str(s.inputs["defaultNetworkAclId"]),
    read=_read_acl,
    delete=None,
    steps=(
        Step(on=("ingress", "egress"), do=put_entries),
        Step(on=("subnetIds",), do=put_subnets),
    ),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"network-acl/{s.id}"),
        "ownerId": lambda s: s.cloud.account_id,
        "vpcId": "VpcId",
    },
    echoes={"defaultNetworkAclId": "NetworkAclId"},
    find=lambda s, _: str(_adopt_acl(s)["NetworkAclId"]),
    place=("defaultNetworkAclId",),
    unordered=("ingress", "egress", "subnetIds"),
    tags=ec2_tags("network-acl", at_create=False),
    checks=check_acl,
)


def _association(subject: Subject, matches: Mapping[str, str]) -> Params | None:
    """The association of a subnet with an ACL that is like this."""
    for acl in subject.cloud.call("ec2", "DescribeNetworkAcls")["NetworkAcls"]:
        for held in acl.get("Associations", ()):
            if all(held.get(member) == value for member, value in matches.items()):
                return {**held, "VpcId": acl["VpcId"]}
    return None


def _wanted(subject: Subject) -> dict[str, str]:
    return {
        "SubnetId": str(subject.inputs["subnetId"]),
        "NetworkAclId": str(subject.inputs["networkAclId"]),
    }


def _associate(subject: Subject) -> Params:
    replace_acl(subject, {str(subject.inputs["subnetId"])}, str(subject.inputs["networkAclId"]))
    return _association(subject, _wanted(subject)) or {}


def _give_back(subject: Subject) -> None:
    held = _association(subject, {"NetworkAclAssociationId": subject.id})
    if held is not None:
        replace_acl(subject, {held["SubnetId"]}, default_acl(subject, held["VpcId"]))


def _find_association(subject: Subject, taken: frozenset[str]) -> str | None:
    held = _association(subject, _wanted(subject))
    return None if held is None else str(held["NetworkAclAssociationId"])


NETWORK_ACL_ASSOCIATION = ResourceType(
    type="aws:ec2/networkAclAssociation:NetworkAclAssociation",
    service="ec2",
    tier="native",
    create=_associate,
    id=lambda s: str(s.at("NetworkAclAssociationId")),
    read=lambda s: _association(s, {"NetworkAclAssociationId": s.id}),
    delete=_give_back,
    echoes={"networkAclId": "NetworkAclId", "subnetId": "SubnetId"},
    find=_find_association,
    place=("subnetId",),
)


def _block(subject: Subject, **matches: str) -> Params | None:
    for vpc in subject.cloud.call("ec2", "DescribeVpcs")["Vpcs"]:
        for held in vpc.get("CidrBlockAssociationSet", ()):
            state = (held.get("CidrBlockState") or {}).get("State", "associated")
            here = {**held, "VpcId": vpc["VpcId"]}
            if state == "associated" and all(here[name] == value for name, value in matches.items()):
                return here
    return None


def _find_block(subject: Subject, taken: frozenset[str]) -> str | None:
    inputs = subject.inputs
    found = _block(subject, VpcId=str(inputs["vpcId"]), CidrBlock=str(inputs.get("cidrBlock")))
    return None if found is None or found["AssociationId"] in taken else str(found["AssociationId"])


def _check_block(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from cidr_failures("cidrBlock", inputs.get("cidrBlock"), VPC_PREFIXES)
    if inputs.get("cidrBlock") is None and inputs.get("ipv4IpamPoolId") is None:
        yield CheckFailure("cidrBlock", "is required where no IPAM pool gives one")


VPC_BLOCK = ResourceType(
    type="aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
    service="ec2",
    tier="native",
    create=Call(operation="AssociateVpcCidrBlock"),
    id=lambda s: str(s.at("CidrBlockAssociation.AssociationId")),
    read=lambda s: _block(s, AssociationId=s.id),
    delete=Call(operation="DisassociateVpcCidrBlock", sends=(), adds=lambda s: {"AssociationId": s.id}),
    outputs={"cidrBlock": "CidrBlock"},
    echoes={"vpcId": "VpcId", "cidrBlock": "CidrBlock"},
    find=_find_block,
    place=("vpcId", "cidrBlock"),
    unsupported=("ipv4IpamPoolId", "ipv4NetmaskLength"),
    checks=_check_block,
)


def _encrypt(subject: Subject) -> None:
    wanted = subject.inputs.get("enabled", True)
    subject.cloud.call("ec2", f"{'Enable' if wanted else 'Disable'}EbsEncryptionByDefault")


def _region(subject: Subject) -> str:
    return subject.cloud.region


ENCRYPTION_BY_DEFAULT = ResourceType(
    type="aws:ebs/encryptionByDefault:EncryptionByDefault",
    service="ec2",
    tier="native",
    create=_encrypt,
    id=_region,
    read=reading("ec2", "GetEbsEncryptionByDefault", lambda _: {}),
    delete=Call(operation="DisableEbsEncryptionByDefault", sends=()),
    steps=(Step(on=("enabled",), do=_encrypt, at_create=False),),
    echoes={"enabled": "EbsEncryptionByDefault"},
    known_id=_region,
    defaults={"enabled": True},
)

TYPES = (
    DEFAULT_ROUTE_TABLE,
    DEFAULT_NETWORK_ACL,
    NETWORK_ACL_ASSOCIATION,
    VPC_BLOCK,
    ENCRYPTION_BY_DEFAULT,
)
