"""Resource hooks: functions of the program that run around operations, and what they can do to a run."""

from __future__ import annotations

import json
from typing import Any

HOOKS = """
from pulumi import ErrorHook, ErrorHookArgs, ResourceHook, ResourceHookArgs, ResourceHookBinding

def tell(moment, **options):
    def told(args: ResourceHookArgs):
        size = (args.new_outputs or args.old_outputs or {}).get("serial")
        print(moment, args.name, args.type, (args.new_inputs or {}).get("size"), size)
    return ResourceHook(moment, told, pulumi.ResourceHookOptions(**options) if options else None)

moments = ["before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete"]
binding = ResourceHookBinding(**{name: [tell(name)] for name in moments})

def fails(args):
    raise ValueError("not today")
"""


def test_hooks_run_before_and_after_each_operation(workspace: Any) -> None:
    text = HOOKS + "Toy('a', Opts(hooks=binding), size=SIZE)"
    looked = workspace.program(text.replace("SIZE", "1")).run("preview")
    assert looked.printed == []
    first = workspace.succeed()
    assert first.printed == [
        "before_create a toy:index:Toy 1.0 None",
        "after_create a toy:index:Toy 1.0 1.0",
    ]
    assert workspace.succeed(expect_no_changes=True).printed == []
    second = workspace.succeed(text.replace("SIZE", "2"))
    assert [line.split()[0] for line in second.printed] == ["before_update", "after_update"]
    gone = workspace.succeed(HOOKS)
    assert [line.split()[0] for line in gone.printed] == ["before_delete", "after_delete"]


def test_a_state_with_hooks_says_so(workspace: Any) -> None:
    workspace.succeed(HOOKS + "Toy('a', Opts(hooks=binding))")
    plain = json.loads(workspace.backend.path("test", "dev").read_text())
    assert plain["version"] == 4
    assert plain["features"] == ["hooks"]
    assert workspace.state_of("a").hooks["BeforeDelete"] == ["before_delete"]
    refused = workspace.run("destroy")
    assert refused.summary.result == "failed"
    assert "::a: before_delete, after_delete" in refused.summary.errors[0]
    assert workspace.cloud.called("delete") == []
    workspace.succeed("Toy('a')")
    assert json.loads(workspace.backend.path("test", "dev").read_text())["version"] == 3
    assert workspace.run("destroy").summary.result == "succeeded"


def test_a_failing_hook_before_an_operation_prevents_it(workspace: Any) -> None:
    outcome = workspace.up(
        HOOKS + "Toy('a', Opts(hooks=ResourceHookBinding(before_create=[ResourceHook('no', fails)])))"
    )
    assert outcome.summary.result == "failed"
    assert "before hook 'no' failed" in outcome.failures["a"]
    assert "not today" in outcome.failures["a"]
    assert workspace.cloud.called("create") == []
    assert "pending_operations" not in workspace.backend.path("test", "dev").read_text()


def test_a_failing_hook_after_an_operation_fails_the_run_and_keeps_what_was_made(workspace: Any) -> None:
    outcome = workspace.up(
        HOOKS + "Toy('a', Opts(hooks=ResourceHookBinding(after_create=[ResourceHook('no', fails)])))"
    )
    assert outcome.summary.result == "failed"
    assert "after hook 'no' failed" in outcome.summary.errors[0]
    assert outcome.operations["a"] == {"create"}
    assert "a" in workspace.names()


def test_errors_of_a_hook_may_be_ignored(workspace: Any) -> None:
    outcome = workspace.succeed(
        HOOKS
        + "soft = ResourceHook('soft', fails, pulumi.ResourceHookOptions(ignore_errors=True))\n"
        + "Toy('a', Opts(hooks=ResourceHookBinding(before_create=[soft])))"
    )
    assert "hook 'soft' failed" in outcome.messages("warning")


def test_a_components_hooks_after_its_creation_see_its_outputs(workspace: Any) -> None:
    outcome = workspace.succeed(
        HOOKS
        + """
def seen(args):
    print("box has", args.new_outputs)
box = Box("box", Opts(hooks=ResourceHookBinding(after_create=[ResourceHook("seen", seen)])))
one = Toy("one", Opts(parent=box))
box.register_outputs({"id": one.id})
"""
    )
    assert outcome.printed == [f"box has {{'id': '{workspace.state_of('one').id}'}}"]


def test_an_error_hook_may_ask_for_another_try(workspace: Any) -> None:
    tries = []

    def on_call(operation: str, name: str) -> None:
        if operation == "create":
            tries.append(name)

    workspace.cloud.on_call = on_call
    text = (
        HOOKS
        + """
def again(args: ErrorHookArgs):
    print(args.failed_operation, len(args.errors), args.errors[0])
    return len(args.errors) < 3
Toy("a", Opts(hooks=ResourceHookBinding(on_error=[ErrorHook("again", again)])), fail="create")
"""
    )
    outcome = workspace.up(text)
    assert outcome.summary.result == "failed"
    assert outcome.failures["a"] == "the factory is on strike"
    assert tries == ["a", "a", "a"]
    assert outcome.printed[0].startswith("create 1 ")
    assert "retrying create" in outcome.messages("warning")


def test_two_hooks_of_one_name_are_refused(workspace: Any) -> None:
    outcome = workspace.up(HOOKS + "ResourceHook('twice', fails)\nResourceHook('twice', fails)\nToy('a')")
    assert outcome.summary.result == "failed"
    assert "already registered for name 'twice'" in outcome.summary.errors[0]
