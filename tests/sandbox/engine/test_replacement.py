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


def test_what_is_deleted_with_another_goes_along_when_that_is_deleted_first(workspace: Any) -> None:
    text = """
        house = Toy("house", kind="KIND", before=True)
        lamp = Toy("lamp", Opts(deleted_with=house))
        Toy("bulb", Opts(deleted_with=lamp))
        Toy("follower", Opts(replace_with=[house]))
        """
    workspace.succeed(text.replace("KIND", "wood"))
    workspace.cloud.calls.clear()
    outcome = workspace.succeed(text.replace("KIND", "stone"))
    assert outcome.summary.changes == {"same": 1, "replace": 4}
    assert set(workspace.cloud.called("create")) == {"house", "lamp", "bulb", "follower"}
    # The container's deletion takes the others along; what only follows it is deleted by a call of its own.
    assert set(workspace.cloud.called("delete")) == {"house", "follower"}
    assert workspace.succeed(expect_no_changes=True).summary.changes == {"same": 5}


def test_a_replacement_counts_once_and_tells_its_reason(workspace: Any) -> None:
    workspace.succeed("a = Toy('a', kind='wood')\nToy('b', Opts(replace_with=[a]))")
    looked = workspace.program("a = Toy('a', kind='steel')\nToy('b', Opts(replace_with=[a]))").run("preview")
    assert looked.summary.changes == {"same": 1, "replace": 2}
    assert looked.started("a").detailed == {"kind": "update-replace"}
    assert looked.started("b").detailed == {"replaceWith": "update-replace"}


def test_a_preview_goes_on_past_what_protection_would_refuse(workspace: Any) -> None:
    workspace.succeed("a = Toy('a', Opts(protect=True), kind='wood')")
    text = "a = Toy('a', Opts(protect=True), kind='steel')\nToy('b', size=a.serial)"
    looked = workspace.program(text).run("preview")
    assert looked.summary.result == "failed"
    assert "marked for protection" in looked.summary.errors[0]
    assert looked.summary.changes == {"same": 1, "replace": 1, "create": 1}
    refused = workspace.up(text)
    assert refused.summary.result == "failed"
    assert workspace.cloud.called("create") == ["a"]
    # Protection given up in the same program: the replacement may go ahead.
    workspace.succeed("Toy('a', kind='steel')")
    assert workspace.cloud.called("delete") == ["a"]


def test_an_old_one_still_to_delete_goes_with_a_later_deletion_before_replacement(workspace: Any) -> None:
    text = "a = Toy('a', kind='KIND', before=True)\nToy('b', needs=a.serial, fail='FAIL')"
    workspace.succeed(text.replace("KIND", "one").replace("FAIL", "delete"))
    failed = workspace.up("a = Toy('a', kind='one', before=True)\nToy('b', needs=0, fail='')")
    assert failed.failures == {"b": "the child will not let go"}
    states = [item.delete for item in workspace.engine().resources("dev") if item.urn.endswith("::b")]
    assert states == [False, True]
    again = workspace.up("a = Toy('a', kind='two', before=True)\nToy('b', needs=a.serial, fail='')")
    assert again.failures == {"b": "the child will not let go"}
    assert [item.pending_replacement for item in workspace.engine().resources("dev")].count(True) <= 1


def test_a_provider_that_is_not_known_yet_is_not_asked(workspace: Any) -> None:
    workspace.succeed("p = Toys('p', region='here')\nToy('a', Opts(provider=p), size=1)")
    text = """
        where = Toy("where")
        p = Toys("p", region=where.label)
        Toy("a", Opts(provider=p), size=1)
        Toy("b", Opts(provider=p))
        """
    looked = workspace.program(text).run("preview")
    assert looked.summary.result == "succeeded", looked.summary.errors
    assert looked.operations["b"] == {"create"}
    assert "not known before the update" in looked.messages("warning") or looked.operations["a"] >= {
        "replace"
    }


def test_a_components_inputs_update_it_and_replace_nothing(workspace: Any) -> None:
    workspace.succeed("Box('box', Opts(replace_on_changes=['size']), size=1, word=pulumi.Output.secret('x'))")
    outcome = workspace.succeed("Box('box', Opts(replace_on_changes=['size']), size=2, word='x')")
    assert outcome.operations == {"box": {"update"}}


def test_a_replacement_trigger_fires_when_it_changes_not_when_it_is_first_set(workspace: Any) -> None:
    workspace.succeed("Toy('a')")
    assert workspace.succeed("Toy('a', Opts(replacement_trigger='x'))").operations == {}
    assert workspace.succeed("Toy('a', Opts(replacement_trigger='x'))").operations == {}
    fired = workspace.succeed("Toy('a', Opts(replacement_trigger='y'))")
    assert fired.operations == {"a": {"create-replacement", "replace", "delete-replaced"}}
    unknown = workspace.program("b = Toy('b')\nToy('a', Opts(replacement_trigger=b.serial))").run("preview")
    assert unknown.operations["a"] == {"create-replacement", "replace", "delete-replaced"}
