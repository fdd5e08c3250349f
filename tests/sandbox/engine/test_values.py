"""Values on the wire, in the state and on the disk: hashes, paths, differences, configuration."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine import diffs, hashing, paths, wire
from sandbox.engine.adapter import annotated, plain
from sandbox.engine.crypter import Crypter, DecryptionFailed
from sandbox.engine.errors import ProjectInvalid
from sandbox.engine.graph import Graph
from sandbox.engine.project import LEFT_OUT, Project, StackConfig
from sandbox.engine.requests import Refused, timeouts
from sandbox.engine.state import Resource, Timeouts, decode, encode, from_json, to_json
from sandbox.engine.values import (
    UNKNOWN,
    Archive,
    Asset,
    Located,
    OutputValue,
    ResourceReference,
    Secret,
)

SPECIAL = {
    "secret": Secret({"a": [1, "x"]}),
    "unknown": UNKNOWN,
    "reference": ResourceReference("urn:pulumi:a::b::c:d:e::f", "id-1"),
    "asset": Asset(text="hello", hash="1"),
    "archive": Archive(assets={"a": Asset(path="b", hash="2"), "c": Archive(path="d", hash="3")}, hash="4"),
    "none": None,
    "nested": [{"x": True, "y": 1.5}, []],
    "empty": {},
}

_leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(allow_nan=False)
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def crypter() -> Crypter:
    return Crypter.new("open sesame", "a test")


def test_every_kind_of_value_crosses_the_wire_and_comes_back(tmp_path: Path) -> None:
    assert wire.from_struct(wire.to_struct(SPECIAL), tmp_path) == SPECIAL
    output = {"out": OutputValue(value=1, dependencies=frozenset({"urn:a"}), secret=True)}
    assert wire.from_struct(wire.to_struct(output), tmp_path) == output
    found: set[str] = set()
    assert wire.downgrade(output["out"], found) == Secret(1)
    assert found == {"urn:a"}
    assert wire.from_struct(wire.to_struct({"s": Secret(1)}, secrets=False), tmp_path) == {"s": 1}


def test_every_kind_of_value_is_kept_in_the_state(crypter: Crypter) -> None:
    resource = Resource(
        urn="urn:pulumi:a::b::c:d:e::f",
        type="c:d:e",
        custom=True,
        id="1",
        inputs=dict(SPECIAL),
        timeouts=Timeouts(create=5),
        dependencies=["urn:x"],
        rest={"newField": [1]},
    )
    text = to_json(resource, crypter)
    again = from_json(json.loads(text), crypter)
    assert again.inputs == SPECIAL
    assert again.timeouts == resource.timeouts
    assert again.rest == {"newField": [1]}
    assert again.rendered == text
    infinite = decode(json.loads(json.dumps(encode(float("inf"), crypter))), crypter)
    assert infinite == float("inf")


@given(_values)
def test_plain_values_survive_the_state_and_the_wire(value: Any) -> None:
    assert decode(json.loads(json.dumps(encode(value, None))), None) == value
    assert wire.from_value(wire.to_struct({"x": value}).fields["x"], Path()) == value


def test_secrets_open_only_with_their_own_key(crypter: Crypter) -> None:
    sealed = crypter.encrypt("hush")
    assert crypter.decrypt(sealed) == "hush"
    assert crypter.encrypt("hush") != sealed
    assert Crypter("open sesame", crypter.state, "a test").decrypt(sealed) == "hush"
    with pytest.raises(DecryptionFailed):
        crypter.decrypt("v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    # Written by the official CLI with the passphrase `pass`.
    state = "v1:3xmiK1SdItQ=:v1:2tElEoCxyv6gq1oW:zmoGAQB1KzOg0HLC2V6X1JOc1613Qg=="
    assert Crypter("pass", state, "a test").decrypt(state.split(":", 2)[2]) == "pulumi"


# Hashes that the official CLI gave for the same content.
HASHES = {
    "tree": "44c4eb99d23d3c6536ed84cbb320c1666c7dd54599ffee31bb77cc426e340bb0",
    "nonascii": "a516d835dc158d2126da24c17b2ebdf198e9a0cdd0e55027c450f366700858be",
    "split": "f496c186a230c3cc42b9b47925abb5b83f6d35a768a850da6c0f9558b8bce6b9",
    "long": "8c2357732cdc9bc3fe18697dc6868b75d43ac7229e25301bee349718996a301c",
}


def test_archives_are_hashed_as_the_official_engine_does(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    deep = f"{'d' * 60}/{'e' * 60}/f.txt"
    for name, text in {
        "one.txt": "hi\n",
        "sub/two.py": "x\n",
        "a b/ü.txt": "y\n",
        ".pulumi/no": "q\n",
        "sub-1": "z\n",
        "sub.x": "w\n",
        deep: "long\n",
        f"{'n' * 120}.txt": "l2\n",
        "empty": "",
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "link").symlink_to("one.txt")
    archives = {
        "tree": Archive(path="tree"),
        "nonascii": Archive(assets={"é" * 60 + ".txt": Asset(text="2")}),
        "split": Archive(assets={"p" * 120 + "/" + "q" * 90: Asset(text="4")}),
        "long": Archive(assets={"r" * 101: Asset(text="5")}),
    }
    assert {name: hashing.hashed(item, tmp_path).hash for name, item in archives.items()} == HASHES
    packed = tmp_path / "packed.tar.gz"
    packed.write_bytes(b"as it stands")
    assert (
        hashing.hashed(Archive(path="packed.tar.gz"), tmp_path).hash
        == hashlib.sha256(b"as it stands").hexdigest()
    )
    with pytest.raises(hashing.AssetUnreadable, match=r"missing\.txt"):
        hashing.hashed(Asset(path="missing.txt"), tmp_path)


def test_property_paths_read_as_pulumis() -> None:
    assert paths.parse('a.b[0]["c.d"].*') == ("a", "b", 0, "c.d", "*")
    assert paths.parse('["a"]') == ("a",)
    assert paths.contains(paths.parse("a[*].b"), paths.parse("a[3].b.c"))
    assert not paths.contains(paths.parse("a.b"), paths.parse("a"))
    with pytest.raises(paths.InvalidPath):
        paths.parse('a["b')


def test_ignored_paths_stay_as_they_were() -> None:
    old = {"a": {"x": 1, "gone": 2}, "list": [{"n": 1}, {"n": 2}], "s": Secret({"k": 1})}
    new = {"a": {"x": 9, "new": 3}, "list": [{"n": 8}, {"n": 9}], "s": Secret({"k": 9})}
    result, refused = diffs.ignoring(new, old, ["a.x", "a.gone", "a.new", "list[*].n", "s.k"])
    assert result == {"a": {"x": 1, "gone": 2}, "list": [{"n": 1}, {"n": 2}], "s": Secret({"k": 1})}
    assert refused == []
    assert new["list"] == [{"n": 8}, {"n": 9}]
    _, refused = diffs.ignoring({"list": []}, {"list": [1]}, ["list[0]"])
    assert refused == ["list[0]"]


def test_differences_name_the_leaves() -> None:
    old = {"a": {"b": [1, 2]}, "c": 1, "same": {"x": 1}, "flag": 1}
    new = {"a": {"b": [1, 3, 4]}, "d": 1, "same": {"x": 1}, "flag": True}
    assert diffs.compared(old, new) == {
        "a.b[1]": "update",
        "a.b[2]": "add",
        "c": "delete",
        "d": "add",
        "flag": "update",
    }
    assert diffs.compared({"a": 1}, {"a": UNKNOWN}) == {"a": "update"}
    spelt = diffs.compared({"tags": {"a.b": 1}}, {"tags": {"a.b": 2}, "w-x": {'q"': 1}})
    assert list(spelt) == ['tags["a.b"]', "w-x"]
    assert all(str(Located(paths.parse(text))) == text for text in ('a["b.c"][0].d', 'a["q\\"r"]'))


def test_what_went_in_as_a_secret_comes_out_as_one() -> None:
    given_ = {"a": Secret(1), "b": [1, Secret(2)], "c": {"d": Secret(3), "e": 4}, "f": 5}
    assert plain(given_) == {"a": 1, "b": [1, 2], "c": {"d": 3, "e": 4}, "f": 5}
    outputs = {"a": 1, "b": [1, 2], "c": {"d": 3, "e": 4}, "f": 5, "g": 6}
    assert annotated(outputs, given_) == {
        "a": Secret(1),
        "b": Secret([1, 2]),
        "c": {"d": Secret(3), "e": 4},
        "f": 5,
        "g": 6,
    }


def test_deletions_come_in_layers_of_the_old_graph() -> None:
    def resource(name: str, *needs: str) -> Resource:
        return Resource(urn=name, type="t", custom=True, dependencies=list(needs))

    a, b, c, d = resource("a"), resource("b", "a"), resource("c", "b"), resource("d")
    graph = Graph([a, b, c, d])
    assert graph.deletion_layers([a, b, c, d]) == [[c], [b], [a, d]]
    # A chain through a resource that stays does not order what goes.
    assert graph.deletion_layers([a, c]) == [[a, c]]
    assert graph.dependents(a) == [b, c]
    # What depends on a component goes before its children.
    box = Resource(urn="box", type="t", custom=False)
    child = Resource(urn="child", type="t", custom=True, parent="box")
    user = resource("user", "box")
    assert Graph([box, child, user]).deletion_layers([box, child, user]) == [[user], [child], [box]]
    # A URN means the nearest one before: the live one, not the one that was replaced.
    old = resource("x")
    live, user = resource("x"), resource("y", "x")
    assert Graph([old, live, user]).needs(user) == [live]


def test_configuration_reaches_the_program_as_pulumi_hands_it_over(tmp_path: Path, crypter: Crypter) -> None:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: p\nruntime: python\nconfig:\n  aws:region: eu-west-1\n  size: {type: integer, default: 3}\n"
        "  aws:profile: {type: string}\n"
    )
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n"
        "  p:flag: true\n"
        "  p:on: on\n"
        "  p:day: 2024-01-01\n"
        "  p:deep: {b: [1, 2.5, null], a: '<&>'}\n"
        f"  p:key: {{secure: '{crypter.encrypt('hush')}'}}\n"
        f"  p:nested: {{inner: {{secure: '{crypter.encrypt('deep')}'}}}}\n"
    )
    config = StackConfig.load(Project.load(tmp_path), "dev")
    program = config.overlay({"p:deep": {"c": 1}, "extra": "x"}).for_program(crypter)
    assert program.values == {
        "aws:region": "eu-west-1",
        "p:size": "3",
        "p:flag": "true",
        "p:on": "on",
        "p:day": "2024-01-01",
        "p:deep": '{"a":"\\u003c\\u0026\\u003e","b":[1,2.5,null],"c":1}',
        "p:key": "hush",
        "p:nested": '{"inner":"deep"}',
        "p:extra": "x",
    }
    assert program.secret_keys == {"p:key", "p:nested"}
    assert program.of_package("aws") == {"region": "eu-west-1"}
    assert "c" not in config.values["p:deep"]
    (tmp_path / "Pulumi.dev.yaml").write_text("config: [1]\n")
    with pytest.raises(ProjectInvalid, match="'config' must be a mapping"):
        StackConfig.load(Project.load(tmp_path), "dev")


def test_durations_are_those_of_go() -> None:
    class Message:
        create, update, delete, read = "1h30m", "1.5s", "250ms", ""

    assert timeouts(Message()) == Timeouts(create=5400, update=1.5, delete=0.25, read=0)
    Message.create = "5 minutes"
    with pytest.raises(Refused, match="durations are like"):
        timeouts(Message())


def test_what_runs_keep_beside_a_program_is_no_part_of_its_archive(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("1")
    alone = hashing.hashed(Archive(path="."), tmp_path).hash
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "state.json").write_text("{}")
    assert hashing.hashed(Archive(path="."), tmp_path).hash != alone
    (kept / LEFT_OUT).write_text("")
    assert hashing.hashed(Archive(path="."), tmp_path).hash == alone
