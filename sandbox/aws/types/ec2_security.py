"""EC2, what may pass: security groups and their rules, network ACLs, flow logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from sandbox.aws.cloud import CloudError
from sandbox.aws.networks import cidr_failures, ec2_tags
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

Direction = Literal["ingress", "egress"]
_OPEN: Params = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def rule_permission(rule: PropertyMap, group: str) -> Params:
    """An inline rule as EC2's IpPermission."""
    described = {"Description": rule["description"]} if rule.get("description") else {}
    permission: Params = {"IpProtocol": str(rule["protocol"])}
    if permission["IpProtocol"] not in ("-1", "all"):
        permission |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    permission["IpRanges"] = [{"CidrIp": block, **described} for block in rule.get("cidrBlocks") or ()]
    permission["Ipv6Ranges"] = [
        {"CidrIpv6": block, **described} for block in rule.get("ipv6CidrBlocks") or ()
    ]
    permission["PrefixListIds"] = [
        {"PrefixListId": item, **described} for item in rule.get("prefixListIds") or ()
    ]
    groups = [*(rule.get("securityGroups") or ()), *([group] if rule.get("self") else [])]
    permission["UserIdGroupPairs"] = [{"GroupId": item, **described} for item in groups]
    return {name: value for name, value in permission.items() if value != []}


def _inline_rules(direction: Direction) -> Callable[[Subject], None]:
    word = direction.capitalize()

    def put(subject: Subject) -> None:
        wanted = [rule_permission(rule, subject.id) for rule in subject.inputs.get(direction) or ()]
        held = [rule_permission(rule, subject.id) for rule in subject.before.get(direction) or ()]
        gone = [permission for permission in held if permission not in wanted]
        fresh = [permission for permission in wanted if permission not in held]
        if gone:
            params = {"GroupId": subject.id, "IpPermissions": gone}
            subject.cloud.call("ec2", f"RevokeSecurityGroup{word}", params)
        for permission in fresh:
            params = {"GroupId": subject.id, "IpPermissions": [permission]}
            try:
                subject.cloud.call("ec2", f"AuthorizeSecurityGroup{word}", params)
            except CloudError as error:
                if error.code != "InvalidPermission.Duplicate":  # There from an interrupted create.
                    raise

    return put


def _close(subject: Subject) -> None:
    """AWS opens a new group's egress to everything; the provider closes it, for rules to say what is open."""
    try:
        params = {"GroupId": subject.id, "IpPermissions": [_OPEN]}
        subject.cloud.call("ec2", "RevokeSecurityGroupEgress", params)
    except CloudError as error:
        if not error.gone:
            raise


def _check_inline(inputs: PropertyMap) -> Iterable[CheckFailure]:
    for direction in ("ingress", "egress"):
        rules = inputs.get(direction)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            blocks = rule.get("cidrBlocks") if isinstance(rule, dict) else None
            for place, block in enumerate(blocks if isinstance(blocks, list) else ()):
                yield from cidr_failures(f"{direction}[{index}].cidrBlocks[{place}]", block)


def _find_group(subject: Subject, taken: frozenset[str]) -> str | None:
    groups = subject.cloud.call("ec2", "DescribeSecurityGroups")["SecurityGroups"]
    for group in groups:
        same = group["GroupName"] == subject.inputs["name"]
        vpc = subject.inputs.get("vpcId")
        if same and group["GroupId"] not in taken and vpc in (None, group.get("VpcId")):
            return str(group["GroupId"])
    return None


_GROUP_OUTPUTS: Mapping[str, str | Callable[[Subject], PropertyValue]] = {
    "arn": lambda s: s.cloud.arn("ec2", f"security-group/{s.id}"),
    "ownerId": "OwnerId",
    "name": "GroupName",
    "description": "Description",
    "vpcId": "VpcId",
}
_read_group = reading("ec2", "DescribeSecurityGroups", lambda s: {"GroupIds": [s.id]}, "SecurityGroups.0")

SECURITY_GROUP = ResourceType(
    type="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    tier="native",
    create=Call(operation="CreateSecurityGroup", names={"name": "GroupName"}),
    id=answered("GroupId"),
    read=_read_group,
    delete=Call(operation="DeleteSecurityGroup", sends=(), adds=lambda s: {"GroupId": s.id}),
    steps=(
        Step(on=(), do=_close),
        Step(on=("ingress",), do=_inline_rules("ingress")),
        Step(on=("egress",), do=_inline_rules("egress")),
    ),
    local=("revokeRulesOnDelete",),
    outputs=_GROUP_OUTPUTS,
    echoes={"name": "GroupName", "description": "Description", "vpcId": "VpcId"},
    find=_find_group,
    auto_name=AutoName(),
    defaults={"description": "Managed by Pulumi"},
    unordered=("ingress", "egress"),
    tags=ec2_tags("security-group"),
    checks=_check_inline,
)


def _adopt(subject: Subject) -> Params:
    """The VPC's own group, which cannot be made: taken over, and every rule that it came with removed."""
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if subject.inputs.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [subject.inputs["vpcId"]]})
    groups = subject.cloud.call("ec2", "DescribeSecurityGroups", {"Filters": filters})["SecurityGroups"]
    if not groups:
        raise CloudError(
            "ec2", "DescribeSecurityGroups", "InvalidGroup.NotFound", "the VPC has no default group"
        )
    group: Params = groups[0]
    for operation, key in (
        ("RevokeSecurityGroupIngress", "IpPermissions"),
        ("RevokeSecurityGroupEgress", "IpPermissionsEgress"),
    ):
        if group.get(key):
            subject.cloud.call("ec2", operation, {"GroupId": group["GroupId"], "IpPermissions": group[key]})
    return group


DEFAULT_SECURITY_GROUP = ResourceType(
    type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    tier="native",
    create=_adopt,
    id=answered("GroupId"),
    read=_read_group,
    delete=None,
    steps=(
        Step(on=("ingress",), do=_inline_rules("ingress")),
        Step(on=("egress",), do=_inline_rules("egress")),
    ),
    local=("revokeRulesOnDelete",),
    outputs=_GROUP_OUTPUTS,
    echoes={"vpcId": "VpcId"},
    find=lambda s, _: str(_adopt(s)["GroupId"]),
    place=("vpcId",),
    unordered=("ingress", "egress"),
    tags=ec2_tags("security-group", at_create=False),
    checks=_check_inline,
)


def _rule_permission(subject: Subject) -> Params:
    inputs = subject.inputs
    described = {"Description": inputs["description"]} if inputs.get("description") else {}
    permission: Params = {"IpProtocol": str(inputs["ipProtocol"])}
    for name, member in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if inputs.get(name) is not None:
            permission[member] = int(inputs[name])
    if inputs.get("cidrIpv4"):
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **described}]
    if inputs.get("cidrIpv6"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **described}]
    if inputs.get("prefixListId"):
        permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **described}]
    if inputs.get("referencedSecurityGroupId"):
        pair = {"GroupId": inputs["referencedSecurityGroupId"], **described}
        permission["UserIdGroupPairs"] = [pair]
    return {"GroupId": inputs["securityGroupId"], "IpPermissions": [permission]}


_PEERS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


def _check_rule(inputs: PropertyMap) -> Iterable[CheckFailure]:
    for name in ("cidrIpv4", "cidrIpv6"):
        yield from cidr_failures(name, inputs.get(name))
    held = [name for name in _PEERS if inputs.get(name) is not None]
    if len(held) != 1:
        yield CheckFailure(
            held[1] if held else "", f"exactly one of {', '.join(_PEERS)} is needed, not {len(held)}"
        )
    for name in ("fromPort", "toPort"):
        port = inputs.get(name)
        if isinstance(port, (int, float)) and not -1 <= port <= 65535:
            yield CheckFailure(name, f"{port:g} is out of range: allowed is -1 to 65535")
        if port is None and inputs.get("ipProtocol") in ("tcp", "udp", "6", "17"):
            yield CheckFailure(name, "is required for this protocol and was not given")


def _rules_of(subject: Subject, direction: Direction) -> list[Params]:
    filters = [{"Name": "group-id", "Values": [subject.inputs["securityGroupId"]]}]
    rules = subject.cloud.call("ec2", "DescribeSecurityGroupRules", {"Filters": filters})
    return [rule for rule in rules["SecurityGroupRules"] if rule["IsEgress"] == (direction == "egress")]


def _same_rule(inputs: PropertyMap, rule: Params) -> bool:
    return (
        str(rule.get("IpProtocol")) == str(inputs["ipProtocol"])
        and rule.get("CidrIpv4") == inputs.get("cidrIpv4")
        and rule.get("CidrIpv6") == inputs.get("cidrIpv6")
        and rule.get("PrefixListId") == inputs.get("prefixListId")
        and (rule.get("ReferencedGroupInfo") or {}).get("GroupId") == inputs.get("referencedSecurityGroupId")
        and (rule.get("FromPort", -1), rule.get("ToPort", -1))
        == (int(inputs.get("fromPort") or -1), int(inputs.get("toPort") or -1))
    )


def _find_rule(direction: Direction) -> Callable[[Subject, frozenset[str]], str | None]:
    """A group holds a rule of the same content once, so content tells it."""

    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        for rule in _rules_of(subject, direction):
            if rule["SecurityGroupRuleId"] not in taken and _same_rule(subject.inputs, rule):
                return str(rule["SecurityGroupRuleId"])
        return None

    return find


def _rule(direction: Direction) -> ResourceType:
    word = direction.capitalize()
    return ResourceType(
        type=f"aws:vpc/securityGroup{word}Rule:SecurityGroup{word}Rule",
        service="ec2",
        tier="native",
        create=Call(operation=f"AuthorizeSecurityGroup{word}", sends=(), adds=_rule_permission),
        id=answered("SecurityGroupRules.0.SecurityGroupRuleId"),
        read=reading(
            "ec2",
            "DescribeSecurityGroupRules",
            lambda s: {"SecurityGroupRuleIds": [s.id]},
            "SecurityGroupRules.0",
        ),
        delete=Call(
            operation=f"RevokeSecurityGroup{word}",
            sends=(),
            adds=lambda s: {
                "GroupId": s.inputs["securityGroupId"],
                "SecurityGroupRuleIds": [s.id],
            },
        ),
        outputs={
            "arn": lambda s: s.cloud.arn("ec2", f"security-group-rule/{s.id}"),
            "securityGroupRuleId": "SecurityGroupRuleId",
        },
        echoes={
            "securityGroupId": "GroupId",
            "cidrIpv4": "CidrIpv4",
            "cidrIpv6": "CidrIpv6",
            "ipProtocol": "IpProtocol",
        },
        find=_find_rule(direction),
        place=("securityGroupId", *_PEERS, "ipProtocol", "fromPort", "toPort"),
        tags=ec2_tags("security-group-rule"),
        checks=_check_rule,
    )


TYPES = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, _rule("ingress"), _rule("egress"))
