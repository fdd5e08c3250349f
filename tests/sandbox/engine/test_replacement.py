"""How resources are replaced, and what goes along with them."""

from __future__ import annotations

from typing import Any


def test_a_replacement_is_made_before_the_old_one_goes(workspace: Any) -> None:
    workspace.succeed("a = Toy('a', kind='wood')\nToy('b', size=a.serial)")
    old = workspace.state_of("a")
    preview = workspace.program("a = Toy('a', kind='steel')\nToy('b', size=a.serial)").run("preview")
    assert preview.operations["a"] == {"create-replacement", "replace", "delete-replaced"}
    assert preview.started("a").detailed == {"kind": "update-replace"}
    workspace.cloud.calls.clear()
    outcome = workspace.succeed()
    assert workspace.cloud.calls == [("create", "a"), ("update", "b"), ("delete", "a")]
    assert outcome.summary.changes["replace"] == 1
    new = workspace.state_of("a")
    # Checked afresh: the automatic name is not the old one's.
    assert new.id != old.id
    assert new.inputs["label"] != old.inputs["label"]


def test_delete_before_replace_takes_along_only_dependents_that_must_be_replaced(workspace: Any) -> None:
    before = """
        a = Toy("a", kind=KIND, before=True)
        must = Toy("must", needs=a.serial)
        Toy("may", size=a.serial)
        Toy("waits", Opts(depends_on=[a]))
        Toy("further", needs=must.serial)
        """
    workspace.succeed(before.replace("KIND", "'wood'"))
    workspace.cloud.calls.clear()
    outcome = workspace.succeed(before.replace("KIND", "'steel'"))
    calls = [call for call in workspace.cloud.calls if call[0] != "read"]
    assert calls[:3] == [("delete", "further"), ("delete", "must"), ("delete", "a")]
    assert calls[3] == ("create", "a")
    assert set(calls[4:]) == {("create", "must"), ("create", "further"), ("update", "may")}
    assert outcome.operations["must"] == {"delete-replaced", "replace", "create-replacement"}
    assert len(workspace.cloud.toys) == 5


def test_the_program_overrules_the_providers_delete_before_replace(workspace: Any) -> None:
    workspace.succeed(
        "Toy('a', Opts(delete_before_replace=False), kind='wood', before=True)\nToy('b', kind='wood')"
    )
    workspace.cloud.calls.clear()
    workspace.succeed(
        "Toy('a', Opts(delete_before_replace=False), kind='steel', before=True)\n"
        "Toy('b', Opts(delete_before_replace=True), kind='steel')"
    )
    names = {name: [kind for kind, other in workspace.cloud.calls if other == name] for name in ("a", "b")}
    assert names == {"a": ["create", "delete"], "b": ["delete", "create"]}


def test_a_failed_create_after_a_deletion_is_made_up_for_by_the_next_run(workspace: Any) -> None:
    workspace.succeed("Toy('a', kind='wood', before=True)")
    failed = workspace.up("Toy('a', kind='steel', before=True, fail='create')")
    assert failed.summary.result == "failed"
    assert workspace.state_of("a").pending_replacement
    outcome = workspace.succeed("Toy('a', kind='steel', before=True)")
    assert outcome.operations["a"] == {"create-replacement", "replace"}
    assert not workspace.state_of("a").pending_replacement
    assert len(workspace.cloud.toys) == 1


def test_an_old_one_that_could_not_be_deleted_is_deleted_by_the_next_run(workspace: Any) -> None:
    workspace.succeed("Toy('a', kind='wood', fail='delete')")
    failed = workspace.up("Toy('a', kind='steel')")
    assert failed.failures["a"] == "the child will not let go"
    states = [item.delete for item in workspace.engine().resources("dev") if item.type == "toy:index:Toy"]
    assert states == [False, True]
    for item in workspace.cloud.toys.values():
        item.pop("fail", None)
    again = workspace.up()
    assert again.summary.result == "failed"
    assert again.operations == {}


def test_options_force_or_prevent_changes(workspace: Any) -> None:
    options = {
        "ignored": "Opts(ignore_changes=['size', 'parts.a', 'parts.list[0]'])",
        "forced": "Opts(replace_on_changes=['size'])",
        "triggered": "Opts(replacement_trigger=TRIGGER)",
    }
    text = "\n".join(f"Toy('{name}', {opts}, size=SIZE, parts=PARTS)" for name, opts in options.items())

    def program(size: int, parts: str, trigger: str) -> str:
        return text.replace("SIZE", str(size)).replace("PARTS", parts).replace("TRIGGER", trigger)

    workspace.succeed(program(1, "{'a': 1, 'b': 1, 'list': [1, 2]}", "'x'"))
    outcome = workspace.succeed(program(2, "{'a': 2, 'b': 1, 'list': [9, 2]}", "'x'"))
    assert outcome.operations == {
        "forced": {"create-replacement", "replace", "delete-replaced"},
        "triggered": {"update"},
    }
    assert workspace.state_of("ignored").inputs["parts"] == {"a": 1, "b": 1, "list": [1, 2]}
    outcome = workspace.succeed(program(2, "{'a': 2, 'b': 1, 'list': [9, 2]}", "'y'"))
    assert outcome.operations == {"triggered": {"create-replacement", "replace", "delete-replaced"}}
