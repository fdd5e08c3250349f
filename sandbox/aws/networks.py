"""Addresses: which CIDR blocks EC2 takes, and how its resources carry tags."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from sandbox.aws.rows import pages
from sandbox.aws.table import Params, Subject, Tags
from sandbox.aws.tagging import parsed
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

VPC_PREFIXES = (16, 28)
"""The sizes that a VPC and a subnet may have (VPC User Guide, "VPC CIDR blocks")."""


def cidr_failures(
    path: str, value: PropertyValue, prefixes: tuple[int, int] | None = None
) -> Iterable[CheckFailure]:
    """Texts that are no network, networks with host bits, and sizes that EC2 refuses."""
    if not isinstance(value, str):
        return
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        yield CheckFailure(path, f"{value!r} is no valid CIDR block: {error}")
        return
    if prefixes is not None and not prefixes[0] <= network.prefixlen <= prefixes[1]:
        yield CheckFailure(
            path, f"{value!r} has the size /{network.prefixlen}; allowed is /{prefixes[0]} to /{prefixes[1]}"
        )


def vpc_block_failures(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """The checks of a VPC's or a subnet's `cidrBlock`."""
    return cidr_failures("cidrBlock", inputs.get("cidrBlock"), VPC_PREFIXES)


def ec2_tags(kind: str, *, at_create: bool = True) -> Tags:
    """Tags as EC2 takes them; `kind` is what TagSpecifications call the resource."""
    return Tags(
        style="ec2",
        at_create="TagSpecifications" if at_create else None,
        ec2_kind=kind,
        set="CreateTags",
        unset="DeleteTags",
        keys="Tags",
        target=lambda subject: {"Resources": [subject.id]},
    )


def tagged_alike(
    operation: str, key: str, member: str, matches: Callable[[Subject, Params], bool]
) -> Callable[[Subject, frozenset[str]], str | None]:
    """Finds what an interrupted create left: EC2 has no names, so by content and by the same tags."""

    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        wanted = subject.inputs.get("tagsAll") or {}
        for item in pages(subject, "ec2", operation, key):
            if item[member] not in taken and parsed(item.get("Tags")) == wanted and matches(subject, item):
                return str(item[member])
        return None

    return find
