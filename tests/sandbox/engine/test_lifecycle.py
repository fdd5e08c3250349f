"""What a program's life comes to: previews, creates, sameness, updates, deletions, components, outputs."""

from __future__ import annotations

import os
from typing import Any

import pytest

from sandbox.engine.values import UNKNOWN, Asset, Secret

PROGRAM = """
class Shelf(Box):
    def __init__(self, name, opts=None):
        super().__init__(name, opts)
        own = Opts(parent=self)
        self.first = Toy(f"{name}-first", own, size=pulumi.Config().require_int("size"))
        self.second = Toy(f"{name}-second", own, size=self.first.serial.apply(lambda n: n + 1))
        self.register_outputs({"label": self.first.label})

shelf = Shelf("shelf")
loose = Toy("loose", size=1, secret=pulumi.Output.secret("hush"), source=pulumi.StringAsset("hello"))
pulumi.export("serial", shelf.second.serial)
pulumi.export("secret", loose.secret)
pulumi.export("plain", {"list": [1, 2.5, True, None, "x"]})
print("made")
"""


def test_a_stack_lives_from_preview_to_destroy(workspace: Any) -> None:
    values = {"size": 3}
    preview = workspace.program(PROGRAM).run("preview", values=values)
    assert preview.summary.result == "succeeded"
    assert preview.summary.changes == {"create": 5}
    assert preview.summary.outputs["serial"] is UNKNOWN
    assert workspace.cloud.calls == []
    assert not workspace.state.joinpath(".pulumi/stacks").exists()

    first = workspace.succeed(values=values)
    assert first.summary.changes == {"create": 5}
    assert first.printed == ["made"]
    assert first.summary.outputs["serial"] == workspace.state_of("shelf-second").outputs["serial"]
    assert first.summary.outputs["secret"] == Secret("hush")
    assert first.summary.outputs["plain"] == {"list": [1, 2.5, True, None, "x"]}
    assert workspace.cloud.configured[-1] == {"region": "here"}
    assert workspace.state_of("shelf").outputs == {
        "label": workspace.state_of("shelf-first").outputs["label"]
    }
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert workspace.state_of("loose").inputs["source"] == Asset(text="hello", hash=digest)
    text = workspace.backend.path("test", "dev").read_text()
    assert "hush" not in text

    written = workspace.backend.path("test", "dev").stat()
    again = workspace.succeed(values=values, expect_no_changes=True)
    assert again.summary.changes == {"same": 5}
    assert workspace.backend.path("test", "dev").stat().st_ino == written.st_ino

    preview = workspace.run("preview", values={"size": 4})
    assert preview.operations == {"shelf-first": {"update"}}
    assert preview.started("shelf-first").detailed == {"size": "update"}

    changed = workspace.succeed(values={"size": 4}, expect_no_changes=False)
    assert changed.summary.changes == {"same": 4, "update": 1}
    assert workspace.state_of("shelf-first").outputs["size"] == 4

    gone = workspace.run("destroy")
    assert gone.summary.result == "succeeded"
    assert gone.summary.changes == {"delete": 5}
    assert workspace.cloud.toys == {}
    assert workspace.engine().resources("dev") == []
    order = [name for _, name in gone.order]
    assert (
        order.index("shelf-second")
        < order.index("shelf-first")
        < order.index("shelf")
        < order.index("test-dev")
    )


def test_what_the_program_no_longer_has_is_deleted_dependents_first(workspace: Any) -> None:
    workspace.succeed(
        """
        base = Toy("base")
        middle = Toy("middle", size=base.serial)
        Toy("top", Opts(depends_on=[middle]))
        Toy("stays")
        """
    )
    outcome = workspace.succeed("Toy('stays')")
    assert outcome.summary.changes == {"same": 2, "delete": 3}
    assert workspace.cloud.called("delete") == ["top", "middle", "base"]
    assert workspace.names() == {"test-dev", "stays", "default_1_2_3"}


def test_a_change_that_was_not_expected_fails_after_it_was_made(workspace: Any) -> None:
    outcome = workspace.up("Toy('one')", expect_no_changes=True)
    assert outcome.summary.result == "failed"
    assert "no changes were expected" in outcome.summary.errors[0]
    assert "one" in workspace.names()


def test_reads_and_functions_reach_the_provider(workspace: Any) -> None:
    workspace.cloud.toys["toy-9"] = {"label": "found", "size": 7, "urn": ""}
    outcome = workspace.succeed(
        """
        found = Toy("found", Opts(id="toy-9"))
        pulumi.export("size", found.size)
        answer = pulumi.runtime.invoke("toy:index:ask", {"question": "where"})
        pulumi.export("answer", answer.value["answer"])
        try:
            pulumi.runtime.invoke("toy:index:fail", {})
        except Exception as error:
            pulumi.export("error", str(error))
        """
    )
    assert outcome.summary.outputs["size"] == 7
    assert outcome.summary.outputs["answer"] == "where in here"
    assert "nobody is in" in outcome.summary.outputs["error"]
    assert outcome.operations["found"] == {"read"}
    assert workspace.state_of("found").external
    workspace.run("destroy")
    assert "toy-9" in workspace.cloud.toys


def test_an_imported_resource_is_adopted_then_brought_to_what_the_program_says(workspace: Any) -> None:
    workspace.cloud.toys["toy-9"] = {"label": "old", "size": 7, "serial": 9, "urn": ""}
    outcome = workspace.succeed("Toy('mine', Opts(import_='toy-9'), label='old', size=8)")
    assert outcome.operations["mine"] == {"import", "update"}
    assert workspace.cloud.toys["toy-9"]["size"] == 8
    assert workspace.succeed().summary.changes["same"] == 2


def test_providers_are_explicit_inherited_or_the_default(workspace: Any) -> None:
    workspace.succeed(
        """
        far = Toys("far", region="there")
        box = Box("box", Opts(providers=[far]))
        inner = Box("inner", Opts(parent=box))
        Toy("deep", Opts(parent=inner))
        Toy("direct", Opts(provider=far))
        Toy("default")
        pulumi.export("where", pulumi.runtime.invoke(
            "toy:index:ask", {"question": "it"}, pulumi.InvokeOptions(provider=far)).value["answer"])
        """
    )
    far = workspace.state_of("far")
    assert workspace.state_of("deep").provider == workspace.state_of("direct").provider == far.reference
    assert workspace.state_of("default").provider == workspace.state_of("default_1_2_3").reference
    assert far.inputs == {"region": "there", "version": "1.2.3", "__internal": {}}
    assert workspace.engine().outputs("dev")["where"] == "it in there"
    # A provider that moves takes its resources along; one whose settings change otherwise does not.
    moved = workspace.succeed("far = Toys('far', region='elsewhere')\nToy('direct', Opts(provider=far))\n")
    assert moved.operations["direct"] == {"create-replacement", "replace", "delete-replaced"}


def test_a_provider_finds_assets_wherever_the_engine_runs(workspace: Any) -> None:
    (workspace.folder / "word.txt").write_text("hello")
    workspace.succeed("Toy('one', source=pulumi.FileAsset('word.txt'))")
    one = workspace.state_of("one")
    assert workspace.cloud.toys[one.id]["source"].path == str(workspace.folder / "word.txt")
    assert one.inputs["source"].path == one.outputs["source"].path == "word.txt"


def test_a_refused_provider_configuration_stops_the_run(workspace: Any) -> None:
    outcome = workspace.up("Toy('one')", values={"toy:region": "mars"})
    assert outcome.summary.result == "failed"
    assert "'mars' is no region" in outcome.summary.errors[0]
    assert workspace.cloud.calls == []


def test_a_stack_reads_the_outputs_of_another(workspace: Any) -> None:
    workspace.project.stack_file("other").write_text("config: {}\n")
    workspace.succeed(
        "pulumi.export('word', 'hello')\npulumi.export('key', pulumi.Output.secret('hush'))", stack="other"
    )
    outcome = workspace.succeed(
        """
        other = pulumi.StackReference("organization/test/other")
        pulumi.export("word", other.require_output("word"))
        pulumi.export("key", other.require_output("key"))
        """
    )
    assert outcome.summary.outputs == {"word": "hello", "key": Secret("hush")}
    assert workspace.succeed(expect_no_changes=True).summary.result == "succeeded"
    missing = workspace.up("pulumi.StackReference('organization/test/none').require_output('x')")
    assert "unknown stack 'organization/test/none'" in missing.summary.errors[0]


def test_a_refresh_makes_the_state_say_what_is_there(workspace: Any) -> None:
    workspace.succeed("a = Toy('a', size=1)\nToy('b', size=a.serial)\nToy('c')")
    gone, changed = workspace.state_of("a").id, workspace.state_of("c").id
    del workspace.cloud.toys[gone]
    workspace.cloud.toys[changed]["label"] = "painted"
    looked = workspace.run("refresh", preview=True)
    assert looked.summary.changes == {"delete": 1, "update": 1, "same": 2}
    assert "a" in workspace.names()
    outcome = workspace.run("refresh")
    assert outcome.summary.changes == {"delete": 1, "update": 1, "same": 2}
    assert workspace.names() == {"test-dev", "default_1_2_3", "b", "c"}
    assert workspace.state_of("b").dependencies == []
    assert workspace.state_of("c").outputs["label"] == "painted"
    assert workspace.succeed().operations["a"] == {"create"}


def test_an_edit_counts_however_soon_it_is_run(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    main = workspace.folder / "__main__.py"
    workspace.succeed("Toy('one', size=1)")
    stamp = main.stat()
    workspace.program("Toy('one', size=2)")
    # As if it had been edited within the second: the same size, the same time.
    os.utime(main, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert workspace.succeed().operations == {"one": {"update"}}


def test_a_program_that_is_slow_to_end_has_succeeded_all_the_same(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.engine.program_run._PATIENCE", 0.1)
    slow = """
        import atexit, time
        atexit.register(time.sleep, 5)
        Toy("a")
        """
    assert workspace.up(slow).summary.result == "succeeded"
