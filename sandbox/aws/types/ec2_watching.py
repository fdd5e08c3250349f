"""EC2, what watches and fences subnets: network ACLs and flow logs."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.cloud import CloudError
from sandbox.aws.networks import cidr_failures, ec2_tags, tagged_alike
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}


def _entry(rule: PropertyMap, egress: bool) -> Params:
    protocol = str(rule["protocol"])
    entry: Params = {
        "Egress": egress,
        "Protocol": _PROTOCOLS.get(protocol, protocol),
        "RuleAction": rule["action"],
        "RuleNumber": int(rule["ruleNo"]),
    }
    if entry["Protocol"] != "-1":
        entry["PortRange"] = {"From": int(rule["fromPort"]), "To": int(rule["toPort"])}
    if rule.get("cidrBlock"):
        entry["CidrBlock"] = rule["cidrBlock"]
    if rule.get("ipv6CidrBlock"):
        entry["Ipv6CidrBlock"] = rule["ipv6CidrBlock"]
    return entry


def _entries(inputs: PropertyMap) -> list[Params]:
    return [
        _entry(rule, direction == "egress")
        for direction in ("ingress", "egress")
        for rule in inputs.get(direction) or ()
    ]


def put_entries(subject: Subject) -> None:
    """Makes an ACL's rules what the inputs say, against what they said before."""
    wanted, held = _entries(subject.inputs), _entries(subject.before)
    acl = {"NetworkAclId": subject.id}
    for entry in held:
        if entry not in wanted:
            key = {"Egress": entry["Egress"], "RuleNumber": entry["RuleNumber"]}
            subject.cloud.call("ec2", "DeleteNetworkAclEntry", {**acl, **key})
    for entry in wanted:
        if entry not in held:
            try:
                subject.cloud.call("ec2", "CreateNetworkAclEntry", {**acl, **entry})
            except CloudError as error:
                if error.code != "NetworkAclEntryAlreadyExists":  # There from an interrupted create.
                    raise


def _associations(subject: Subject, subnets: set[str]) -> dict[str, str]:
    """Subnet -> association, whichever ACL holds it now."""
    acls = subject.cloud.call("ec2", "DescribeNetworkAcls")["NetworkAcls"]
    return {
        association["SubnetId"]: association["NetworkAclAssociationId"]
        for acl in acls
        for association in acl.get("Associations", ())
        if association["SubnetId"] in subnets
    }


def replace_acl(subject: Subject, subnets: set[str], acl: str) -> None:
    """Puts subnets under an ACL, whichever holds them now."""
    for association in _associations(subject, subnets).values():
        params = {"AssociationId": association, "NetworkAclId": acl}
        subject.cloud.call("ec2", "ReplaceNetworkAclAssociation", params)


def default_acl(subject: Subject, vpc: str) -> str:
    """The ACL that a VPC came with."""
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "default", "Values": ["true"]},
    ]
    return str(
        subject.cloud.call("ec2", "DescribeNetworkAcls", {"Filters": filters})["NetworkAcls"][0][
            "NetworkAclId"
        ]
    )


def put_subnets(subject: Subject) -> None:
    """Puts the inputs' subnets under the ACL, and those that left it under the VPC's own."""
    wanted, held = set(subject.inputs.get("subnetIds") or ()), set(subject.before.get("subnetIds") or ())
    replace_acl(subject, wanted - held, subject.id)
    if held - wanted:
        # The default ACL itself cannot let a subnet go but to another.
        vpc = (_describe_acl(subject) or {}).get("VpcId") or subject.inputs["vpcId"]
        replace_acl(subject, held - wanted, default_acl(subject, str(vpc)))


def _delete_acl(subject: Subject) -> None:
    found = _describe_acl(subject)
    subnets = {association["SubnetId"] for association in (found or {}).get("Associations", ())}
    if subnets:
        replace_acl(subject, subnets, default_acl(subject, str(subject.inputs["vpcId"])))
    subject.cloud.call("ec2", "DeleteNetworkAcl", {"NetworkAclId": subject.id})


_describe_acl = reading("ec2", "DescribeNetworkAcls", lambda s: {"NetworkAclIds": [s.id]}, "NetworkAcls.0")


def check_acl(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """What EC2 refuses of an ACL's rules."""
    for direction in ("ingress", "egress"):
        rules = inputs.get(direction)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if not isinstance(rule, dict):
                continue
            path = f"{direction}[{index}]"
            yield from cidr_failures(f"{path}.cidrBlock", rule.get("cidrBlock"))
            if isinstance(rule.get("action"), str) and rule["action"] not in ("allow", "deny"):
                yield CheckFailure(f"{path}.action", f"{rule['action']!r} is not one of allow, deny")
            number = rule.get("ruleNo")
            if isinstance(number, (int, float)) and not 1 <= number <= 32766:
                yield CheckFailure(f"{path}.ruleNo", f"{number:g} is out of range: allowed is 1 to 32766")


NETWORK_ACL = ResourceType(
    type="aws:ec2/networkAcl:NetworkAcl",
    service="ec2",
    tier="native",
    create=Call(operation="CreateNetworkAcl", sends=("vpcId",)),
    id=answered("NetworkAcl.NetworkAclId"),
    read=_describe_acl,
    delete=_delete_acl,
    steps=(
        Step(on=("ingress", "egress"), do=put_entries),
        Step(on=("subnetIds",), do=put_subnets),
    ),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"network-acl/{s.id}"),
        "ownerId": lambda s: s.cloud.account_id,
    },
    echoes={"vpcId": "VpcId"},
    find=tagged_alike(
        "DescribeNetworkAcls",
        "NetworkAcls",
        "NetworkAclId",
        lambda s, acl: acl["VpcId"] == s.inputs["vpcId"] and not acl.get("IsDefault"),
    ),
    unordered=("ingress", "egress", "subnetIds"),
    tags=ec2_tags("network-acl"),
    checks=check_acl,
)

_WATCHED = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
}


def _watched(subject: Subject) -> Params:
    name = next(name for name in _WATCHED if subject.inputs.get(name))
    return {"ResourceIds": [subject.inputs[name]], "ResourceType": _WATCHED[name]}


def _flow_log_id(subject: Subject) -> str:
    for refused in subject.at("Unsuccessful") or ():
        error = refused["Error"]
        raise CloudError("ec2", "CreateFlowLogs", error.get("Code", ""), error.get("Message", ""))
    return str(subject.at("FlowLogIds.0"))


def _check_flow_log(inputs: PropertyMap) -> Iterable[CheckFailure]:
    held = [name for name in _WATCHED if inputs.get(name) is not None]
    if len(held) != 1:
        yield CheckFailure(
            held[1] if held else "", f"exactly one of {', '.join(_WATCHED)} is needed, not {len(held)}"
        )
    interval = inputs.get("maxAggregationInterval")
    if isinstance(interval, (int, float)) and interval not in (60, 600):
        yield CheckFailure("maxAggregationInterval", f"{interval:g} is not one of 60, 600")
    kind = inputs.get("logDestinationType", "cloud-watch-logs")
    if kind == "cloud-watch-logs" and inputs.get("iamRoleArn") is None:
        yield CheckFailure("iamRoleArn", "is required for a log group as destination and was not given")
    if kind != "cloud-watch-logs" and inputs.get("logDestination") is None:
        yield CheckFailure("logDestination", "is required for this destination and was not given")


FLOW_LOG = ResourceType(
    type="aws:ec2/flowLog:FlowLog",
    service="ec2",
    tier="overlay",
    create=Call(
        operation="CreateFlowLogs",
        names={
            "iamRoleArn": "DeliverLogsPermissionArn",
            "tagFieldSpecifications": "",
            "regionalNatGatewayId": "",
        },
        adds=_watched,
    ),
    id=_flow_log_id,
    read=reading("ec2", "DescribeFlowLogs", lambda s: {"FlowLogIds": [s.id]}, "FlowLogs.0"),
    delete=Call(operation="DeleteFlowLogs", sends=(), adds=lambda s: {"FlowLogIds": [s.id]}),
    outputs={
        "arn": lambda s: s.cloud.arn("ec2", f"vpc-flow-log/{s.id}"),
        "logDestination": "LogDestination",
        "logDestinationType": "LogDestinationType",
        "logFormat": "LogFormat",
    },
    echoes={"trafficType": "TrafficType"},
    find=tagged_alike(
        "DescribeFlowLogs",
        "FlowLogs",
        "FlowLogId",
        lambda s, log: (
            log["ResourceId"] in s.inputs.values() and log.get("TrafficType") == s.inputs.get("trafficType")
        ),
    ),
    defaults={"maxAggregationInterval": 600},
    tags=ec2_tags("vpc-flow-log"),
    unsupported=("regionalNatGatewayId", "tagFieldSpecifications"),
    checks=_check_flow_log,
)

TYPES = (NETWORK_ACL, FLOW_LOG)
