"""What `--json` and `--diff` tell of each step: what changed, why it is replaced, and what is secret."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ops.display import Display
from ops.screen import Screen
from ops.steps import StepLog
from sandbox.engine.events import Event, Message, StepDone, StepFailed, StepStarted
from sandbox.engine.values import UNKNOWN, Secret

URN = "urn:pulumi:dev::p::aws:s3/bucket:Bucket::raw"
TYPE = "aws:s3/bucket:Bucket"
OLD = {"bucket": "a", "rules": [{"days": 1, "word": Secret("old-word")}], "gone": True, "tags": {"a.b": "x"}}
NEW = {
    "bucket": "b",
    "rules": [{"days": 2, "word": Secret("new-word")}],
    "fresh": UNKNOWN,
    "tags": {"a.b": "y"},
}


def replacement() -> list[Event]:
    detailed = {"bucket": "update-replace"}
    return [
        StepStarted(URN, TYPE, "create-replacement", detailed, OLD, NEW),
        StepDone(URN, TYPE, "create-replacement", 0.2, {"id": "b", "word": Secret("new-word")}),
        StepStarted(URN, TYPE, "replace", detailed, OLD, NEW),
        StepDone(URN, TYPE, "replace", 0.0, {"id": "b"}),
        StepStarted(URN, TYPE, "delete-replaced", {}, OLD, {}),
        StepDone(URN, TYPE, "delete-replaced", 0.1),
    ]


def logged(events: list[Event]) -> StepLog:
    log = StepLog()
    for event in events:
        log.take(event)
    return log


def shown(events: list[Event]) -> str:
    out = io.StringIO()
    with Display(Screen(out, io.StringIO()), details=True) as display:
        for event in events:
            display.take(event)
    return out.getvalue()


def test_every_changed_property_is_told_with_its_old_and_its_new_value() -> None:
    step = logged(replacement()).document()["steps"][0]
    assert step["op"] == "create-replacement"
    assert step["urn"] == URN
    assert step["detailedDiff"] == {"bucket": {"kind": "update-replace"}}
    assert step["changes"] == [
        {"path": "bucket", "kind": "update", "old": '"a"', "new": '"b"', "replaces": True},
        {"path": "fresh", "kind": "add", "new": "[unknown]"},
        {"path": "gone", "kind": "delete", "old": "true"},
        {"path": "rules[0].days", "kind": "update", "old": "1", "new": "2"},
        {"path": "rules[0].word", "kind": "update", "old": "[secret]", "new": "[secret]"},
        {"path": 'tags["a.b"]', "kind": "update", "old": '"x"', "new": '"y"'},
    ]
    assert step["outputs"] == {"id": "b", "word": "[secret]"}
    assert [one["op"] for one in logged(replacement()).document()["steps"]] == [
        "create-replacement",
        "replace",
        "delete-replaced",
    ]


def test_a_replacement_is_shown_by_what_changes_not_as_a_deletion() -> None:
    text = shown(replacement())
    assert '~ bucket: "a" => "b" (forces replacement)' in text
    assert "~ rules[0].days: 1 => 2" in text
    assert "~ rules[0].word: [secret] => [secret]" in text
    assert "+ fresh: [unknown]" in text
    assert "- gone: true" in text
    assert "- bucket" not in text
    assert "-word" not in text


def test_what_a_refresh_found_is_told_from_the_state_to_the_cloud() -> None:
    events: list[Event] = [
        StepStarted(URN, TYPE, "refresh", old_inputs={"bucket": "a"}),
        StepDone(URN, TYPE, "update", 0.1, {"size": 2}, old_outputs={"size": 1}),
    ]
    step = logged(events).document()["steps"][0]
    assert (step["op"], step["changes"]) == (
        "update",
        [{"path": "size", "kind": "update", "old": "1", "new": "2"}],
    )
    assert "~ size: 1 => 2" in shown(events)


def test_hidden_differences_are_not_told() -> None:
    started = StepStarted(URN, TYPE, "update", {}, OLD, NEW, hidden=["rules[0]", "tags"])
    paths = [one["path"] for one in logged([started]).document()["steps"][0]["changes"]]
    assert paths == ["bucket", "fresh", "gone"]
    assert "rules" not in shown([started, StepDone(URN, TYPE, "update", 0.1)])


def test_failures_and_messages_are_told_with_their_resource() -> None:
    document = logged(
        [
            StepStarted(URN, TYPE, "create"),
            StepFailed(URN, TYPE, "create", 0.1, "no room"),
            Message("warning", "it is full\n", URN),
            Message("debug", "not told"),
        ]
    ).document()
    assert document["steps"][0]["error"] == "no room"
    assert document["diagnostics"] == [{"severity": "warning", "message": "it is full", "urn": URN}]


def test_the_command_tells_its_steps_and_runs_a_part_of_the_stack(
    project: Path, groundplan: Callable[..., Any]
) -> None:
    made = json.loads(groundplan(project, "up", "dev", "--yes", "--json").out)
    assert made["changes"] == {"create": 10}
    bucket = next(step for step in made["steps"] if step["urn"].endswith("::raw-bucket"))
    assert bucket["op"] == "create"
    assert bucket["outputs"]["bucket"] == "scratch-raw"
    assert made["outputs"]["word"] == "[secret]"

    settings = project / "stacks" / "Pulumi.dev.yaml"
    settings.write_text(settings.read_text() + "  scratch:versioning: Suspended\n")
    part = groundplan(project, "preview", "dev", "--json", "--only", "**::raw-versioned")
    seen = json.loads(part.out)
    assert seen["changes"] == {"same": 9, "update": 1}
    changed = [step for step in seen["steps"] if step["op"] == "update"]
    assert [step["urn"].rsplit("::")[-1] for step in changed] == ["raw-versioned"]
    assert changed[0]["changes"] == [
        {
            "path": "versioningConfiguration.status",
            "kind": "update",
            "old": '"Enabled"',
            "new": '"Suspended"',
        }
    ]
    shown = groundplan(project, "up", "dev", "--yes", "--diff", "--exclude", "**::models-versioned")
    assert shown.status == 0, shown.out + shown.err
    assert '~ versioningConfiguration.status: "Enabled" => "Suspended"' in shown.out
    assert "~ 2 updated" in shown.out

    settings.write_text(settings.read_text().replace("Suspended", "Nonsense"))
    wrong = groundplan(project, "preview", "dev", "--json")
    assert wrong.status == 1
    told = json.loads(wrong.out)
    assert told["result"] == "failed"
    assert "Nonsense" in told["errors"][0]
    assert any(one["severity"] == "error" for one in told["diagnostics"])
    both = groundplan(project, "up", "dev", "--yes", "--only", "a", "--exclude", "b")
    assert both.status == 1
    assert "not both" in both.err
