"""A stack's file keeps its comments and its order when a setting is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine.errors import ProjectInvalid
from sandbox.engine.stack_file import StackFile

COMMENTED = """\
# The development stack.
config:
  aws:region: us-east-1  # the nearest
  # What costs money:
  budget: {monthly: 800}
  p:network:
    zones:
      - a
      - b
    # trailing comment

  p:text: |
    one
    two
# the end
"""


def changed(tmp_path: Path, before: str, *changes: tuple[str, Any]) -> str:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(before)
    file = StackFile(path, "p")
    for key, value in changes:
        file.set(key, value)
    file.save()
    return path.read_text()


def test_only_the_lines_of_the_setting_change(tmp_path: Path) -> None:
    text = changed(
        tmp_path,
        COMMENTED,
        ("aws:region", "eu-west-1"),
        ("p:budget", {"monthly": 900, "currency": "EUR"}),
        ("p:network", {"zones": ["a"]}),
        ("p:text", "three"),
        ("p:new", {"list": [1, {"deep": True}]}),
    )
    assert (
        text
        == """\
# The development stack.
config:
  aws:region: eu-west-1  # the nearest
  # What costs money:
  budget:
    currency: EUR
    monthly: 900
  p:network:
    zones:
    - a
    # trailing comment

  p:text: three
  p:new:
    list:
    - 1
    - deep: true
# the end
"""
    )


@pytest.mark.parametrize(
    "before",
    [
        "",
        "encryptionsalt: v1:x\n",
        "config:\n",
        "config:\n# nothing yet",
        "config: {}\n",
        "config: {p:a: 1, p:b: {c: d}}\n",
        "config:\n  p:a: 1",
        "config:\n    p:a:\n        - 1\n        - b: 2\nencryptionsalt: v1:x\n",
        "config:\n  p:a: >\n    folded\n    text\n\n\nencryptionsalt: v1:x\n",
        "config:\n  p:a:\n  p:b: ~\n",
    ],
)
def test_a_setting_finds_its_place_in_any_file(tmp_path: Path, before: str) -> None:
    old = yaml.safe_load(before) or {}
    expected = {**old, "config": {**(old.get("config") or {}), "p:z": {"x": ["y"]}, "p:a": "new"}}
    text = changed(tmp_path, before, ("p:z", {"x": ["y"]}), ("p:a", "new"))
    assert yaml.safe_load(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "5",
        "007",
        "1e3",
        "true",
        "on",
        "null",
        "~",
        "2024-01-01",
        "a: b",
        "# x",
        " padded ",
        "é\n\tx",
        "'",
        '"',
        "-",
        "0x1F",
        "0o17",
        "!x",
    ],
)
def test_texts_stay_texts(tmp_path: Path, value: str) -> None:
    text = changed(tmp_path, "", ("p:a", value))
    assert yaml.safe_load(text) == {"config": {"p:a": value}}
    # YAML 1.2, which the official CLI reads, takes more for numbers: only plain words stand bare.
    written = text.split("p:a: ", 1)[1]
    assert written.startswith(('"', "'")) or value == "on"


def test_settings_are_removed_and_the_salt_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(COMMENTED)
    file = StackFile(path, "p")
    assert file.remove("p:network")
    assert file.remove("aws:region")
    assert not file.remove("p:none")
    file.keep_salt("v1:one")
    file.keep_salt("v1:two")
    file.save()
    plain = yaml.safe_load(path.read_text())
    assert plain == {
        "encryptionsalt": "v1:one",
        "config": {"budget": {"monthly": 800}, "p:text": "one\ntwo\n"},
    }
    assert "# What costs money:" in path.read_text()


def test_what_cannot_be_changed_safely_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectInvalid, match="'p:b' is a YAML alias: change it by hand"):
        changed(tmp_path, "config:\n  p:a: &x {c: 1}\n  p:b: *x\n", ("p:b", 1))
    with pytest.raises(ProjectInvalid, match="'config' must be a mapping"):
        changed(tmp_path, "config: [a]\n", ("p:b", 1))
    with pytest.raises(ProjectInvalid, match="not valid YAML in line"):
        changed(tmp_path, "config: [\n", ("p:b", 1))
