"""EC2: rules of security groups, the older way: one resource with several peers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from sandbox.aws.cloud import CloudError
from sandbox.aws.networks import cidr_failures
from sandbox.aws.rows import reading
from sandbox.aws.table import Params, ResourceType, Subject
from sandbox.aws.types.ec2_security import rule_permission
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_PEERS = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self", "sourceSecurityGroupId")


def _rule(subject: Subject) -> Params:
    inputs = subject.inputs
    source = inputs.get("sourceSecurityGroupId")
    rule = {**inputs, "securityGroups": [source] if source else []}
    group = str(inputs["securityGroupId"])
    return {"GroupId": group, "IpPermissions": [rule_permission(rule, group)]}


def _word(subject: Subject) -> str:
    return str(subject.inputs["type"]).capitalize()


def _authorize(subject: Subject) -> Params:
    subject.cloud.call("ec2", f"AuthorizeSecurityGroup{_word(subject)}", _rule(subject))
    return {}


def _revoke(subject: Subject) -> None:
    try:
        subject.cloud.call("ec2", f"RevokeSecurityGroup{_word(subject)}", _rule(subject))
    except CloudError as error:
        if not error.gone:
            raise


def _id(subject: Subject) -> str:
    """As the real provider has it: `sgrule-` and a hash of what the rule says."""
    text = repr(sorted((name, repr(value)) for name, value in subject.inputs.items() if name in _HASHED))
    return f"sgrule-{zlib.crc32(text.encode())}"


_HASHED = (*_PEERS, "fromPort", "protocol", "securityGroupId", "toPort", "type")


def _blocks(permission: Params) -> set[str]:
    return {
        *(item["CidrIp"] for item in permission.get("IpRanges") or ()),
        *(item["CidrIpv6"] for item in permission.get("Ipv6Ranges") or ()),
        *(item["PrefixListId"] for item in permission.get("PrefixListIds") or ()),
        *(item["GroupId"] for item in permission.get("UserIdGroupPairs") or ()),
    }


def _read(subject: Subject) -> Params | None:
    if "securityGroupId" not in subject.inputs:
        return None
    wanted = _rule(subject)
    group = reading(
        "ec2", "DescribeSecurityGroups", lambda _: {"GroupIds": [wanted["GroupId"]]}, "SecurityGroups.0"
    )(subject)
    rule = wanted["IpPermissions"][0]
    member = "IpPermissions" if subject.inputs["type"] == "ingress" else "IpPermissionsEgress"
    for held in (group or {}).get(member) or ():
        same = all(held.get(name) == rule.get(name) for name in ("IpProtocol", "FromPort", "ToPort"))
        if same and _blocks(rule) <= _blocks(held):
            return dict(held)
    return None


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    direction = inputs.get("type")
    if isinstance(direction, str) and direction not in ("ingress", "egress"):
        yield CheckFailure("type", f"{direction!r} is not one of ingress, egress")
    held = [name for name in _PEERS if inputs.get(name) not in (None, [], False)]
    if not held:
        yield CheckFailure("cidrBlocks", f"one of {', '.join(_PEERS)} is needed")
    if "sourceSecurityGroupId" in held and len(held) > 1:
        yield CheckFailure("sourceSecurityGroupId", f"cannot be given beside {held[0]}")
    for name in ("cidrBlocks", "ipv6CidrBlocks"):
        blocks = inputs.get(name)
        for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
            yield from cidr_failures(f"{name}[{index}]", block)


SECURITY_GROUP_RULE = ResourceType(
    type="aws:ec2/securityGroupRule:SecurityGroupRule",
    service="ec2",
    tier="native",
    create=_authorize,
    id=_id,
    read=_read,
    delete=_revoke,
    echoes={},
    known_id=_id,
    place=_HASHED,
    unordered=("cidrBlocks", "ipv6CidrBlocks", "prefixListIds"),
    checks=_check,
)

TYPES = (SECURITY_GROUP_RULE,)
