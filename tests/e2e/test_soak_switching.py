"""Every setting of the dev stack switched by itself in the sandbox, and back: no store is made anew."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "infra"))  # what the settings' own tests share

from switches import Switch, switches
from test_switching import ALWAYS, STORES

pytestmark = pytest.mark.soak

NAMESPACE = "groundplan:"
CHOSEN = [name for name in os.environ.get("GROUNDPLAN_SWITCHES", "").split(",") if name]
"""Blocks or settings to switch, such as `streaming,endpoint.mode`, in that order; all of them without any."""
UNRELEASED = {"release", "release.modelPackageArn"}
"""What `groundplan deploy` switches, with another model that is approved: `test_main_job.py`."""


@dataclass
class Stack:
    """The dev stack of a clone, whose file says other things from one `up` to the next."""

    clone: Any
    others: Mapping[str, Any]
    """What its file says beside the platform's own settings."""
    first: Mapping[str, Any] = field(default_factory=dict)
    """The stores as they stood before the first switch."""
    standing: Mapping[str, Any] = field(default_factory=dict)
    """The stores as the last `up` left them."""

    def stores(self) -> dict[str, Any]:
        """URN → what tells a store from one made anew under the same name."""
        path = self.clone.folder / ".groundplan" / "state" / ".pulumi" / "stacks" / "groundplan" / "dev.json"
        resources = json.loads(path.read_text())["checkpoint"]["latest"]["resources"]
        return {one["urn"]: (one["id"], one["created"]) for one in resources if one["type"] in STORES}

    def up(self, settings: Mapping[str, Any], *options: str) -> str:
        """Brings the stack up with these settings: what went wrong, nothing if nothing did."""
        named = {f"{NAMESPACE}{key}": one for key, one in settings.items()}
        file = self.clone.folder / "stacks" / "Pulumi.dev.yaml"
        file.write_text(yaml.safe_dump({"config": {**self.others, **named}}))
        process = self.clone.start("up", "dev", *options)
        out, err = process.communicate(timeout=600)
        if process.returncode == 0:
            return ""
        return f"{out[-4000:]}\n{err}"

    def lost(self) -> list[str]:
        """The stores that the last `up` made anew, or took away though they always stand."""
        before, after = self.standing, self.stores()
        self.standing = after
        anew = [f"{urn} is new" for urn in before.keys() & after.keys() if before[urn] != after[urn]]
        gone = [
            urn for urn in before.keys() - after.keys() if urn.split("::")[2].rsplit("$", 1)[-1] in ALWAYS
        ]
        return sorted([*anew, *(f"{urn} is gone" for urn in gone)])


def given_settings(clone: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the stack's file says of the platform, with what is released, and what it says beside that."""
    config = yaml.safe_load((clone.folder / "stacks" / "Pulumi.dev.yaml").read_text())["config"]
    given = {key.removeprefix(NAMESPACE): one for key, one in config.items() if key.startswith(NAMESPACE)}
    others = {key: one for key, one in config.items() if not key.startswith(NAMESPACE)}
    release = clone.folder / ".groundplan" / "releases" / "dev.yaml"
    if release.is_file():  # in the stack's file from here on, as on AWS
        given |= yaml.safe_load(release.read_text())
        release.unlink()
    return given, others


def chosen(everything: Iterable[Switch], names: list[str]) -> list[Switch]:
    """The switches of the blocks or settings named, in that order."""
    able = [one for one in everything if one.path not in UNRELEASED]
    if not names:
        return able
    return [one for name in names for one in able if f"{one.path}.".startswith(f"{name}.")]


def switch_all(stack: Stack, given: dict[str, Any], every: list[Switch]) -> list[str]:
    """Applies each switch by itself, the one before it going back in the same `up`: what was found wrong."""
    found: list[str] = []
    last = "nothing"
    for one in every:
        name = f"{one.path} = {one.value}"
        error = stack.up(one.over(given))
        if "wrong:" in error:
            print(f"refused by name: {name}", flush=True)
            assert stack.lost() == []
            continue
        wrong = [error, *stack.lost()]
        if any(wrong):
            # What comes next begins from where all began.
            wrong += ["on the way back:", stack.up(given), *stack.lost()]
            found.append("\n".join([f"{name}, when {last} went back:", *wrong]))
            print(f"WRONG: {found[-1]}", flush=True)
        else:
            print(f"switched: {name}", flush=True)
            if stack.first.keys() - stack.standing.keys():
                wrong = [stack.up(given), *stack.lost()]  # so that a part comes back as it was
                found += [f"{name}, on the way back: {one}" for one in wrong if one]
        last = name
    return found


def test_every_setting_of_the_dev_stack_is_switched_and_goes_back(clone: Any) -> None:
    clone.run("start", "dev")
    file = clone.folder / "stacks" / "Pulumi.dev.yaml"
    given, others = given_settings(clone)
    stack = Stack(clone, others)
    assert stack.up(given) == ""
    stack.standing = stack.first = stack.stores()
    found = switch_all(stack, given, chosen(switches("dev", given), CHOSEN))
    assert stack.up(given) == ""
    assert found == []
    assert stack.lost() == []
    assert stack.stores().keys() == stack.first.keys()
    assert stack.up(given, "--expect-no-changes") == ""
    assert file.is_file()
    assert clone.json("destroy", "dev", "--yes")["remaining"] == []
