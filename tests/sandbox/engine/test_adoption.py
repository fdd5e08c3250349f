"""Resources that exist already: read, imported, given up, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

FOUND = {"label": "found", "size": 7, "serial": 9, "urn": "urn:pulumi:x::x::x::x"}


@pytest.fixture
def found(workspace: Any) -> Any:
    workspace.cloud.toys["toy-9"] = dict(FOUND)
    return workspace


def test_a_read_counts_only_where_what_it_read_has_changed(found: Any) -> None:
    text = "Toy('it', Opts(id='toy-9'))"
    assert found.succeed(text).summary.changes == {"create": 1}
    assert found.succeed(text, expect_no_changes=True).summary.changes == {"same": 1}
    found.cloud.toys["toy-9"]["size"] = 8
    again = found.succeed(text, expect_no_changes=True)
    assert again.summary.changes == {"same": 1, "read": 1}
    assert found.state_of("it").outputs["size"] == 8


def test_a_read_of_what_is_not_there_fails_and_an_unknown_id_waits_for_the_update(found: Any) -> None:
    missing = found.up("Toy('it', Opts(id='toy-404'))")
    assert missing.summary.errors == ("toy:index:Toy 'it': resource 'toy-404' does not exist",)
    text = "a = Toy('a')\nit = Toy('it', Opts(id=a.id))\npulumi.export('size', it.size)"
    assert found.program(text).run("preview").summary.result == "succeeded"
    found.cloud.calls.clear()
    assert found.succeed(text).operations == {"a": {"create"}, "it": {"read"}}


def test_what_was_read_and_is_now_managed_is_made_anew(found: Any) -> None:
    found.succeed("Toy('it', Opts(id='toy-9'))")
    outcome = found.succeed("Toy('it', label='own')")
    assert outcome.operations["it"] == {"create-replacement", "replace", "discard-replaced"}
    assert outcome.summary.changes == {"same": 1, "replace": 1}
    assert "toy-9" in found.cloud.toys
    assert not found.state_of("it").external


def test_what_was_managed_and_is_now_read_is_given_up_for_the_other(found: Any) -> None:
    found.succeed("Toy('it')")
    own = found.state_of("it").id
    outcome = found.succeed("Toy('it', Opts(id='toy-9'))")
    assert outcome.operations["it"] == {"read-replacement", "replace", "delete-replaced"}
    assert outcome.summary.changes == {"same": 1, "replace": 1}
    assert own not in found.cloud.toys
    assert found.state_of("it").external


def test_a_managed_resource_read_by_its_own_id_is_released(found: Any) -> None:
    found.succeed("Toy('it')")
    own = found.state_of("it").id
    found.succeed(f"Toy('it', Opts(id='{own}'))")
    assert found.state_of("it").external
    found.run("destroy")
    assert own in found.cloud.toys


def test_an_import_that_would_replace_is_refused_after_it_was_taken(found: Any) -> None:
    found.cloud.toys["toy-9"]["kind"] = "old"
    text = "Toy('mine', Opts(import_='toy-9'), label='found', size=7, kind='new')"
    looked = found.program(text).run("preview")
    assert "may not be replaced" in looked.messages("warning")
    outcome = found.up(text)
    assert outcome.summary.result == "failed"
    assert "may not be replaced" in outcome.summary.errors[0]
    # The import itself stays.
    assert found.state_of("mine").id == "toy-9"
    assert found.cloud.called("create") == []


def test_an_import_of_another_id_takes_the_place_of_the_old_one(found: Any) -> None:
    found.succeed("Toy('mine')")
    old = found.state_of("mine").id
    outcome = found.succeed("Toy('mine', Opts(import_='toy-9'), label='found', size=7)")
    assert outcome.operations["mine"] == {"import-replacement", "replace", "delete-replaced"}
    assert outcome.summary.changes == {"same": 1, "replace": 1}
    assert old not in found.cloud.toys
    assert found.succeed("Toy('mine', label='found', size=7)", expect_no_changes=True).summary.errors == ()


def test_an_import_of_what_is_not_there_fails(found: Any) -> None:
    outcome = found.up("Toy('mine', Opts(import_='toy-404'))")
    assert outcome.failures == {"mine": "resource 'toy-404' does not exist"}


def test_a_refresh_compares_the_outputs_of_what_is_only_read(found: Any) -> None:
    found.succeed("Toy('it', Opts(id='toy-9'))\nBox('box')")
    assert found.run("refresh").summary.changes == {"same": 3}
    found.cloud.toys["toy-9"]["size"] = 8
    assert found.run("refresh").summary.changes == {"same": 2, "update": 1}


def test_a_tainted_resource_is_replaced_by_the_next_update(found: Any) -> None:
    import json

    found.succeed("Toy('it')")
    path = found.backend.path("test", "dev")
    plain = json.loads(path.read_text())
    plain.update(version=4, features=["taint"])
    plain["checkpoint"]["latest"]["resources"][-1]["taint"] = True
    path.write_text(json.dumps(plain))
    assert found.succeed().operations["it"] == {"create-replacement", "replace", "delete-replaced"}
    assert json.loads(path.read_text())["version"] == 3
    plain.update(features=["of the future"])
    path.write_text(json.dumps(plain))
    with pytest.raises(Exception, match="of the future"):
        found.run("up")
