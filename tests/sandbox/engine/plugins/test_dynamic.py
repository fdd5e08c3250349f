"""Dynamic providers: resources whose create, update and delete are functions of the program itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.engine.values import Secret


def notes(tmp_path: Path) -> dict[str, str]:
    return {file.name: json.loads(file.read_text())["text"] for file in (tmp_path / "desk").iterdir()}


def test_a_dynamic_resource_is_made_changed_replaced_and_deleted(office: Any, tmp_path: Path) -> None:
    program = "from notes import Note\nn = Note('n', {!r}, {!r})\npulumi.export('length', n.length)"
    first = office.succeed(program.format("hello", "memo"))
    assert first.summary.outputs == {"length": 5}
    assert first.printed == ["writing hello"]
    assert notes(tmp_path) == {"note-1": "hello"}
    assert json.loads((tmp_path / "desk" / "note-1").read_text())["owner"] == "kim"
    assert office.succeed(program.format("hello", "memo"), expect_no_changes=True).summary.changes == {
        "same": 2
    }

    assert office.succeed(program.format("bye", "memo")).operations["n"] == {"update"}
    assert notes(tmp_path) == {"note-1": "bye"}
    replaced = office.succeed(program.format("bye", "letter"))
    assert [step for step in replaced.order if step[1] == "n"] == [
        ("delete-replaced", "n"),
        ("replace", "n"),
        ("create-replacement", "n"),
    ]

    (tmp_path / "desk" / "note-1").write_text('{"text": "drift", "kind": "letter"}')
    assert office.run("refresh").summary.changes == {"same": 1, "update": 1}
    assert office.succeed(program.format("bye", "letter")).operations["n"] == {"update"}
    (tmp_path / "desk" / "note-1").unlink()
    assert office.run("refresh").summary.changes == {"same": 1, "delete": 1}


def test_destroy_needs_no_program_and_no_source_of_the_provider(office: Any, tmp_path: Path) -> None:
    program = (office.folder / "notes.py").read_text() + "\nNote('n', 'hello')\nNote('m', 'there')\n"
    office.succeed(program)
    assert sorted(notes(tmp_path).values()) == ["hello", "there"]
    (office.folder / "__main__.py").unlink()
    (office.folder / "notes.py").unlink()
    assert office.run("destroy").summary.result == "succeeded"
    assert notes(tmp_path) == {}


def test_the_serialized_provider_and_secret_inputs_are_kept_secret(office: Any) -> None:
    office.succeed(
        """
        from notes import Note
        note = Note("n", pulumi.Output.secret("hush"))
        pulumi.export("text", note.text)
        """
    )
    state = office.state_of("n")
    assert state.type == "pulumi-python:dynamic/office:Note"
    assert isinstance(state.inputs["__provider"], Secret)
    assert isinstance(state.outputs["__provider"], Secret)
    assert state.outputs["text"] == Secret("hush")
    assert office.engine().outputs("dev") == {"text": Secret("hush")}
    assert office.state_of("default").inputs["test:owner"] == Secret("kim")
    written = office.backend.path("test", "dev").read_text()
    assert "hush" not in written
    assert "kim" not in written


def test_a_dynamic_provider_that_raises_fails_its_resource_with_the_traceback(office: Any) -> None:
    outcome = office.up("from notes import Note\nNote('n', 'fail')\nNote('m', 'kept')")
    assert outcome.summary.result == "failed"
    assert "RuntimeError: out of paper" in outcome.failures["n"]
    assert "n" not in office.names()
    refused = office.up("from notes import Note\nNote('n', 'x' * 21)")
    assert "property text: is too long" in refused.messages("error")


def test_a_preview_of_a_dynamic_resource_calls_nothing_and_knows_no_outputs(
    office: Any, tmp_path: Path
) -> None:
    office.program(
        """
        from notes import Note
        n = Note("n", "hello")
        n.length.apply(lambda length: print("called with", length))
        Note("m", n.length.apply(str))
        """
    )
    preview = office.run("preview")
    assert preview.summary.result == "succeeded", preview.summary.errors
    assert preview.summary.changes["create"] == 3
    assert preview.printed == []
    assert notes(tmp_path) == {}
