"""What a project's files say: its interpreter, its folder, its declared configuration, its plugins."""

from __future__ import annotations

import shutil
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.crypter import Crypter
from sandbox.engine.declarations import ConfigInvalid
from sandbox.engine.errors import ProjectInvalid, UnknownStack
from sandbox.engine.interpreters import interpreter_of
from sandbox.engine.project import NamedPlugin, Project, StackConfig

CRYPTER = Crypter.new("open sesame", "the tests")


def project(folder: Path, text: str) -> Project:
    (folder / "Pulumi.yaml").write_text(f"name: p\n{text}")
    return Project.load(folder)


def test_keys_that_mean_nothing_here_are_left_alone(tmp_path: Path) -> None:
    loaded = project(
        tmp_path,
        "runtime: {name: python, options: {toolchain: uv, typechecker: pyright}}\n"
        "backend: {url: 's3://states'}\noptions: {refresh: always}\nauthor: me\npackages: {}\n"
        "template: {config: {aws:region: {default: us-west-2}}}\nsomething: [new]\n"
        "plugins: {providers: [{name: random, path: ../bin, version: v4.1.0}], languages: []}\n",
    )
    assert loaded.plugins == (NamedPlugin("random", "../bin", "4.1.0"),)
    assert loaded.declarations == ()
    for wrong in ("plugins: {providers: [{name: x}]}", "plugins: {providers: x}", "plugins: []\n# list"):
        if wrong.startswith("plugins: []"):
            assert project(tmp_path, f"runtime: python\n{wrong}\n").plugins == ()
            continue
        with pytest.raises(ProjectInvalid, match="plugins.providers"):
            project(tmp_path, f"runtime: python\n{wrong}\n")
    # The old spelling of stackConfigDir.
    assert project(tmp_path, "runtime: python\nconfig: stacks\n").config_folder == tmp_path / "stacks"


def test_the_environment_of_the_project_runs_it_where_it_exists(tmp_path: Path) -> None:
    for options, folder in (
        ("virtualenv: env", "env"),
        ("toolchain: uv", ".venv"),
        ("toolchain: poetry", ".venv"),
    ):
        loaded = project(tmp_path, f"runtime: {{name: python, options: {{{options}}}}}\n")
        missing = interpreter_of(loaded)
        assert missing.path == Path(sys.executable)
        assert f"virtual environment {tmp_path / folder} does not exist" in missing.note
        assert "To make it: " in missing.note
        venv.create(tmp_path / folder)
        assert interpreter_of(loaded).path.parent.parent == tmp_path / folder
        assert interpreter_of(loaded).note == ""
        shutil.rmtree(tmp_path / folder)
    plain = interpreter_of(project(tmp_path, "runtime: python\n"))
    assert (plain.path, plain.note) == (Path(sys.executable), "")


def test_declared_configuration_is_filled_in_and_checked_all_at_once(tmp_path: Path) -> None:
    loaded = project(
        tmp_path,
        "runtime: python\nconfig:\n  aws:region: eu-west-1\n  plain: text\n"
        "  number: {type: integer, default: 3}\n"
        "  list: {type: array, items: {type: string}, default: [a]}\n  flag: {type: boolean}\n"
        "  key: {type: string, secret: true}\n  object: {type: object}\n  gcp:project: {type: string}\n",
    )

    def values(text: str) -> Any:
        (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n{text}")
        return StackConfig.load(loaded, "dev").for_program(CRYPTER).values

    key = f"  key: {{secure: '{CRYPTER.encrypt('hush')}'}}\n"
    assert values(f"  flag: 'true'\n  object: {{a: 1}}\n  number: '7'\n{key}") == {
        "aws:region": "eu-west-1",
        "p:plain": "text",
        "p:number": "7",
        "p:list": '["a"]',
        "p:flag": "true",
        "p:key": "hush",
        "p:object": '{"a":1}',
    }
    with pytest.raises(ConfigInvalid) as caught:
        values("  number: many\n  list: [1]\n  flag: maybe\n  key: open\n")
    assert caught.value.reasons == (
        "'number' must be of type integer, and is 'many'",
        "'list' must be of type array of string, and is [1]",
        "'flag' must be of type boolean, and is 'maybe'",
        "'key' must be encrypted: groundplan config dev set key VALUE --secret",
        "'object' is not set: groundplan config dev set object VALUE",
    )
    with pytest.raises(ProjectInvalid, match="config.x.type is 'text'; allowed: string"):
        project(tmp_path, "runtime: python\nconfig: {x: {type: text}}\n")


@pytest.mark.parametrize("main", ["src", "src/", "src/program.py"])
def test_a_program_elsewhere_runs_in_its_folder_where_its_assets_are(workspace: Any, main: str) -> None:
    file = workspace.folder / "Pulumi.yaml"
    file.write_text(f"{file.read_text()}main: {main}\n")
    source = workspace.folder / "src"
    source.mkdir()
    (source / "words.py").write_text("WORD = 'beside'\n")
    (source / "page.html").write_text("<p>")
    # A file's siblings are not on the path, under the official CLI neither.
    sibling = "'beside'" if main.endswith(".py") else "__import__('words').WORD"
    (source / ("program.py" if main.endswith(".py") else "__main__.py")).write_text(
        "import pulumi, os\n"
        "pulumi.Stash('s', input=pulumi.FileAsset('page.html'))\n"
        f"pulumi.export('word', {sibling})\npulumi.export('here', os.path.basename(os.getcwd()))\n"
        "pulumi.export('root', os.path.basename(pulumi.get_root_directory()))\n"
    )
    outputs = workspace.succeed().summary.outputs
    assert outputs == {"word": "beside", "here": "src", "root": "project"}
    if not main.endswith(".py"):
        assert workspace.state_of("s").source_position.startswith("project:///src/__main__.py#")


def test_a_missing_environment_is_said_aloud_and_the_program_runs(workspace: Any) -> None:
    file = workspace.folder / "Pulumi.yaml"
    file.write_text(file.read_text().replace("python", "{name: python, options: {virtualenv: gone}}"))
    workspace.program("pulumi.export('ran', True)")
    engine = workspace.engine()
    engine._interpreter = None
    events: list[Any] = []
    summary = engine.up("dev", workspace.config(), events.append)
    assert summary.outputs == {"ran": True}
    assert any("virtual environment" in getattr(event, "text", "") for event in events)


def test_a_stack_that_is_not_there_is_made_only_when_that_is_asked_for(workspace: Any) -> None:
    workspace.program("Toy('t')")
    with pytest.raises(UnknownStack):
        workspace.run("up", stack="fresh")
    assert workspace.run("preview", stack="fresh", new=True).summary.changes["create"] == 2
    assert workspace.backend.stacks("test") == []
    assert workspace.run("up", stack="fresh", new=True).summary.result == "succeeded"
    assert workspace.backend.types("test", "fresh") == {
        "pulumi:pulumi:Stack",
        "pulumi:providers:toy",
        "toy:index:Toy",
    }
    assert workspace.run("up", stack="fresh", expect_no_changes=True).summary.result == "succeeded"
