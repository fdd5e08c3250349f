"""Providers that are executables: found, started, spoken to over gRPC, and told when they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.plugins import PluginFailed, PluginProcess
from sandbox.engine.values import Secret


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_plugin_on_the_path_makes_changes_reads_and_deletes(shop: Any) -> None:
    program = "g = Gadget('g', label={!r}, kind={!r})\npulumi.export('serial', g.serial)"
    preview = shop.workspace.program(f"from gadgets import Gadget\n{program.format('a', 'car')}").run(
        "preview"
    )
    assert preview.summary.changes["create"] == 2
    assert shop.calls("create") == []

    first = shop.succeed(program.format("a", "car"))
    assert first.summary.outputs == {"serial": 1}
    assert shop.gadgets()["gadget-1"]["label"] == "a"
    assert "pulumi-resource-gadget: create a" in first.messages("info")
    assert shop.succeed(program.format("a", "car"), expect_no_changes=True).summary.changes == {"same": 2}

    assert shop.succeed(program.format("b", "car")).operations["g"] == {"update"}
    replaced = shop.succeed(program.format("b", "boat"))
    assert replaced.operations["g"] == {"create-replacement", "replace", "delete-replaced"}
    assert list(shop.gadgets()) == ["gadget-2"]

    (shop.folder / "gadget-2").write_text(json.dumps({"label": "drift", "kind": "boat", "serial": 2}))
    assert shop.workspace.run("refresh").summary.changes == {"same": 1, "update": 1}
    assert shop.workspace.state_of("g").inputs["label"] == "drift"

    destroyed = shop.workspace.run("destroy")
    assert destroyed.summary.result == "succeeded"
    assert shop.gadgets() == {}
    assert "gadget-2 goes" in destroyed.messages("warning")
    assert not any(alive(pid) for pid in {call["pid"] for call in shop.calls("cancel")})


def test_a_plugin_hears_who_it_stands_for_and_keeps_secrets(shop: Any) -> None:
    shop.succeed(
        """
        p = Gadgets("mine", area="here", key=pulumi.Output.secret("hush"))
        g = Gadget("g", Opts(provider=p), token=pulumi.Output.secret("t"), label="l")
        pulumi.export("token", g.token)
        """
    )
    (shake,) = shop.calls("handshake")[-1:]
    assert shake["folder"] == str(shop.bin)
    assert shake["engine"].startswith("127.0.0.1:")
    configured = shop.calls("configure")[-1]
    state = shop.workspace.state_of("mine")
    assert (configured["urn"], configured["id"]) == (state.urn, state.id)
    assert configured["args"]["key"]["value"] == "hush"
    assert configured["variables"] == {"gadget:config:area": "here", "gadget:config:key": "hush"}
    assert shop.calls("create")[0]["inputs"]["token"]["value"] == "t"
    assert shop.workspace.engine().outputs("dev") == {"token": Secret("t")}


def test_an_old_plugin_without_handshake_previews_and_checks_still_serves(shop: Any) -> None:
    shop.mode("old")
    program = """
        g = Gadget("g", label={!r}, token=pulumi.Output.secret("t"))
        Gadget("h", label=g.serial.apply(lambda serial: f"after {{serial}}"))
    """
    shop.succeed(program.format("a"))
    assert shop.calls("create")[0]["inputs"]["token"] == "t"
    assert shop.workspace.state_of("g").outputs["token"] == Secret("t")
    assert {gadget["label"] for gadget in shop.gadgets().values()} == {"a", "after 1"}
    # It cannot tell what changed, so the inputs are compared.
    assert shop.succeed(program.format("a"), expect_no_changes=True).summary.changes == {"same": 3}
    assert shop.succeed(program.format("b")).operations == {"g": {"update"}}


def test_outputs_are_unknown_in_a_preview(shop: Any) -> None:
    for mode in ("modern", "old"):
        shop.mode(mode)
        shop.workspace.program(
            """
            from gadgets import Gadget
            g = Gadget("g", label="a")
            g.serial.apply(lambda serial: print("called with", serial))
            g.label.apply(lambda label: print("label", label))
            """
        )
        preview = shop.workspace.run("preview")
        assert preview.summary.result == "succeeded"
        assert preview.printed == ["label a"]


def test_what_a_plugin_could_not_finish_is_kept_and_tried_again(shop: Any) -> None:
    outcome = shop.up("Gadget('g', label='a', fail='start')")
    assert outcome.failures == {"g": "it does not start; no fuel"}
    state = shop.workspace.state_of("g")
    assert (state.id, state.init_errors) == ("gadget-1", ["it does not start", "no fuel"])
    assert shop.succeed("Gadget('g', label='a')").operations["g"] == {"update"}


def test_a_failing_call_is_told_in_the_plugins_words(shop: Any) -> None:
    assert shop.up("Gadget('g', fail='create')").failures == {"g": "the factory is on strike"}
    outcome = shop.up("Gadget('g', size=-1)")
    assert "gadget:index:Gadget resource 'g': property size: below 0" in outcome.messages("error")
    assert "area: 'mars' is no area" in shop.up("Gadgets('p', area='mars')").messages("error")
    missing = shop.up("Gadgets('p', area='closed')")
    assert 'missing required configuration key "gadget:token": a token' in missing.failures["p"]


def test_a_plugin_that_crashes_in_a_call_is_named_with_its_last_words(shop: Any) -> None:
    outcome = shop.up("Gadget('g', label='a', fail='crash')")
    assert outcome.summary.result == "failed"
    assert "the plugin pulumi-resource-gadget ended with status 3" in outcome.failures["g"]
    assert "something is burning" in outcome.failures["g"]


def test_functions_of_a_plugin_answer_or_say_why_not(shop: Any) -> None:
    text = """
        from pulumi.runtime import invoke
        p = Gadgets("p", area="there")
        result = invoke("gadget:index:ask", {"question": QUESTION}, pulumi.InvokeOptions(provider=p))
        pulumi.export("answer", result.value["answer"])
    """
    assert shop.succeed(text.replace("QUESTION", "'who'")).summary.outputs == {"answer": "who in there"}
    failed = shop.up(text.replace("QUESTION", "'nothing'"))
    assert "ask something" in failed.messages("error")


def test_an_old_asset_reaches_a_plugin_as_its_hash_alone(shop: Any) -> None:
    page = shop.workspace.folder / "page.html"
    program = "Gadget('g', source=pulumi.FileAsset('page.html'))"
    page.write_text("<p>one")
    shop.succeed(program)
    made = shop.calls("create")[0]["inputs"]["source"]
    assert made["path"] == str(page)
    page.write_text("<p>two")
    assert shop.succeed(program).operations["g"] == {"update"}
    seen = shop.calls("diff")[-1]
    assert seen["olds"]["source"]["hash"] == made["hash"] != seen["news"]["source"]["hash"]
    assert "path" not in seen["olds"]["source"]
    # The state says what the program wrote, after a refresh too.
    assert shop.workspace.run("refresh").summary.changes == {"same": 2}
    assert shop.workspace.state_of("g").inputs["source"].path == "page.html"


def test_settings_of_the_package_configure_its_default_provider(shop: Any) -> None:
    file = shop.workspace.project.stack_file("dev")
    file.write_text(f"{file.read_text()}  gadget:area: there\n")
    shop.succeed("Gadget('g', Opts(version='1.0.0'))")
    (configured,) = shop.calls("configure")
    assert configured["args"] == {"area": "there", "version": "1.0.0"}
    assert configured["variables"] == {"gadget:config:area": "there"}


def test_a_destroy_without_the_plugin_names_it_and_keeps_the_state(shop: Any) -> None:
    shop.succeed("Gadget('g')")
    path, shop.workspace.environment["PATH"] = shop.workspace.environment["PATH"], os.environ["PATH"]
    for kind in ("destroy", "refresh"):
        outcome = shop.workspace.run(kind)
        assert outcome.summary.result == "failed"
        assert "no executable pulumi-resource-gadget is on PATH" in outcome.messages("error")
    shop.workspace.environment["PATH"] = path
    assert shop.workspace.run("destroy").summary.result == "succeeded"
    assert shop.gadgets() == {}


def test_a_provider_that_a_person_has_started_is_attached_to(shop: Any, tmp_path: Path) -> None:
    started = PluginProcess(
        [str(shop.bin / "pulumi-resource-gadget"), "nowhere"],
        environment={**os.environ, **shop.workspace.environment},
        folder=tmp_path,
        name="gadget",
        on_line=lambda line: None,
    )
    try:
        port = started.address.rpartition(":")[2]
        shop.workspace.environment |= {"PATH": os.environ["PATH"], "PULUMI_DEBUG_PROVIDERS": f"gadget:{port}"}
        shop.succeed("Gadget('g', label='a')")
        assert len(shop.calls("attach")) == 1
        assert started.status is None
        assert shop.workspace.run("destroy").messages("warning") == "gadget-1 goes"
    finally:
        started.stop()


def test_the_project_names_plugins_by_folder_file_and_version(shop: Any, tmp_path: Path) -> None:
    elsewhere = shop.executable(tmp_path / "elsewhere", "gadget")
    shop.workspace.environment["PATH"] = os.environ["PATH"]
    project = shop.workspace.folder / "Pulumi.yaml"
    plain = project.read_text()
    for path in ("../elsewhere", "../elsewhere/pulumi-resource-gadget", str(elsewhere)):
        project.write_text(f"{plain}plugins:\n  providers:\n    - {{name: gadget, path: {path}}}\n")
        assert shop.succeed("Gadget('g', label='a')").summary.result == "succeeded"
        assert Path(shop.calls("handshake")[-1]["folder"]).resolve() == elsewhere.parent
    project.write_text(f"{plain}plugins:\n  providers:\n    - {{name: gadget, path: ../nowhere}}\n")
    assert "which plugins.providers in Pulumi.yaml names" in shop.up("Gadget('g')").messages("error")
    project.write_text(
        f"{plain}plugins:\n  providers:\n    - {{name: gadget, path: ../elsewhere, version: 2.0.0}}\n"
    )
    other = shop.up("Gadget('x', Opts(version='1.0.0'))").messages("error")
    assert "there is no provider for the package 'gadget'" in other
    assert "plugins.providers" in other
    assert "on PATH" in other


def test_a_plugin_displaces_a_provider_of_this_process_only_where_the_project_names_it(shop: Any) -> None:
    shop.executable(shop.bin, "toy")
    workspace = shop.workspace
    workspace.succeed("Toy('t', label='a')")
    assert len(workspace.cloud.toys) == 1
    project = workspace.folder / "Pulumi.yaml"
    project.write_text(f"{project.read_text()}plugins: {{providers: [{{name: toy, path: {shop.bin}}}]}}\n")
    workspace.succeed("Toy('t', label='a')\nToy('u', label='b')")
    assert len(workspace.cloud.toys) == 1
    assert len(shop.gadgets()) == 1


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("broken", "ended with status 1 before it printed its port:\nno licence"),
        ("babbling", "printed 'hello, I am a plugin' where its port was expected"),
        ("deaf", "does not answer at 127.0.0.1:1"),
        ("hanging", "has not answered within 0.5 seconds"),
    ],
)
def test_a_plugin_that_does_not_start_is_named_with_the_reason(
    shop: Any, mode: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.engine.calls._CONNECT_SECONDS", 10.0 if mode == "hanging" else 0.5)
    monkeypatch.setattr("sandbox.engine.calls._FIRST_SECONDS", 0.5)
    shop.mode(mode)
    outcome = shop.up("Gadget('g')")
    assert outcome.summary.result == "failed"
    assert f"the plugin pulumi-resource-gadget {told}" in outcome.messages("error")


def test_a_plugin_that_prints_no_port_is_given_up_and_ended(tmp_path: Path) -> None:
    plugin = PluginProcess(
        [
            sys.executable,
            "-c",
            "import os, time; print(os.getpid(), file=__import__('sys').stderr); time.sleep(60)",
        ],
        environment=os.environ,
        folder=tmp_path,
        name="sleepy",
        on_line=lambda line: None,
        patience=1.0,
    )
    with pytest.raises(PluginFailed, match="the plugin sleepy has printed no port within 1 seconds"):
        plugin.address  # noqa: B018 - it waits
    assert plugin.status is not None
    assert not alive(int(plugin.last_lines))


def test_a_plugin_ends_when_the_engine_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from typing import Any
from sandbox.engine.plugins import PluginProcess
child = "import os, subprocess, sys, time; print(4242, flush=True); "
child += "print(os.getpid(), subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
plugin = PluginProcess([sys.executable, "-c", child], environment=os.environ, folder=Path({str(tmp_path)!r}),
                       name="p", on_line=lambda line: print(line, flush=True))
plugin.address
time.sleep(60)
"""
    engine = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    assert engine.stdout is not None
    pids = [int(text) for text in engine.stdout.readline().split()]
    assert all(alive(pid) for pid in pids)
    engine.kill()
    engine.wait()
    engine.stdout.close()
    deadline = time.monotonic() + 30
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)
