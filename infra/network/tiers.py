"""Which ranges do the network's tiers have, and what goes in and out of them?"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Literal

import pulumi_aws as aws

Tier = Literal["public", "private", "isolated"]
"""`public` reaches the internet and holds nothing but NAT gateways; `private` holds jobs and endpoints and
reaches AWS's services; `isolated` holds data stores and reaches nothing."""

LETTERS = "abcdef"
_HTTPS = 443
_UNPRIVILEGED = (1024, 65535)
_REMOTE_DESKTOP = 3389


def subnet_block(cidr: str, tier: Tier, zone: str) -> str:
    """The range of a tier's subnet in a zone, placed by the zone's letter: no other one moves with it.

    Of the sixteenths of the VPC's range, the first six are private, the next six isolated; public subnets,
    which hold a gateway each, are halves of the three after that.
    """
    sixteenths = list(IPv4Network(cidr).subnets(prefixlen_diff=4))
    index = LETTERS.index(zone)
    if tier == "public":
        return str(list(sixteenths[12 + index // 2].subnets())[index % 2])
    return str(sixteenths[index if tier == "private" else len(LETTERS) + index])


def incoming(cidr: str) -> Sequence[aws.ec2.DefaultNetworkAclIngressArgsDict]:
    """What the network's ACL lets in: HTTPS and the stores' ports from within, answers from anywhere.

    An ACL forgets who asked, so answers are let in by their ports; SSH and remote desktop are not among them
    (EC2.21, CIS AWS 5.2).
    """
    first, last = _UNPRIVILEGED
    return [
        _allow(100, cidr, _HTTPS, _HTTPS),
        _allow(110, cidr, first, last),
        _allow(120, "0.0.0.0/0", first, _REMOTE_DESKTOP - 1),
        _allow(130, "0.0.0.0/0", _REMOTE_DESKTOP + 1, last),
    ]


def outgoing(cidr: str) -> Sequence[aws.ec2.DefaultNetworkAclEgressArgsDict]:
    """What it lets out: HTTPS to anywhere, answers and the stores' ports to within."""
    first, last = _UNPRIVILEGED
    allowed = [_allow(100, "0.0.0.0/0", _HTTPS, _HTTPS), _allow(110, cidr, first, last)]
    return [{**rule} for rule in allowed]


def _allow(number: int, cidr: str, first: int, last: int) -> aws.ec2.DefaultNetworkAclIngressArgsDict:
    return {
        "rule_no": number,
        "action": "allow",
        "protocol": "tcp",
        "cidr_block": cidr,
        "from_port": first,
        "to_port": last,
    }
