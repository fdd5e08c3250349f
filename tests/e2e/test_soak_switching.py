"""Every setting of the dev stack switched by itself in the sandbox, and back: no store is made anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "infra"))  # what the settings' own tests share

from switches import Switch, switches
from test_switching import ALWAYS, STORES

pytestmark = pytest.mark.soak

NAMESPACE = "groundplan:"


def stores(clone: Any) -> dict[str, str]:
    """URN → id of each store in the stack's state."""
    state = clone.folder / ".groundplan" / "state" / ".pulumi" / "stacks" / "groundplan" / "dev.json"
    resources = json.loads(state.read_text())["checkpoint"]["latest"]["resources"]
    return {one["urn"]: one["id"] for one in resources if one["type"] in STORES}


def lost(before: dict[str, str], after: dict[str, str]) -> list[str]:
    replaced = [urn for urn in before.keys() & after.keys() if before[urn] != after[urn]]
    gone = [urn for urn in before.keys() - after.keys() if urn.split("::")[2].rsplit("$", 1)[-1] in ALWAYS]
    return sorted([*replaced, *gone])


def test_every_setting_of_the_dev_stack_is_switched_and_goes_back(clone: Any) -> None:
    clone.run("start", "dev")
    file = clone.folder / "stacks" / "Pulumi.dev.yaml"
    original = file.read_text()
    config = yaml.safe_load(original)["config"]
    given = {key.removeprefix(NAMESPACE): one for key, one in config.items() if key.startswith(NAMESPACE)}
    others = {key: one for key, one in config.items() if not key.startswith(NAMESPACE)}
    standing = stores(clone)
    found: dict[str, Any] = {}
    refused: list[str] = []

    def settle(settings: dict[str, Any]) -> str:
        named = {f"{NAMESPACE}{key}": one for key, one in settings.items()}
        file.write_text(yaml.safe_dump({"config": {**others, **named}}))
        process = clone.start("up", "dev")
        out, err = process.communicate(timeout=300)
        assert "Traceback" not in out + err, out + err
        return "" if process.returncode == 0 else err

    def switch(one: Switch) -> None:
        error = settle(one.over(given))
        if "wrong:" in error:
            refused.append(one.path)  # by name, with nothing touched
            return
        changed = lost(standing, stores(clone))
        back = settle(given)
        changed += lost(standing, stores(clone))
        if error or back or changed:
            found[f"{one.path} = {one.value}"] = [error[-600:], back[-600:], changed]

    for one in switches("dev", given):
        switch(one)
    file.write_text(original)
    assert found == {}
    clone.run("up", "dev", "--expect-no-changes")
    told = clone.json("destroy", "dev", "--yes")
    assert told["remaining"] == []
    print(f"refused by name: {refused}")
