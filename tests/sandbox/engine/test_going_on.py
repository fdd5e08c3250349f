"""A run that goes on after an error: what is skipped, what is made, and what is kept."""

from __future__ import annotations

from typing import Any


def test_a_failure_stops_only_what_depends_on_it(workspace: Any) -> None:
    outcome = workspace.up(
        """
        broken = Toy("broken", fail="create")
        below = Toy("below", size=broken.serial)
        box = Box("box", Opts(depends_on=[broken]))
        Toy("in-box", Opts(parent=box))
        box.register_outputs({"x": below.serial})
        fine = Toy("fine")
        pulumi.export("fine", fine.serial)
        pulumi.export("below", below.serial)
        """,
        continue_on_error=True,
    )
    assert outcome.summary.result == "failed"
    assert outcome.summary.errors == ("toy:index:Toy 'broken': the factory is on strike",)
    assert workspace.cloud.called("create") == ["broken", "fine"] or workspace.cloud.called("create") == [
        "fine",
        "broken",
    ]
    assert workspace.names() == {"test-dev", "default_1_2_3", "fine"}
    assert outcome.summary.outputs["fine"] == workspace.state_of("fine").outputs["serial"]
    assert workspace.succeed("Toy('fine')").summary.changes == {"same": 2}


def test_without_it_the_first_failure_stops_what_has_not_begun(workspace: Any) -> None:
    outcome = workspace.up(
        """
        broken = Toy("broken", fail="create")
        pulumi.Output.all(broken.urn).apply(lambda _: print("went on"))
        """
    )
    assert outcome.summary.result == "failed"
    assert outcome.printed == []


def test_what_a_failed_resource_still_needs_is_not_deleted(workspace: Any) -> None:
    workspace.succeed("base = Toy('base')\nToy('top', size=base.serial)\nToy('loose')")
    outcome = workspace.up("Toy('top', size=9, fail='update')", continue_on_error=True)
    assert outcome.failures == {"top": "the paint has run out"}
    assert workspace.cloud.called("delete") == ["loose"]
    assert workspace.names() >= {"base", "top"}


def test_a_destroy_goes_on_where_a_deletion_failed(workspace: Any) -> None:
    workspace.succeed("base = Toy('base')\nToy('stuck', size=base.serial, fail='delete')\nToy('free')")
    outcome = workspace.run("destroy", continue_on_error=True)
    assert outcome.summary.result == "failed"
    assert outcome.failures == {"stuck": "the child will not let go"}
    assert workspace.cloud.called("delete") in (["stuck", "free"], ["free", "stuck"])
    assert workspace.names() == {"test-dev", "default_1_2_3", "base", "stuck"}
