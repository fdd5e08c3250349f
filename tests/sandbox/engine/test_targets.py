"""What `--target`, `--exclude` and `--replace` let a run touch, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.targets import Targets, TargetsContradict

URN = "urn:pulumi:dev::test::toy:index:Toy::"
CHAIN = """
a = Toy("a", size=SIZE)
b = Toy("b", size=a.serial)
Toy("c", Opts(depends_on=[b]), size=SIZE)
Toy("other", size=SIZE)
"""


def program(size: int) -> str:
    return CHAIN.replace("SIZE", str(size))


def urns(workspace: Any) -> list[str]:
    """The state's URNs, each of which must follow what it depends on."""
    seen: set[str] = set()
    for item in workspace.engine().resources("dev"):
        assert item.depends_on() <= seen, item.urn
        seen.add(item.urn)
    return sorted(seen)


def test_targets_take_their_dependents_along_where_that_is_asked_for(workspace: Any) -> None:
    workspace.succeed(program(1))
    alone = workspace.succeed(program(2), targets=[f"{URN}a"])
    assert alone.operations == {"a": {"update"}}
    assert alone.summary.changes == {"same": 4, "update": 1}
    along = workspace.succeed(program(3), targets=[f"{URN}a"], target_dependents=True)
    assert along.operations == {"a": {"update"}, "c": {"update"}}
    assert workspace.state_of("other").inputs["size"] == 1


def test_exclusions_leave_alone_what_they_name(workspace: Any) -> None:
    workspace.succeed(program(1))
    but_one = workspace.succeed(program(2), exclude=[f"{URN}a"])
    assert but_one.operations == {"c": {"update"}, "other": {"update"}}
    but_many = workspace.succeed(program(3), exclude=[f"{URN}a"], exclude_dependents=True)
    assert but_many.operations == {"other": {"update"}}
    assert workspace.state_of("c").inputs["size"] == 2
    with pytest.raises(TargetsContradict):
        Targets(["a"], exclude=["b"])


def test_a_resource_is_replaced_on_demand_and_keeps_its_name(workspace: Any) -> None:
    workspace.succeed(program(1))
    old = workspace.state_of("b")
    outcome = workspace.succeed(program(1), replace=[f"{URN}b"])
    assert outcome.operations == {"b": {"create-replacement", "replace", "delete-replaced"}}
    assert workspace.state_of("b").id != old.id
    unknown = workspace.up(replace=[f"{URN}nobody"])
    assert "no resource named" in unknown.summary.errors[0]


def test_what_an_untargeted_resource_needs_stays_with_it(workspace: Any) -> None:
    workspace.succeed(program(1))
    # `a` has left the program, but `b` is not touched and still needs it, though `a` is a target.
    left = "b = Toy('b', size=5)\nToy('c', Opts(depends_on=[b]))\nToy('other', size=7)"
    outcome = workspace.succeed(left, targets=[f"{URN}other", f"{URN}a"])
    assert outcome.operations == {"other": {"update"}}
    assert {f"{URN}a", f"{URN}b", f"{URN}c"} <= set(urns(workspace))
    assert workspace.state_of("b").dependencies == [f"{URN}a"]
    assert workspace.succeed(left).operations["a"] == {"delete"}
    assert f"{URN}a" not in urns(workspace)


def test_what_was_kept_for_another_may_be_registered_after_it(workspace: Any) -> None:
    workspace.succeed("a = Toy('a', size=1)\nToy('b', size=a.serial)\nToy('c')")
    turned = "b = Toy('b', size=5)\nb.id.apply(lambda _: Toy('a', size=2))\nToy('c', size=3)"
    outcome = workspace.succeed(turned, targets=[f"{URN}c"])
    assert outcome.operations == {"c": {"update"}}
    assert len(urns(workspace)) == 5
    outcome = workspace.succeed(turned, targets=[f"{URN}a"])
    assert outcome.operations == {"a": {"update"}}
    assert len(urns(workspace)) == 5
    assert workspace.state_of("a").inputs["size"] == 2


def test_a_deletion_that_takes_others_along_is_refused_unless_they_are_meant(workspace: Any) -> None:
    workspace.succeed(program(1))
    refused = workspace.up("Toy('other', size=1)", targets=[f"{URN}a"])
    assert refused.summary.result == "failed"
    told = [text.split("'")[1] for text in refused.summary.errors]
    assert told == [f"{URN}b", f"{URN}c"]
    assert workspace.cloud.called("delete") == []
    looked = workspace.run("preview", targets=[f"{URN}a"])
    assert looked.summary.result == "failed"
    assert looked.summary.changes == {"same": 2, "delete": 3}
    meant = workspace.succeed(targets=[f"{URN}a"], target_dependents=True)
    assert meant.summary.changes == {"same": 2, "delete": 3}
    assert workspace.cloud.called("delete") == ["c", "b", "a"]


def test_a_destroy_of_targets_keeps_the_rest(workspace: Any) -> None:
    workspace.succeed(program(1))
    assert workspace.run("destroy", targets=[f"{URN}b"]).summary.result == "failed"
    assert workspace.cloud.called("delete") == []
    gone = workspace.run("destroy", targets=[f"{URN}b"], target_dependents=True)
    assert gone.operations == {"b": {"delete"}, "c": {"delete"}}
    kept = workspace.run("destroy", exclude=[f"{URN}a"])
    assert kept.operations == {"other": {"delete"}}
    # What an excluded one needs is kept too: its provider and the stack.
    assert len(urns(workspace)) == 3
    assert workspace.run("destroy").summary.result == "succeeded"
    assert workspace.cloud.toys == {}


def test_a_target_that_needs_what_is_not_there_is_refused(workspace: Any) -> None:
    workspace.succeed("Toy('a')")
    text = "new = Toy('new')\nToy('b', size=new.serial)"
    looked = workspace.program(text).run("preview", targets=[f"{URN}b"])
    assert looked.summary.result == "failed"
    assert f"depends on '{URN}new', which does not exist" in looked.summary.errors[0]
    assert workspace.up(targets=[f"{URN}b"]).summary.result == "failed"
    assert workspace.names() == {"test-dev", "default_1_2_3", "a"}
    assert workspace.succeed(targets=[f"{URN}b", f"{URN}new"]).summary.changes["create"] == 2


def test_a_refresh_of_targets_asks_for_them_alone(workspace: Any) -> None:
    workspace.succeed(program(1))
    workspace.cloud.calls.clear()
    workspace.run("refresh", targets=[f"{URN}a"])
    assert workspace.cloud.called("read") == ["a"]
    workspace.cloud.calls.clear()
    workspace.run("refresh", targets=[f"{URN}a"], target_dependents=True)
    assert sorted(workspace.cloud.called("read")) == ["a", "b", "c"]


def test_stars_stand_for_any_text(workspace: Any) -> None:
    workspace.succeed("box = Box('box')\nToy('in', Opts(parent=box), size=1)\nToy('out', size=1)")
    text = "box = Box('box')\nToy('in', Opts(parent=box), size=2)\nToy('out', size=2)"
    assert workspace.succeed(text, targets=["**::toy:index:*::*"]).operations == {"out": {"update"}}
    assert workspace.succeed(text, targets=["**Box$**"]).operations == {"in": {"update"}}


def test_an_up_may_refresh_first(workspace: Any) -> None:
    workspace.succeed("Toy('a', size=1)\nToy('b')")
    for id in list(workspace.cloud.toys):
        if workspace.cloud.toys[id]["urn"].endswith("::a"):
            del workspace.cloud.toys[id]
    assert workspace.succeed(expect_no_changes=True).summary.changes == {"same": 3}
    looked = workspace.run("preview", refresh=True)
    assert looked.summary.changes == {"same": 2, "create": 1}
    assert "a" in workspace.names()
    outcome = workspace.succeed(refresh=True)
    assert outcome.summary.changes == {"same": 2, "create": 1}
    assert len(workspace.cloud.toys) == 2
