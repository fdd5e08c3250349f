"""Policy packs as they lie in their folders, and how their configuration comes about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.policy_config import (
    PolicyConfigInvalid,
    PolicyInfo,
    PolicySettings,
    read_settings,
    reconciled,
    unknown_policies,
)
from sandbox.engine.policy_pack import PolicyPack, PolicyPackInvalid
from sandbox.engine.policy_schema import violations
from sandbox.engine.secret_texts import SecretTexts
from sandbox.engine.values import Secret

SIZE = PolicyInfo("size", "mandatory", properties={"max": {"type": "integer", "default": 3}, "unit": {}})
NAME = PolicyInfo("name", "advisory")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_file_gives_levels_and_properties(tmp_path: Path) -> None:
    text = """{"all": "advisory", "size": {"enforcementLevel": "mandatory", "max": 2}, "name": {"at": [1]},
        "nothing": {}}"""
    assert read_settings(write(tmp_path / "config.json", text)) == {
        "all": PolicySettings("advisory"),
        "size": PolicySettings("mandatory", {"max": 2}),
        "name": PolicySettings(None, {"at": [1]}),
    }
    assert read_settings(write(tmp_path / "empty.json", " \n")) == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"size": 3', "not valid JSON in line 1, column 11: Expecting ',' delimiter"),
        ("[]", "it must be an object with an entry for each policy"),
        ('{"size": "strict"}', 'size: "strict" is no enforcement level; allowed: advisory, mandatory, '),
        ('{"size": {"enforcementLevel": 1}}', "size: 1 is no enforcement level"),
        ('{"size": 3}', "size: must be a level or an object, not 3"),
        ('{"environments": ["prod"]}', "'environments' takes Pulumi Cloud"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyConfigInvalid) as raised:
        read_settings(write(tmp_path / "config.json", text))
    assert reason in str(raised.value)
    assert str(tmp_path / "config.json") in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyConfigInvalid, match=r"none\.json .*\n  it cannot be read: No such file"):
        read_settings(tmp_path / "none.json")


def test_defaults_come_first_then_the_packs_own_then_the_file() -> None:
    def settled(initial: Any = None, given: Any = None) -> dict[str, PolicySettings]:
        return reconciled([SIZE, NAME], initial or {}, given or {}, "here")

    assert settled() == {
        "size": PolicySettings("mandatory", {"max": 3}),
        "name": PolicySettings("advisory"),
    }
    initial = {"size": PolicySettings("advisory", {"max": 5, "unit": "cm"})}
    assert settled(initial)["size"] == PolicySettings("advisory", {"max": 5, "unit": "cm"})
    given = {"all": PolicySettings("disabled"), "size": PolicySettings(None, {"max": 7})}
    assert settled(initial, given) == {
        "size": PolicySettings("disabled", {"max": 7, "unit": "cm"}),
        "name": PolicySettings("disabled"),
    }
    given["name"] = PolicySettings("remediate")
    assert settled(initial, given)["name"].level == "remediate"
    assert unknown_policies([SIZE], given) == ["name"]


def test_a_configuration_that_the_schema_refuses_is_told_whole() -> None:
    strict = PolicyInfo("strict", "mandatory", properties={"of": {"minItems": 1}}, required=["by", "of"])
    given = {"size": PolicySettings(None, {"max": 2.5}), "strict": PolicySettings(None, {"of": []})}
    with pytest.raises(PolicyConfigInvalid) as raised:
        reconciled([SIZE, strict], {}, given, "config.json")
    assert raised.value.wrong == (
        "size: max must be of type integer, not 2.5",
        "strict: by is required",
        "strict: of must have at least 1 elements, not 0",
    )


@pytest.mark.parametrize(
    ("schema", "right", "wrong", "reason"),
    [
        ({"type": "integer"}, 3.0, True, "must be of type integer, not true"),
        ({"type": ["string", "null"]}, None, 1, "must be of type string or null, not 1"),
        ({"const": 1}, 1.0, True, "must be 1, not true"),
        ({"maximum": 3}, 3, 4, "must be at most 3, not 4"),
        ({"exclusiveMinimum": 3}, 3.1, 3, "must be greater than 3, not 3"),
        ({"multipleOf": 0.5}, 1.5, 1.2, "must be a multiple of 0.5, not 1.2"),
        ({"minLength": 2}, "ab", "a", "must have at least 2 characters, not 1"),
        ({"pattern": "^a+$"}, "aa", "ab", "must match the pattern '^a+$', which \"ab\" does not"),
        ({"items": {"type": "string"}}, ["a"], ["a", 1], "[1] must be of type string, not 1"),
        ({"uniqueItems": True}, [1, 2], [1, 1], "must not hold the same element twice"),
        ({"not": {"enum": [1]}}, 2, 1, "must not be 1"),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 5, 2, "2 does not fit 'oneOf' of its schema"),
        ({"anyOf": [{"const": 1}, {"const": 2}]}, 2, 3, "3 does not fit 'anyOf' of its schema"),
        ({"properties": {"a": {"type": "null"}}}, {"b": 1}, {"a": 1}, "a must be of type null, not 1"),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1},
            {"b": 1},
            "b is not allowed; allowed: a",
        ),
        (
            {"patternProperties": {"^x": {"type": "null"}}, "additionalProperties": {"type": "string"}},
            {"x1": None, "b": ""},
            {"x1": 1},
            "x1 must be of type null, not 1",
        ),
        ({"allOf": [{"required": ["a"]}]}, {"a": 1}, {}, "a is required"),
    ],
)
def test_a_schema_says_what_it_allows(schema: Any, right: Any, wrong: Any, reason: str) -> None:
    assert list(violations(schema, right)) == []
    assert list(violations(schema, wrong)) == [reason]


def test_a_pack_runs_by_its_own_interpreter_where_that_exists(tmp_path: Path) -> None:
    write(tmp_path / "PulumiPolicy.yaml", "runtime:\n  name: python\n  options:\n    virtualenv: own\n")
    pack = PolicyPack.load(tmp_path)
    rest = ["-u", "-m", "pulumi.policy", "127.0.0.1:5", str(tmp_path.resolve())]
    assert pack.command("127.0.0.1:5", None) == [sys.executable, *rest]
    (tmp_path / "own" / "bin").mkdir(parents=True)
    (tmp_path / "own" / "bin" / "python").symlink_to(sys.executable)
    assert pack.command("127.0.0.1:5", None) == [str(tmp_path.resolve() / "own" / "bin" / "python"), *rest]


def test_a_pack_of_another_runtime_is_run_by_its_program_on_the_path(tmp_path: Path) -> None:
    write(tmp_path / "PulumiPolicy.yaml", "runtime:\n  name: opa\n  options: {strict: true}\n")
    pack = PolicyPack.load(tmp_path)
    with pytest.raises(PolicyPackInvalid, match="takes the program pulumi-analyzer-policy-opa on PATH"):
        pack.command("127.0.0.1:5", str(tmp_path))
    program = write(tmp_path / "pulumi-analyzer-policy-opa", "#!/bin/sh\n")
    program.chmod(0o755)
    assert pack.command("127.0.0.1:5", str(tmp_path)) == [str(program), "127.0.0.1:5", ".", "-strict=True"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "there is no PulumiPolicy.yaml in it"), ("version: 1\n", "names no 'runtime'")],
)
def test_a_folder_that_is_no_pack_is_refused(text: str | None, reason: str, tmp_path: Path) -> None:
    if text:
        write(tmp_path / "PulumiPolicy.yaml", text)
    with pytest.raises(PolicyPackInvalid, match=reason):
        PolicyPack.load(tmp_path)


def test_secret_texts_are_hidden_wherever_they_stand() -> None:
    secrets = SecretTexts(["config!", "on", "true"])
    secrets.learn({"a": [Secret({"b": 'quo"ted', "n": 5})], "c": "plain", "d": Secret("quo")})
    assert secrets.hide('config! on true plain 5 quo"ted quo\\"ted quo') == (
        "[secret] on true plain 5 [secret] [secret] [secret]"
    )
