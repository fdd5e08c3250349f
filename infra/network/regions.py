"""Where can a stack stand? What is known of AWS's regions without asking one."""

from collections.abc import Iterator, Mapping, Sequence

_USUAL = "abc"
_LETTERS: Mapping[str, str] = {
    "us-east-1": "abcdef",
    "us-west-2": "abcd",
    "ap-northeast-1": "abcd",
    "ap-northeast-2": "abcd",
    "ca-central-1": "abd",
    "cn-north-1": "abd",
}
"""The letters of a region's zones where they are not a, b and c.

Source: EC2's DescribeAvailabilityZones. A letter is another zone in another account, and an account may lack
one: an `up` tells then.
"""
_TWO_AN_ACCOUNT = {"us-west-1"}
"""Regions that show two of their zones to each account."""
_PARTITIONS = ("cn-", "us-gov-", "us-iso-", "us-isob-", "eusc-")
"""How the regions of other partitions than AWS's public one begin."""


def zone_faults(region: str, zones: Sequence[str]) -> Iterator[str]:
    """What is wrong with the zones of a network in the region: what is allowed there."""
    letters = _LETTERS.get(region, _USUAL)
    if any(zone not in letters for zone in zones):
        yield f"zones of {region}: {', '.join(letters)}"
    elif region in _TWO_AN_ACCOUNT and len(zones) > 2:
        yield f"two zones: {region} shows no account more"


def recovery_faults(region: str, recovery: str) -> Iterator[str]:
    """What is wrong with a second region beside the first: what is allowed."""
    if recovery == region:
        yield f"another region than the stack's own, {region}"
    elif partition_of(recovery) != partition_of(region):
        yield f"a region of the same partition as {region}: nothing is copied from one to another"


def partition_of(region: str) -> str:
    """How the regions of its partition begin; empty for AWS's public one."""
    return next((begin for begin in _PARTITIONS if region.startswith(begin)), "")
