"""Rules of Pulumi's engine that one would guess wrong, each as the official one has it."""

from __future__ import annotations

from typing import Any

from sandbox.engine.values import Secret

NEW = "Toy('one', size=2)"


def test_an_error_in_the_log_fails_nothing(workspace: Any) -> None:
    outcome = workspace.succeed("pulumi.log.error('oh dear')\nToy('one')")
    assert outcome.messages("error") == "oh dear"
    assert outcome.operations == {"test-dev": {"create"}, "one": {"create"}}


def test_a_failed_run_adds_to_the_stacks_outputs_and_takes_none_away(workspace: Any) -> None:
    workspace.succeed("pulumi.export('old', 1)\npulumi.export('both', 1)")
    failed = workspace.up("pulumi.export('both', 2)\npulumi.export('new', 2)\nToy('x', fail='create')")
    assert failed.summary.result == "failed"
    assert workspace.engine().outputs("dev") == {"old": 1, "both": 2, "new": 2}
    workspace.succeed("pulumi.export('new', 3)")
    assert workspace.engine().outputs("dev") == {"new": 3}


def test_an_update_that_does_not_come_up_keeps_the_old_inputs_with_the_new_outputs(workspace: Any) -> None:
    workspace.succeed("Toy('one', size=1)")
    failed = workspace.up("Toy('one', size=2, fail='restart')")
    assert failed.failures == {"one": "it does not start again"}
    one = workspace.state_of("one")
    assert (one.inputs["size"], one.outputs["size"]) == (1, 2)
    assert one.init_errors == ["it does not start again"]
    # The next run updates although the inputs are those of the state.
    assert workspace.succeed("Toy('one', size=1)").operations == {"one": {"update"}}
    assert workspace.state_of("one").init_errors == []


def test_secrecy_is_given_up_only_by_an_update(workspace: Any) -> None:
    workspace.succeed("Toy('one', Opts(additional_secret_outputs=['serial']), size=1)")
    assert workspace.succeed("Toy('one', size=1)").operations == {}
    assert workspace.state_of("one").outputs["serial"] == Secret(1)
    assert workspace.succeed(NEW).operations == {"one": {"update"}}
    assert workspace.state_of("one").outputs["serial"] == 1


def test_a_plain_value_that_becomes_a_secret_changes_the_state_alone(workspace: Any) -> None:
    workspace.succeed("Toy('one', secret='hush')")
    workspace.cloud.calls.clear()
    hidden = workspace.succeed("Toy('one', secret=pulumi.Output.secret('hush'))", expect_no_changes=True)
    assert hidden.operations == {}
    assert workspace.cloud.calls == []
    assert workspace.state_of("one").inputs["secret"] == Secret("hush")
    assert "hush" not in workspace.backend.path("test", "dev").read_text()


def test_a_package_without_a_version_takes_that_of_the_state(workspace: Any) -> None:
    workspace.succeed("Toy('one')")
    workspace.succeed("Toy('one')\npulumi.CustomResource('toy:index:Toy', 'two', {'label': 'x'})")
    assert workspace.state_of("two").provider == workspace.state_of("one").provider


def test_a_provider_whose_other_settings_change_replaces_nothing(workspace: Any) -> None:
    workspace.succeed("p = Toys('p', region='a')\nToy('one', Opts(provider=p))")
    outcome = workspace.succeed("q = Toys('q', region='a', retries=3)\nToy('one', Opts(provider=q))")
    assert outcome.operations == {"q": {"create"}, "p": {"delete"}}
    assert workspace.state_of("one").provider == workspace.state_of("q").reference


def test_a_given_up_pending_replacement_leaves_without_a_call(workspace: Any) -> None:
    workspace.succeed("Toy('one', kind='wood', before=True)")
    assert workspace.up("Toy('one', kind='steel', before=True, fail='create')").summary.result == "failed"
    workspace.cloud.calls.clear()
    outcome = workspace.succeed("pass")
    assert outcome.operations == {"one": {"remove-pending-replace"}}
    assert workspace.cloud.calls == []
    assert "one" not in workspace.names()


def test_outputs_that_drift_are_stored_and_are_no_change(workspace: Any) -> None:
    workspace.succeed("Toy('one', size=1)")
    workspace.cloud.toys[workspace.state_of("one").id]["serial"] = 99
    outcome = workspace.run("refresh", expect_no_changes=True)
    assert outcome.summary.result == "succeeded"
    assert outcome.summary.changes == {"same": 2}
    assert workspace.state_of("one").outputs["serial"] == 99
