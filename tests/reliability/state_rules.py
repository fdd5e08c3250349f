"""What must hold of a state file at any time: the rules of Pulumi's `Snapshot.VerifyIntegrity`, and ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.engine.urn import is_provider_type, split_reference


def broken_rules(path: Path) -> list[str]:
    """What is wrong with a checkpoint; nothing for one that is not there."""
    if not path.exists():
        return []
    plain = json.loads(path.read_text())
    latest = plain["checkpoint"]["latest"]
    wrong = [] if plain["version"] == 3 else [f"version {plain['version']}"]
    earlier: set[str] = set()
    providers: set[str] = set()
    alive: set[str] = set()
    for item in latest.get("resources", []):
        urn = item["urn"]
        wrong += [f"{urn}: {needed} is not earlier" for needed in sorted(_needs(item) - earlier)]
        if item.get("provider") and item["provider"] not in providers:
            wrong.append(f"{urn}: its provider {item['provider']} is not earlier")
        if item["custom"] and not item.get("id"):
            wrong.append(f"{urn}: no id")
        if is_provider_type(item["type"]):
            providers.add(f"{urn}::{item['id']}")
        if not item.get("delete"):
            if urn in alive:
                wrong.append(f"{urn}: stands twice")
            alive.add(urn)
        earlier.add(urn)
    return wrong + [
        f"pending without a URN: {item}"
        for item in latest.get("pending_operations", [])
        if not item["resource"]["urn"]
    ]


def _needs(item: dict[str, Any]) -> set[str]:
    found = {item[key] for key in ("parent", "deletedWith") if item.get(key)}
    found.update(item.get("dependencies", []), item.get("replaceWith", []))
    for urns in item.get("propertyDependencies", {}).values():
        found.update(urns)
    if item.get("provider"):
        found.add(split_reference(item["provider"])[0])
    return found
