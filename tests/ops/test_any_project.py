"""The command on a stranger's project: no settings of this platform, no stack yet, perhaps no AWS at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.runtime import daemon

PROGRAM = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Maker(ResourceProvider):
    def create(self, props):
        return CreateResult("made", {**props, "length": len(props["word"])})


class Made(Resource):
    length: pulumi.Output[int]

    def __init__(self, name, word):
        super().__init__(Maker(), name, {"word": word, "length": None})


made = Made("made", pulumi.Config().require("word"))
pulumi.export("length", made.length)
pulumi.export("secret", pulumi.Output.secret("hush"))
"""
HIDDEN = """
import importlib

cloud = importlib.import_module("pulumi_" + "a" + "ws")
cloud.sqs.Queue("queue", name="found")
"""


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: stranger\nruntime: {name: python, options: {virtualenv: venv, toolchain: pip}}\n"
        "backend: {url: 'file://~'}\nconfig: {word: {type: string, default: hello}}\ntemplate: {config: {}}\n"
    )
    (folder / "__main__.py").write_text(PROGRAM)
    yield folder
    daemon.stop(folder / ".groundplan" / "sandbox")


def test_a_project_without_a_cloud_comes_up_stays_and_goes(
    stranger: Path, tmp_path: Path, groundplan: Any
) -> None:
    (stranger / "Pulumi.yaml").write_text(
        (stranger / "Pulumi.yaml").read_text().replace("hello", "good morning")
    )
    first = groundplan(tmp_path, "--cwd", "stranger", "up", "dev")
    assert first.status == 0, first.err
    assert first.out.startswith("Stack dev of stranger, which does not speak of AWS: no sandbox\n")
    assert "encrypted with the passphrase 'sandbox'; PULUMI_CONFIG_PASSPHRASE sets another" in first.out
    assert "the project's virtual environment" in first.out
    assert "+ 2 created" in first.out
    assert (stranger / ".groundplan" / ".gitignore").read_text() == "*\n"
    assert not (stranger / "Pulumi.dev.yaml").exists()

    again = groundplan(tmp_path, "-C", "stranger", "up", "dev", "--expect-no-changes", "--json")
    assert again.status == 0, again.err
    told = json.loads(again.out)
    assert (told["target"], told["changes"]) == (None, {"same": 2})
    outputs = groundplan(tmp_path, "--folder", "stranger", "outputs", "dev", "--json", "--show-secrets")
    assert json.loads(outputs.out) == {"length": 12, "secret": "hush"}
    assert groundplan(tmp_path, "--cwd", "stranger", "refresh", "dev").status == 0

    gone = groundplan(tmp_path, "--cwd", "stranger", "destroy", "dev", "--yes")
    assert gone.status == 0, gone.err
    assert "- 2 deleted" in gone.out
    assert "remain" not in gone.out
    assert not (stranger / ".groundplan" / "sandbox").exists()


def test_a_new_stack_is_made_by_up_and_previewed_and_by_nothing_else(stranger: Path, groundplan: Any) -> None:
    preview = groundplan(stranger, "preview", "dev")
    assert preview.status == 0, preview.err
    assert "+ 2 to create" in preview.out
    assert not (stranger / ".groundplan" / "state").exists()
    for command in ("refresh", "destroy", "outputs", "unlock"):
        ended = groundplan(stranger, command, "dev")
        assert ended.status == 2
        assert "unknown stack 'dev'; the stacks there are: none yet" in ended.err
    assert "'a/b' cannot be a stack's name" in groundplan(stranger, "up", "a/b").err


def test_where_there_are_settings_a_mistyped_name_makes_no_stack(stranger: Path, groundplan: Any) -> None:
    (stranger / "Pulumi.prod.yaml").write_text("config:\n  word: bye\n")
    ended = groundplan(stranger, "up", "prd")
    assert ended.status == 2
    assert "unknown stack 'prd'; the stacks there are: prod" in ended.err
    assert "groundplan up prd --new" in ended.err
    made = groundplan(stranger, "up", "prd", "--new", "-c", "word=four", "--json")
    assert made.status == 0, made.err
    assert json.loads(made.out)["outputs"]["length"] == 4
    assert (stranger / "Pulumi.prd.yaml").read_text() == "config:\n  stranger:word: four\n"
    assert groundplan(stranger, "up", "prd").status == 0


def test_the_sandbox_starts_when_a_provider_is_first_asked_for(stranger: Path, groundplan: Any) -> None:
    (stranger / "__main__.py").write_text(HIDDEN)
    first = groundplan(stranger, "up", "dev")
    assert first.status == 0, first.err
    assert "does not speak of AWS" in first.out
    assert "the program uses AWS: the sandbox at http://127.0.0.1:" in first.out
    assert "+ 2 created" in first.out
    # From now on the state speaks of it.
    second = groundplan(stranger, "up", "dev", "--expect-no-changes")
    assert second.out.startswith("Stack dev on the sandbox at http://127.0.0.1:")
    assert second.status == 0, second.err

    (stranger / "__main__.py").write_text(HIDDEN.replace("found", "other"))
    assert groundplan(stranger, "up", "test").status == 0
    one = groundplan(stranger, "destroy", "dev", "--yes")
    assert one.status == 0, one.err
    assert one.out.endswith("1 resource remains in the emulator, where test is still up.\n")
    last = groundplan(stranger, "destroy", "test", "--yes")
    assert last.out.endswith("0 resources remain in the emulator.\n")


def test_settings_are_listed_set_encrypted_read_and_removed(stranger: Path, groundplan: Any) -> None:
    file = stranger / "Pulumi.dev.yaml"
    assert groundplan(stranger, "config", "dev", "set", "word", "hi").status == 0
    assert groundplan(stranger, "config", "dev", "set", "key", "hush", "--secret").status == 0
    assert groundplan(stranger, "config", "dev", "set", "--path", "deep.list[0]", "7").status == 0
    assert groundplan(stranger, "config", "dev", "set", "--path", "deep.on", "true").status == 0
    assert (
        groundplan(stranger, "config", "dev", "set", "--secret", "--path", "deep.key", "hidden").status == 0
    )
    assert "hush" not in file.read_text()
    assert "encryptionsalt: v1:" in file.read_text()

    listed = groundplan(stranger, "config", "dev", "--json")
    assert json.loads(listed.out) == {
        "stranger:deep": {"value": {"key": "[secret]", "list": [7], "on": True}, "secret": True},
        "stranger:key": {"value": "[secret]", "secret": True},
        "stranger:word": {"value": "hi", "secret": False},
    }
    assert groundplan(stranger, "config", "dev", "get", "key").out == "hush\n"
    assert groundplan(stranger, "config", "dev", "get", "--path", "deep.key").out == "hidden\n"
    shown = groundplan(stranger, "config", "dev", "--show-secrets")
    assert "stranger:key   hush" in shown.out
    assert groundplan(stranger, "config", "dev", "rm", "key").status == 0
    assert groundplan(stranger, "config", "dev", "rm", "--path", "deep.key").status == 0
    unknown = groundplan(stranger, "config", "dev", "get", "key")
    assert unknown.status == 1
    assert "has no setting 'key'" in unknown.err
    assert groundplan(stranger, "config", "prd", "set", "a", "b").status == 2


def test_the_passphrase_comes_from_the_environment_or_its_file(
    stranger: Path, tmp_path: Path, groundplan: Any
) -> None:
    (tmp_path / "pass").write_text("open sesame\n")
    named = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "pass")}
    first = groundplan(stranger, "up", "dev", more=named)
    assert first.status == 0, first.err
    assert "with the passphrase" not in first.out
    wrong = groundplan(stranger, "outputs", "dev", more={"PULUMI_CONFIG_PASSPHRASE": "shut"})
    assert wrong.status == 1
    assert "set PULUMI_CONFIG_PASSPHRASE" in wrong.err
    nowhere = groundplan(stranger, "up", "dev", more={"PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere"})
    assert nowhere.status == 1
    assert "PULUMI_CONFIG_PASSPHRASE_FILE names /nowhere, which cannot be read" in nowhere.err


def test_projects_that_share_their_states_read_each_others_outputs(
    stranger: Path, tmp_path: Path, groundplan: Any
) -> None:
    reader = tmp_path / "reader"
    reader.mkdir()
    (reader / "Pulumi.yaml").write_text("name: reader\nruntime: python\n")
    (reader / "__main__.py").write_text(
        "import pulumi\nother = pulumi.StackReference('organization/stranger/dev')\n"
        "pulumi.export('read', other.require_output('length'))\n"
    )
    assert groundplan(tmp_path, "--cwd", "stranger", "up", "dev").status == 0
    assert "holds no state of it" in groundplan(tmp_path, "--cwd", "reader", "up", "dev").out
    shared = ("--state", str(stranger / ".groundplan" / "state"))
    assert groundplan(tmp_path, *shared, "--cwd", "reader", "up", "dev").status == 0
    assert groundplan(tmp_path, *shared, "--cwd", "reader", "outputs", "dev", "read").out == "5\n"
