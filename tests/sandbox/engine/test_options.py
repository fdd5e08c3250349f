"""The options of resources that decide what may be deleted, renamed, hidden or changed."""

from __future__ import annotations

from typing import Any

from sandbox.engine.state import Timeouts
from sandbox.engine.values import Secret


def test_protection_refuses_deletion_while_the_rest_goes(workspace: Any) -> None:
    workspace.succeed("Toy('kept', Opts(protect=True))\nToy('other')\nBox('box', Opts(protect=True))")
    outcome = workspace.up("")
    assert outcome.summary.result == "failed"
    assert set(outcome.failures) == {"kept", "box"}
    assert "it is protected" in outcome.failures["kept"]
    assert workspace.cloud.called("delete") == ["other"]
    assert workspace.run("destroy").summary.result == "failed"
    assert workspace.names() >= {"kept", "test-dev"}
    workspace.succeed("Toy('kept', Opts(protect=False))\nBox('box')")
    assert workspace.run("destroy").summary.result == "succeeded"


def test_what_is_retained_or_deleted_with_another_is_not_deleted_by_the_provider(workspace: Any) -> None:
    workspace.succeed(
        """
        house = Toy("house")
        Toy("lamp", Opts(deleted_with=house))
        Toy("heirloom", Opts(retain_on_delete=True))
        parent = Box("parent", Opts(retain_on_delete=True))
        Toy("child", Opts(parent=parent))
        """
    )
    outcome = workspace.run("destroy")
    assert outcome.summary.changes["delete"] == 6
    assert workspace.cloud.called("delete") == ["house"]


def test_a_replaced_container_replaces_what_is_deleted_with_it(workspace: Any) -> None:
    text = "house = Toy('house', kind='KIND')\nToy('lamp', Opts(deleted_with=house))"
    workspace.succeed(text.replace("KIND", "wood"))
    workspace.cloud.calls.clear()
    workspace.succeed(text.replace("KIND", "stone"))
    assert workspace.cloud.called("create") == ["house", "lamp"]
    assert workspace.cloud.called("delete") == ["house"]


def test_aliases_carry_a_resource_and_its_children_to_a_new_name(workspace: Any) -> None:
    workspace.succeed("box = Box('old')\nToy('old-child', Opts(parent=box))\nToy('was')\nToy('moved')")
    ids = {name: workspace.state_of(name).id for name in ("old-child", "was", "moved")}
    outcome = workspace.succeed(
        """
        box = Box("new", Opts(aliases=[pulumi.Alias(name="old")]))
        Toy("new-child", Opts(parent=box))
        Toy("is", Opts(aliases=["urn:pulumi:dev::test::toy:index:Toy::was"]))
        Toy("moved", Opts(parent=box, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))
        """
    )
    assert outcome.operations == {}
    assert workspace.cloud.called("delete") == []
    assert workspace.state_of("new-child").id == ids["old-child"]
    assert workspace.state_of("is").id == ids["was"]
    assert workspace.state_of("moved").id == ids["moved"]
    assert workspace.state_of("new-child").parent == workspace.state_of("new").urn
    assert all(item.aliases == [] for item in workspace.engine().resources("dev"))
    assert workspace.succeed(expect_no_changes=True).summary.result == "succeeded"


def test_two_resources_of_one_name_are_refused(workspace: Any) -> None:
    outcome = workspace.up("Toy('twin')\nToy('twin')")
    assert outcome.summary.result == "failed"
    assert "Duplicate resource URN 'urn:pulumi:dev::test::toy:index:Toy::twin'" in outcome.summary.errors[0]


def test_secrets_stay_secret_through_the_provider_and_back(workspace: Any) -> None:
    workspace.succeed(
        """
        one = Toy("one", Opts(additional_secret_outputs=["serial"]), secret=pulumi.Output.secret("s3cret"),
                  parts={"list": ["plain", pulumi.Output.secret("t4cit")]})
        two = Toy("two", label=one.secret)
        pulumi.export("serial", one.serial)
        """
    )
    one, two = workspace.state_of("one"), workspace.state_of("two")
    assert isinstance(one.outputs["serial"], Secret)
    assert one.outputs["secret"] == Secret("s3cret")
    assert two.outputs["label"] == Secret("s3cret")
    assert isinstance(workspace.engine().outputs("dev")["serial"], Secret)
    assert workspace.cloud.toys[one.id]["secret"] == "s3cret"
    text = workspace.backend.path("test", "dev").read_text()
    assert "s3cret" not in text
    assert "t4cit" not in text
    assert workspace.succeed(expect_no_changes=True).summary.result == "succeeded"


def test_timeouts_and_other_options_reach_the_state(workspace: Any) -> None:
    workspace.succeed(
        """
        Toy("one", Opts(custom_timeouts=pulumi.CustomTimeouts(create="1h30m", delete="5s"), protect=True,
                        ignore_changes=["size"]))
        """
    )
    one = workspace.state_of("one")
    assert one.timeouts == Timeouts(create=5400, delete=5)
    assert one.protect
    assert one.ignore_changes == ["size"]
    assert one.source_position == "project:///__main__.py#5"


def test_transforms_change_registrations(workspace: Any) -> None:
    outcome = workspace.succeed(
        """
        from pulumi import ResourceTransformArgs as Args, ResourceTransformResult as Result

        def bigger(args: Args):
            if args.type_ == "toy:index:Toy":
                return Result(props={**args.props, "size": 5}, opts=args.opts)

        def protected(args: Args):
            return Result(props=args.props, opts=Opts.merge(args.opts, Opts(retain_on_delete=True)))

        pulumi.runtime.register_resource_transform(bigger)
        base = Toy("base")
        Toy("one", Opts(transforms=[protected]), size=1, label=base.serial.apply(str))
        """
    )
    one = workspace.state_of("one")
    assert one.inputs["size"] == 5
    assert one.retain_on_delete
    assert one.dependencies == [workspace.state_of("base").urn]
    assert outcome.summary.changes["create"] == 3


def test_targets_leave_everything_else_as_it_is(workspace: Any) -> None:
    workspace.succeed("a = Toy('a', size=1)\nToy('b', size=1)\nToy('c')")
    urn = "urn:pulumi:dev::test::toy:index:Toy::"
    outcome = workspace.succeed("a = Toy('a', size=2)\nToy('b', size=2)\nToy('d')", targets=[f"{urn}a"])
    assert outcome.operations == {"a": {"update"}}
    assert workspace.names() >= {"a", "b", "c"}
    assert "d" not in workspace.names()
    assert workspace.state_of("b").inputs["size"] == 1
    wrong = workspace.up(targets=[f"{urn}nobody"])
    assert "no resource named" in wrong.summary.errors[0]
    needed = workspace.up("d = Toy('d')\nToy('a', size=d.serial)", targets=[f"{urn}a"])
    assert "is not among the targets" in needed.summary.errors[0]
    assert workspace.run("destroy", targets=[f"{urn}c"]).operations == {"c": {"delete"}}


def test_a_name_that_an_alias_has_taken_cannot_be_used_again(workspace: Any) -> None:
    workspace.succeed("Toy('a')")
    taken = workspace.up(
        """
        c = Toy("c", Opts(aliases=[pulumi.Alias(name="a")]))
        c.id.apply(lambda _: Toy("a"))
        """
    )
    assert taken.summary.result == "failed"
    assert "conflicting with alias on resource with URN" in taken.summary.errors[0]
    workspace.succeed("Toy('c')\nToy('b')")
    twice = workspace.up(
        """
        d = Toy("d", Opts(aliases=[pulumi.Alias(name="b")]))
        d.id.apply(lambda _: Toy("e", Opts(aliases=[pulumi.Alias(name="b")])))
        """
    )
    assert "Duplicate resource alias" in twice.summary.errors[0]


def test_aliases_follow_a_type_a_parent_and_the_parents_own_former_name(workspace: Any) -> None:
    workspace.succeed(
        """
        outer = Box("outer")
        Toy("child", Opts(parent=outer))
        pulumi.CustomResource("toy:index:Old", "typed", {"label": "x"}, Opts(version="1.2.3"))
        """
    )
    child = workspace.state_of("child").id
    typed = workspace.state_of("typed").id
    outcome = workspace.succeed(
        """
        renamed = Box("renamed", Opts(aliases=[pulumi.Alias(name="outer")]))
        below = Box("below", Opts(parent=renamed))
        Toy("child", Opts(parent=below, aliases=[pulumi.Alias(parent=renamed)]))
        Toy("typed", Opts(aliases=[pulumi.Alias(type_="toy:index:Old")]), label="x")
        """
    )
    assert outcome.operations == {"below": {"create"}}
    assert workspace.state_of("child").id == child
    assert workspace.state_of("typed").id == typed


def test_hidden_differences_are_kept_by_name_in_the_state(workspace: Any) -> None:
    text = "Toy('one', Opts(hide_diffs=['size', 'parts.a']), size=N, parts={'a': N})"
    workspace.succeed(text.replace("N", "1"))
    outcome = workspace.succeed(text.replace("N", "2"))
    assert outcome.started("one").hidden == ["size", "parts.a"]
    assert workspace.state_of("one").hide_diff == [["size"], ["parts", "a"]]


def test_transforms_see_what_a_resource_inherits_and_may_give_it_hooks(workspace: Any) -> None:
    outcome = workspace.succeed(
        """
        from pulumi import ResourceTransformArgs as Args, ResourceTransformResult as Result

        hook = pulumi.ResourceHook("told", lambda args: print("made", args.name))

        def look(args: Args):
            if args.type_ != "toy:index:Toy":
                return None
            print(args.name, args.opts.protect, args.opts.retain_on_delete)
            binding = pulumi.ResourceHookBinding(after_create=[hook])
            return Result(props=args.props, opts=Opts.merge(args.opts, Opts(hooks=binding)))

        pulumi.runtime.register_resource_transform(look)
        box = Box("box", Opts(protect=True, retain_on_delete=True))
        Toy("one", Opts(parent=box))
        """
    )
    assert outcome.printed == ["one True True", "made one"]
    assert workspace.state_of("one").hooks == {"AfterCreate": ["told"]}


def test_default_providers_can_be_forbidden(workspace: Any) -> None:
    outcome = workspace.up("Toy('one')", values={"pulumi:disable-default-providers": ["toy"]})
    assert outcome.summary.result == "failed"
    assert "give the resource an explicit provider" in outcome.summary.errors[0]
    values = {"pulumi:disable-default-providers": ["*"]}
    assert workspace.succeed("p = Toys('p')\nToy('one', Opts(provider=p))", values=values).operations["one"]
