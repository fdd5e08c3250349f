"""The official CLI opens what this engine wrote, and the other way round. Needs `pulumi` on PATH."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from sandbox.engine.project import StackConfig
from sandbox.engine.stack_file import StackFile
from sandbox.engine.values import Secret

pytestmark = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
    reason="the official Pulumi CLI is not on PATH",
)

PROGRAM = """
config = pulumi.Config()
outer = Box("outer")
inner = Box("inner", Opts(parent=outer))
value = {"list": [1, 2.5, True, None], "key": config.require_secret("key")}
stash = pulumi.Stash("kept", input=value, opts=Opts(parent=inner))
files = pulumi.Stash("files", input=pulumi.FileArchive("stacks"))
inner.register_outputs({"deep": config.require_object("deep")})
pulumi.export("key", config.require_secret("key"))
pulumi.export("stash", stash.output)
pulumi.export("plain", {"a": [1, "x", None]})
"""


@pytest.fixture
def both(workspace: Any, official_cli: Any) -> tuple[Any, Any]:
    workspace.program(PROGRAM)
    crypter = workspace.backend.crypter("test", "dev")
    workspace.project.stack_file("dev").write_text(
        f"encryptionsalt: {crypter.state}\n"
        "config:\n  test:deep: {b: [1, on], a: x}\n"
        f"  test:key:\n    secure: {crypter.encrypt('hush')}\n"
    )
    workspace.state.mkdir()
    return workspace, official_cli(workspace)


def test_the_cli_goes_on_from_a_state_of_this_engine(both: tuple[Any, Any]) -> None:
    workspace, cli = both
    workspace.succeed()
    cli("preview", "--stack", "dev", "--expect-no-changes")
    outputs = json.loads(cli("stack", "output", "--stack", "dev", "--json", "--show-secrets"))
    assert outputs["key"] == "hush"
    assert outputs["plain"] == {"a": [1, "x", None]}
    cli("up", "--stack", "dev", "--yes", "--skip-preview", "--expect-no-changes")
    assert workspace.succeed(expect_no_changes=True).summary.changes == {"same": 5}
    assert '"update"' in cli("stack", "history", "--stack", "dev", "--json")
    cli("destroy", "--stack", "dev", "--yes", "--skip-preview")
    assert workspace.engine().resources("dev") == []


def test_this_engine_goes_on_from_a_state_of_the_cli(both: tuple[Any, Any]) -> None:
    workspace, cli = both
    cli("stack", "init", "dev")
    cli("up", "--stack", "dev", "--yes", "--skip-preview")
    assert workspace.engine().outputs("dev")["key"] == Secret("hush")
    assert workspace.run("preview", expect_no_changes=True).summary.changes == {"same": 5}
    assert workspace.succeed(expect_no_changes=True).summary.result == "succeeded"
    assert workspace.run("destroy").summary.result == "succeeded"
    assert json.loads(cli("stack", "export", "--stack", "dev"))["deployment"].get("resources") is None


def test_settings_are_read_by_the_cli_as_they_were_written_and_the_other_way_round(
    both: tuple[Any, Any],
) -> None:
    workspace, cli = both
    cli("stack", "init", "dev")
    path = workspace.project.stack_file("dev")
    crypter = workspace.backend.crypter(
        "test", "dev", StackConfig.load(workspace.project, "dev").encryption_salt
    )
    file = StackFile(path, "test")
    texts = ["", "5", "007", "1e3", "true", "on", "~", "2024-01-01", "a: b", "0o17", "y", "é\n x", ".5"]
    for number, text in enumerate(texts):
        file.set(f"test:t{number}", text)
    file.set("test:key", {"secure": crypter.encrypt("whisper")})
    file.set("test:deep", {"list": [1, True, {"key": {"secure": crypter.encrypt("hidden")}}]})
    file.save()
    read = json.loads(cli("config", "--stack", "dev", "--show-secrets", "--json"))
    assert [read[f"test:t{number}"]["value"] for number in range(len(texts))] == texts
    assert (read["test:key"]["value"], read["test:key"]["secret"]) == ("whisper", True)
    assert read["test:deep"]["objectValue"] == {"list": [1, True, {"key": "hidden"}]}

    cli("config", "set", "--stack", "dev", "--secret", "told", "by the cli")
    cli("config", "set", "--stack", "dev", "--path", "nested.zones[0]", "a")
    values = StackConfig.load(workspace.project, "dev").for_program(crypter)
    assert values.values["test:told"] == "by the cli"
    assert "test:told" in values.secret_keys
    assert values.values["test:nested"] == '{"zones":["a"]}'
    assert [values.values[f"test:t{number}"] for number in range(len(texts))] == texts
