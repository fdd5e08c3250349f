"""The command `settings`, on this platform's own stacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def test_the_settings_of_a_stack_are_listed_with_where_they_came_from(groundplan: Any) -> None:
    told = groundplan(ROOT, "settings", "prod", "network", "--json")
    assert told.status == 0, told.err
    found = {one["path"]: one for one in json.loads(told.out)}
    assert all(path.startswith("network.") for path in found)
    assert found["network.zones"]["origin"] == "stack"
    assert found["network.zones"]["changed"] is True
    assert found["network.cidr"]["origin"] == "model"


def test_only_what_differs_from_the_defaults_is_shown_where_that_is_asked(groundplan: Any) -> None:
    told = groundplan(ROOT, "settings", "prod", "network", "--changed")
    assert told.status == 0, told.err
    assert "network.zones" in told.out
    assert "stacks/Pulumi.prod.yaml; default" in told.out
    assert "network.cidr" not in told.out


def test_a_setting_that_is_not_there_is_wrong_usage(groundplan: Any) -> None:
    told = groundplan(ROOT, "settings", "dev", "netwrok")
    assert told.status == 2
    assert "no setting is called 'netwrok'" in told.err


def test_a_project_of_another_kind_is_told_what_lists_its_settings(project: Path, groundplan: Any) -> None:
    told = groundplan(project, "settings", "dev")
    assert told.status == 1
    assert "groundplan config dev" in told.err
