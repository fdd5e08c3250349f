"""EC2, the private ways to AWS services: VPC endpoints."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import policy_failures
from sandbox.aws.networks import ec2_tags, tagged_alike
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _modified_lists(subject: Subject) -> Params:
    """What ModifyVpcEndpoint adds and removes."""
    params: Params = {"VpcEndpointId": subject.id}
    for name, member in (
        ("routeTableIds", "RouteTableIds"),
        ("subnetIds", "SubnetIds"),
        ("securityGroupIds", "SecurityGroupIds"),
    ):
        wanted, held = set(subject.inputs.get(name) or ()), set(subject.before.get(name) or ())
        if wanted - held:
            params[f"Add{member}"] = sorted(wanted - held)
        if held - wanted:
            params[f"Remove{member}"] = sorted(held - wanted)
    if subject.before.get("policy") and not subject.inputs.get("policy"):
        params["ResetPolicy"] = True
    return params


def _check_endpoint(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from policy_failures(inputs, "policy", principals=True)
    name = inputs.get("serviceName")
    if isinstance(name, str) and not name.startswith(("com.amazonaws.", "aws.", "cn.com.amazonaws.")):
        yield CheckFailure("serviceName", f"{name!r} is no service such as com.amazonaws.eu-west-1.s3")
    if inputs.get("vpcEndpointType", "Gateway") == "Gateway":
        for given in ("subnetIds", "securityGroupIds", "privateDnsEnabled"):
            if inputs.get(given):
                yield CheckFailure(given, "belongs to an Interface endpoint, and this one is a Gateway")
    elif inputs.get("vpcEndpointType") == "Interface" and inputs.get("routeTableIds"):
        yield CheckFailure("routeTableIds", "belongs to a Gateway endpoint, and this one is an Interface")


def _prefix_list(subject: Subject) -> str | None:
    if subject.at("VpcEndpointType") != "Gateway":
        return None
    name = subject.at("ServiceName")
    answer = subject.cloud.call("ec2", "DescribeManagedPrefixLists")
    found = (item["PrefixListId"] for item in answer["PrefixLists"] if item.get("PrefixListName") == name)
    return next(found, None)


def _read_endpoint(subject: Subject) -> Params | None:
    found = _describe_endpoint(subject)
    return None if found is None or str(found.get("State", "")).lower() in ("deleted", "deleting") else found


_describe_endpoint = reading(
    "ec2", "DescribeVpcEndpoints", lambda s: {"VpcEndpointIds": [s.id]}, "VpcEndpoints.0"
)

VPC_ENDPOINT = ResourceType(
    type="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    tier="native",
    create=Call(operation="CreateVpcEndpoint", names={"policy": "PolicyDocument"}),
    id=answered("VpcEndpoint.VpcEndpointId"),
    read=_read_endpoint,
    delete=Call(operation="DeleteVpcEndpoints", sends=(), adds=lambda s: {"VpcEndpointIds": [s.id]}),
    steps=(
        Step(
            on=(
                "policy",
                "routeTableIds",
                "subnetIds",
                "securityGroupIds",
                "privateDnsEnabled",
                "ipAddressType",
                "dnsOptions",
            ),
            do=Call(
                operation="ModifyVpcEndpoint",
                sends=("policy", "privateDnsEnabled", "ipAddressType", "dnsOptions"),
                names={"policy": "PolicyDocument"},
                adds=_modified_lists,
            ),
            at_create=False,
        ),
    ),
    local=("autoAccept",),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"vpc-endpoint/{s.id}"),
        "state": lambda s: str(s.at("State") or "available").lower(),
        "ownerId": lambda s: s.cloud.account_id,
        "prefixListId": _prefix_list,
        "networkInterfaceIds": lambda s: s.at("NetworkInterfaceIds") or [],
        "dnsEntries": lambda s: [
            {"dnsName": entry.get("DnsName"), "hostedZoneId": entry.get("HostedZoneId")}
            for entry in s.at("DnsEntries") or ()
        ],
        "vpcEndpointType": lambda s: s.at("VpcEndpointType") or "Gateway",
    },
    echoes={"vpcId": "VpcId", "serviceName": "ServiceName"},
    find=tagged_alike(
        "DescribeVpcEndpoints",
        "VpcEndpoints",
        "VpcEndpointId",
        lambda s, endpoint: (
            str(endpoint.get("State", "")).lower() not in ("deleted", "deleting")
            and endpoint["VpcId"] == s.inputs["vpcId"]
            and endpoint["ServiceName"] == s.inputs.get("serviceName")
        ),
    ),
    defaults={"vpcEndpointType": "Gateway"},
    documents=("policy",),
    unordered=("routeTableIds", "subnetIds", "securityGroupIds"),
    tags=ec2_tags("vpc-endpoint"),
    checks=_check_endpoint,
)


def _pair(subject: Subject) -> str:
    return f"{subject.inputs['vpcEndpointId']}/{subject.inputs['routeTableId']}"


def _read_pair(subject: Subject) -> Params | None:
    endpoint, _, table = subject.id.partition("/")
    found = reading(
        "ec2", "DescribeVpcEndpoints", lambda _: {"VpcEndpointIds": [endpoint]}, "VpcEndpoints.0"
    )(subject)
    if found is None or table not in found.get("RouteTableIds", ()):
        return None
    return {"VpcEndpointId": endpoint, "RouteTableId": table}


VPC_ENDPOINT_ROUTE_TABLE_ASSOCIATION = ResourceType(
    type="aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
    service="ec2",
    tier="native",
    create=Call(
        operation="ModifyVpcEndpoint",
        names={"routeTableId": "AddRouteTableIds"},
    ),
    id=_pair,
    read=_read_pair,
    delete=Call(
        operation="ModifyVpcEndpoint",
        sends=(),
        adds=lambda s: {
            "VpcEndpointId": s.id.split("/")[0],
            "RemoveRouteTableIds": [s.id.split("/")[1]],
        },
    ),
    echoes={"vpcEndpointId": "VpcEndpointId", "routeTableId": "RouteTableId"},
    known_id=_pair,
    place=("vpcEndpointId", "routeTableId"),
)

TYPES = (VPC_ENDPOINT, VPC_ENDPOINT_ROUTE_TABLE_ASSOCIATION)
