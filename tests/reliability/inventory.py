"""What there is in a sandbox and what a state knows of: the two counts that a reliability test compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sandbox.engine.state import Resource
from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

Inventory = Counter[tuple[str, str]]
"""How many there are of each kind: by service and kind, as the emulator keeps them."""


def inventory(sandbox_root: Path) -> Inventory:
    """Counts what exists in the emulator beyond a fresh account (`/_sandbox/remaining`)."""
    address = daemon.find(sandbox_root)
    assert address is not None, "the sandbox does not run"
    return Counter(
        (one.service, one.kind) for one in SandboxClient(address.endpoint_url).remaining().remaining
    )


def twins(resources: Sequence[Resource]) -> list[str]:
    """The URNs that stand in a state more than once, and the ids that two resources of a type share."""
    urns = Counter(item.urn for item in resources)
    ids = Counter((item.type, item.id) for item in resources if item.custom and item.id)
    return [urn for urn, count in urns.items() if count > 1] + [
        f"{kind} {id}" for (kind, id), count in ids.items() if count > 1
    ]
