"""What a run looks like, on a terminal and in a pipe."""

from __future__ import annotations

import io

from ops.display import Display, clipped
from ops.rows import Rows, short_type
from ops.screen import Screen, duration
from ops.summary import count_lines, output_lines
from sandbox.engine.events import Event, Message, StepDone, StepFailed, StepStarted, Summary
from sandbox.engine.values import Secret

STACK = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
ZONE = "urn:pulumi:dev::p::p:infra:Zone::{}"
BUCKET = "urn:pulumi:dev::p::p:infra:Zone$aws:s3/bucket:Bucket::{}-bucket"


def shown(events: list[Event], *, live: bool = False, colour: bool = False, planning: bool = False) -> str:
    out = io.StringIO()
    screen = Screen(out, io.StringIO(), live=live, colour=colour)
    with Display(screen, planning=planning) as display:
        for event in events:
            display.take(event)
    return out.getvalue()


def create(urn: str, type: str) -> list[Event]:
    return [StepStarted(urn, type, "create"), StepDone(urn, type, "create", 0.21)]


def test_a_pipe_gets_one_line_for_each_resource_that_changed() -> None:
    events = [
        *create(BUCKET.format("raw"), "aws:s3/bucket:Bucket"),
        StepStarted(BUCKET.format("models"), "aws:s3/bucket:Bucket", "same"),
        StepDone(BUCKET.format("models"), "aws:s3/bucket:Bucket", "same", 0.0),
    ]
    assert shown(events) == " +   aws:s3:Bucket raw-bucket created (0.21s)\n"


def test_no_colour_and_no_cursor_movement_reach_a_pipe() -> None:
    text = shown([*create(ZONE.format("raw"), "p:infra:Zone"), Message("error", "broken")])
    assert "\x1b" not in text


def test_a_terminal_keeps_the_whole_tree_at_the_end() -> None:
    text = shown(
        [
            *create(STACK, "pulumi:pulumi:Stack"),
            *create(ZONE.format("raw"), "p:infra:Zone"),
            *create(ZONE.format("models"), "p:infra:Zone"),
            *create(BUCKET.format("raw"), "aws:s3/bucket:Bucket"),
            *create(BUCKET.format("models"), "aws:s3/bucket:Bucket"),
        ],
        live=True,
    )
    assert [" ".join(line.split()[1:-1]) for line in text.splitlines()] == [
        "pulumi:pulumi:Stack p-dev created",
        "├─ p:infra:Zone raw created",
        "│ └─ aws:s3:Bucket raw-bucket created",
        "└─ p:infra:Zone models created",
        "└─ aws:s3:Bucket models-bucket created",
    ]


def test_children_stand_under_the_component_that_they_are_named_after() -> None:
    rows = Rows()
    for name in ("raw", "raw-audit"):
        rows.take(StepStarted(ZONE.format(name), "p:infra:Zone", "create"), 0.0)
    for name in ("raw-audit", "raw"):
        rows.take(StepStarted(BUCKET.format(name), "aws:s3/bucket:Bucket", "create"), 0.0)
    assert [line.name for line in rows.tree(0.0)] == ["raw", "raw-bucket", "raw-audit", "raw-audit-bucket"]


def test_a_small_terminal_keeps_what_failed_and_what_is_under_way() -> None:
    rows = Rows()
    for number in range(30):
        rows.take(StepStarted(BUCKET.format(f"z{number:02}"), "aws:s3/bucket:Bucket", "create"), number)
    for number in range(30):
        urn = BUCKET.format(f"z{number:02}")
        if number == 3:
            rows.take(StepFailed(urn, "aws:s3/bucket:Bucket", "create", 1.0, "no"), 40.0)
        elif number != 5:
            rows.take(StepDone(urn, "aws:s3/bucket:Bucket", "create", 1.0), 40.0)
    lines, left_out = clipped(rows.tree(41.0), 4)
    names = [line.name for line in lines]
    assert left_out == 26
    assert "z03-bucket" in names
    assert "z05-bucket" in names


def test_a_failure_is_told_with_its_resource_and_its_reason() -> None:
    urn = BUCKET.format("raw")
    text = shown(
        [
            StepStarted(urn, "aws:s3/bucket:Bucket", "create"),
            StepFailed(urn, "aws:s3/bucket:Bucket", "create", 0.2, "BucketAlreadyExists: choose another"),
            Message("error", "BucketAlreadyExists: choose another", urn),
        ]
    )
    assert "creating failed" in text
    assert "aws:s3:Bucket (raw-bucket):" in text
    assert text.count("BucketAlreadyExists") == 1


def test_a_preview_shows_which_properties_would_change_and_what_forces_replacement() -> None:
    started = StepStarted(
        BUCKET.format("raw"),
        "aws:s3/bucket:Bucket",
        "replace",
        detailed={"bucket": "update-replace"},
        old_inputs={"bucket": "a", "tags": {"Owner": "x"}},
        new_inputs={"bucket": "b", "tags": {"Owner": "y"}},
    )
    text = shown([started], planning=True)
    assert '~ bucket: "a" => "b" (forces replacement)' in text
    assert '~ tags.Owner: "x" => "y"\n' in text
    assert "[diff: ~bucket, ~tags]" in text


def test_a_preview_in_a_pipe_names_each_change_once() -> None:
    text = shown(create(BUCKET.format("raw"), "aws:s3/bucket:Bucket"), planning=True)
    assert text == " +   aws:s3:Bucket raw-bucket create\n"


def test_secrets_never_reach_the_screen() -> None:
    started = StepStarted(
        BUCKET.format("raw"),
        "aws:s3/bucket:Bucket",
        "update",
        old_inputs={"word": Secret("old-word")},
        new_inputs={"word": Secret("new-word")},
    )
    ended = Summary(
        "succeeded", {"update": 1}, 1.0, {"word": Secret("new-word")}, {"word": Secret("old-word")}
    )
    text = shown([started, ended], planning=True)
    assert "[secret]" in text
    assert "-word" not in text


def test_the_summary_counts_a_replacement_once() -> None:
    assert count_lines({"create-replacement": 1, "delete-replaced": 1, "replace": 1, "same": 4}) == [
        "+- 1 replaced",
        "1 change. 4 unchanged",
    ]
    assert count_lines({"create": 132}) == ["+ 132 created"]
    assert count_lines({"create": 2}, planning=True) == ["+ 2 to create"]
    assert count_lines({"same": 132}) == ["132 unchanged"]


def test_outputs_say_what_changed_in_them() -> None:
    assert output_lines({"a": 1, "b": 2}, {"b": 3, "c": "new"}) == [
        "  - a: 1",
        "  ~ b: 2 => 3",
        '  + c: "new"',
    ]


def test_outputs_that_are_objects_are_shown_key_by_key() -> None:
    zones = {"raw": "one", "models": {"name": "two", "key": Secret("k")}}
    assert output_lines(
        {"same": {"a": 1}, "zones": zones}, {"same": {"a": 1}, "zones": zones | {"raw": "new"}}
    ) == [
        "    same : {",
        "        a: 1",
        "    }",
        "  ~ zones: {",
        "        models: {",
        "            key : [secret]",
        '            name: "two"',
        "        }",
        '      ~ raw   : "one" => "new"',
        "    }",
    ]
    assert output_lines({}, {"zones": {"raw": "one"}}, changed_only=True) == [
        "  + zones: {",
        '        raw: "one"',
        "    }",
    ]


def test_names_and_durations_read_as_in_the_pulumi_cli() -> None:
    assert short_type("aws:s3/bucketVersioning:BucketVersioning") == "aws:s3:BucketVersioning"
    assert short_type("groundplan:infra:Zone") == "groundplan:infra:Zone"
    assert [duration(seconds) for seconds in (0.214, 3.21, 12.3, 125)] == ["0.21s", "3.2s", "12s", "2m05s"]
