"""What a run that fails keeps, says and leaves for the next one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.backend import Backend
from sandbox.engine.engine import Engine
from sandbox.engine.errors import (
    ProjectInvalid,
    ProjectNotFound,
    StackLocked,
    StateCorrupt,
    UnknownStack,
    WrongPassphrase,
)
from sandbox.engine.lock import StackLock
from sandbox.engine.project import Project


def test_a_failed_resource_stops_what_depends_on_it_and_keeps_the_rest(workspace: Any) -> None:
    outcome = workspace.up(
        """
        base = Toy("base")
        broken = Toy("broken", size=base.serial, fail="create")
        Toy("never", size=broken.serial)
        pulumi.export("word", "new")
        pulumi.export("other", base.serial)
        """
    )
    assert outcome.summary.result == "failed"
    assert outcome.failures == {"broken": "the factory is on strike"}
    assert outcome.summary.errors == ("toy:index:Toy 'broken': the factory is on strike",)
    assert workspace.names() == {"test-dev", "default_1_2_3", "base"}
    assert "never" not in workspace.cloud.called("create")
    # What the program says once its monitor has gone is an echo, not news.
    assert outcome.messages("error") == ""
    assert workspace.succeed("Toy('base')").summary.changes == {"same": 2}


def test_what_is_under_way_when_another_fails_is_finished_and_kept(workspace: Any) -> None:
    import threading

    begun, failed = threading.Event(), threading.Event()

    def on_call(operation: str, name: str) -> None:
        if (operation, name) == ("create", "slow"):
            begun.set()
            assert failed.wait(20)
        elif (operation, name) == ("create", "broken"):
            assert begun.wait(20)

    workspace.cloud.on_call = on_call
    workspace.program("Toy('slow')\nToy('broken', fail='create')")
    engine = workspace.engine()
    events: list[Any] = []

    def on_event(event: Any) -> None:
        events.append(event)
        if type(event).__name__ == "StepFailed":
            failed.set()

    summary = engine.up("dev", workspace.config(), on_event)
    assert summary.result == "failed"
    assert "slow" in workspace.names()


def test_a_program_that_raises_shows_its_own_lines_only(workspace: Any) -> None:
    outcome = workspace.up(
        """
        Toy("one")
        def fails():
            raise ValueError("no such word")
        fails()
        """
    )
    assert outcome.summary.result == "failed"
    assert outcome.summary.errors == ("ValueError: no such word",)
    shown = outcome.messages("error")
    assert "Program failed with an unhandled exception" in shown
    assert "__main__.py" in shown
    assert "sandbox" not in shown.replace(str(workspace.folder), "")
    assert workspace.names() >= {"one"}
    # Nothing is deleted by a program that did not get through.
    workspace.up("raise SystemError('early')")
    assert workspace.names() >= {"one"}


def test_what_a_library_did_is_left_out_of_a_programs_traceback(workspace: Any) -> None:
    outcome = workspace.up(
        """
        import json
        try:
            json.loads("no")
        except ValueError as error:
            raise LookupError("not read") from error
        """
    )
    shown = outcome.messages("error")
    assert "LookupError: not read" in shown
    assert "direct cause" in shown
    assert "json/decoder.py" not in shown


def test_a_program_that_cannot_start_says_why(workspace: Any) -> None:
    outcome = workspace.up("import nothing_like_that")
    assert outcome.summary.errors == ("ModuleNotFoundError: No module named 'nothing_like_that'",)
    outcome = workspace.up("import os\nos._exit(0)")
    assert "ended before it had registered" in outcome.summary.errors[0]
    outcome = workspace.up("import os, sys\nprint('oh dear', flush=True)\nos._exit(3)")
    assert "status 3" in outcome.summary.errors[0]
    assert "oh dear" in outcome.summary.errors[0]
    outcome = workspace.up("raise pulumi.RunError('set the size first')")
    assert outcome.summary.errors == ("set the size first",)


def test_every_refused_input_of_a_resource_is_named(workspace: Any) -> None:
    outcome = workspace.up("Toy('one', size=-1, kind='')")
    assert outcome.summary.errors == (
        "toy:index:Toy resource 'one': property size: -1 is below 0",
        "toy:index:Toy resource 'one': property kind: must not be empty",
    )
    assert workspace.cloud.calls == []
    assert workspace.run("preview").summary.result == "failed"


def test_a_missing_asset_and_a_wrong_path_are_named(workspace: Any) -> None:
    outcome = workspace.up("Toy('one', source=pulumi.FileAsset('gone.txt'))")
    assert outcome.summary.errors == ("the asset gone.txt cannot be read: No such file or directory",)
    workspace.succeed("Toy('one', size=1)")
    outcome = workspace.up("Toy('one', Opts(ignore_changes=['a[\"b']), size=2)")
    assert "is not a property path" in outcome.summary.errors[0]


def test_a_resource_that_did_not_come_up_is_kept_and_updated_by_the_next_run(workspace: Any) -> None:
    outcome = workspace.up("Toy('one', fail='start')")
    assert outcome.failures == {"one": "it does not start"}
    assert workspace.state_of("one").init_errors == ["it does not start"]
    assert workspace.succeed().operations == {"one": {"update"}}
    assert workspace.state_of("one").init_errors == []


def test_a_failed_update_keeps_the_old_inputs(workspace: Any) -> None:
    workspace.succeed("Toy('one', size=1)")
    assert workspace.up("Toy('one', size=2, fail='update')").failures == {"one": "the paint has run out"}
    assert workspace.state_of("one").inputs["size"] == 1
    assert workspace.succeed("Toy('one', size=2)").operations == {"one": {"update"}}


def test_a_resource_of_an_unknown_package_names_both_ways_to_provide_it(workspace: Any) -> None:
    outcome = workspace.up("pulumi.CustomResource('moon:index:Rock', 'rock', {})")
    assert outcome.summary.errors == (
        "there is no provider for the package 'moon': in this process there are toy, and no executable "
        "pulumi-resource-moon is on PATH. Put one there, or name its path in Pulumi.yaml under "
        "plugins.providers: [{name: moon, path: …}]",
    )


def test_a_fault_in_a_provider_is_raised_not_hidden(workspace: Any) -> None:
    def on_call(operation: str, name: str) -> None:
        raise ZeroDivisionError("a fault")

    workspace.cloud.on_call = on_call
    workspace.program("Toy('one')")
    with pytest.raises(ZeroDivisionError):
        workspace.run("up")


def test_an_unknown_stack_names_those_there_are(workspace: Any) -> None:
    with pytest.raises(UnknownStack, match="the stacks there are: dev"):
        workspace.engine().outputs("nowhere")


def test_a_corrupt_state_is_named_and_the_previous_one_kept(workspace: Any) -> None:
    workspace.succeed("Toy('one')")
    workspace.succeed("Toy('one', size=2)")
    path = workspace.backend.path("test", "dev")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StateCorrupt) as caught:
        workspace.run("up")
    assert str(path) in str(caught.value)
    assert caught.value.previous is not None
    assert path.read_bytes() == whole[: len(whole) // 2]
    path.write_bytes(caught.value.previous.read_bytes())
    assert workspace.succeed().summary.result == "succeeded"


def test_a_locked_stack_is_refused_and_a_dead_holders_lock_taken_over(workspace: Any) -> None:
    import json
    import subprocess

    workspace.program("Toy('one')")
    with workspace.backend.lock("test", "dev") as lock:
        with pytest.raises(StackLocked, match=r"is locked by .*process \d+"):
            workspace.run("up")
        assert workspace.run("preview").summary.result == "succeeded"
        path = next(lock._folder.glob("*.json"))
        content = json.loads(path.read_text())
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (lock._folder / "left.json").write_text(json.dumps({**content, "pid": dead.pid}))
    outcome = workspace.succeed()
    assert "took over the lock" in outcome.messages("warning")
    (lock._folder / "far.json").write_text(json.dumps({**content, "hostname": "elsewhere"}))
    with pytest.raises(StackLocked):
        workspace.run("up")
    assert len(workspace.engine().unlock("dev")) == 1
    assert list(lock._folder.glob("*.json")) == []


def test_a_lock_whose_process_number_was_given_again_is_taken_over(tmp_path: Path) -> None:
    import json
    import os
    import socket

    (tmp_path / "left.json").write_text(
        json.dumps({"pid": os.getpid(), "hostname": socket.gethostname(), "processStart": "1"})
    )
    with StackLock(tmp_path, "dev") as lock:
        taken = [holder.pid for holder in lock.taken_over]
    assert taken == ([os.getpid()] if Path("/proc/self/stat").exists() else taken)


def test_a_wrong_passphrase_is_told_before_anything_begins(workspace: Any) -> None:
    workspace.succeed("pulumi.export('key', pulumi.Output.secret('hush'))")
    engine = Engine(workspace.project, Backend(workspace.state, "wrong"), {}, {}, Path(sys.executable))
    with pytest.raises(WrongPassphrase):
        engine.outputs("dev")


def test_projects_that_cannot_run_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFound, match=r"no Pulumi\.yaml"):
        Project.load(tmp_path)
    path = tmp_path / "Pulumi.yaml"
    for text, reason in (
        ("name: x\nruntime: go\n", "only 'python' runs here"),
        ("runtime: python\n", "needs a 'name'"),
        ("name: [\n", "not valid YAML"),
    ):
        path.write_text(text)
        with pytest.raises(ProjectInvalid, match=reason):
            Project.load(tmp_path)
