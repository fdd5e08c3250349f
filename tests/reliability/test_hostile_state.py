"""A torn or hostile state: an error that names the file, and nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from random_programs import Spec, sound
from stack_lives import PASSPHRASE, Life

from sandbox.engine.crypter import Crypter
from sandbox.engine.engine import Engine
from sandbox.engine.errors import BackendUnknown, StackLocked, StateCorrupt
from sandbox.engine.project import Project
from sandbox.engine.signatures import FLOAT, REFERENCE, SECRET, SIGNATURE

PROGRAM = sound(
    [
        Spec("a", secret=True),
        Spec("b", source="a"),
        Spec("c", kind="box"),
        Spec("d", parent="c", needs=("b",)),
    ]
)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A stack that is up, with a secret in its state, and a state from before that run."""
    made = Life(tmp_path_factory.mktemp("hostile"), Crypter.new(PASSPHRASE, "the tests").state)
    made.settle(PROGRAM)
    return made


@pytest.fixture(scope="module")
def whole(life: Life) -> bytes:
    return life.path.read_bytes()


@pytest.fixture(autouse=True)
def put_back(life: Life, whole: bytes) -> Any:
    yield
    if life.path.is_dir():
        life.path.rmdir()
    life.path.write_bytes(whole)


def attempts(life: Life) -> list[Callable[[], Any]]:
    """Every way to use a state."""

    def run(action: str) -> Callable[[], Any]:
        return lambda: life._run(PROGRAM, action)

    return [
        *(run(action) for action in ("up", "preview", "refresh", "destroy")),
        lambda: Engine(Project.load(life.folder), life.backend, {}).outputs("dev"),
    ]


def refused(life: Life, content: bytes) -> None:
    """Every run and reading of the state ends in an error that names it, and leaves the files as they are."""
    life.path.write_bytes(content)
    spare = life.path.with_suffix(".json.bak")
    previous = spare.read_bytes()
    there = sorted(path for path in life.path.parent.rglob("*"))
    cloud = dict(life.cloud.toys)
    for attempt in attempts(life):
        with pytest.raises(StateCorrupt) as caught:
            attempt()
        assert str(life.path) in str(caught.value)
        assert str(spare) in str(caught.value)
    assert life.path.read_bytes() == content
    assert spare.read_bytes() == previous
    assert sorted(path for path in life.path.parent.rglob("*")) == there
    assert life.cloud.toys == cloud


@pytest.mark.parametrize("part", range(20))
def test_a_truncated_state_is_refused(life: Life, whole: bytes, part: int) -> None:
    refused(life, whole[: len(whole) * part // 20])


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b"[]",
        b'"state"',
        b"3",
        b"{}",
        b"\xff\xfe{}",
        b"\x00" * 4096,
        b"[" * 100_000,
        b'{"version":3,"checkpoint":' + b'{"latest":' * 50_000,
    ],
    ids=["null", "list", "text", "number", "empty", "not UTF-8", "zeros", "nested lists", "nested objects"],
)
def test_what_is_no_state_is_refused(life: Life, content: bytes) -> None:
    refused(life, content)


Change = Callable[[dict[str, Any], list[dict[str, Any]]], object]
"""Spoils a state, given its `latest` part and its resources."""


def of_resource(**fields: Any) -> Change:
    return lambda latest, resources: resources[-1].update(fields)


def of_inputs(value: Any) -> Change:
    return lambda latest, resources: resources[-1]["inputs"].update(size=value)


def of_secrets(**fields: Any) -> Change:
    return lambda latest, resources: latest["secrets_providers"].update(fields)


def secret(ciphertext: Any) -> Change:
    return of_inputs({SIGNATURE: SECRET, "ciphertext": ciphertext})


HOSTILE: dict[str, Change] = {
    "resources are an object": lambda latest, resources: latest.update(resources={"a": 1}),
    "resources are a text": lambda latest, resources: latest.update(resources="abc"),
    "a resource is a number": lambda latest, resources: resources.append(1),  # type: ignore[arg-type]
    "a resource is null": lambda latest, resources: resources.append(None),  # type: ignore[arg-type]
    "no URN": lambda latest, resources: resources[-1].pop("urn"),
    "no type": lambda latest, resources: resources[-1].pop("type"),
    "URN of a wrong type": of_resource(urn=5),
    "no URN at all": of_resource(urn="d"),
    "type of a wrong type": of_resource(type=5),
    "id of a wrong type": of_resource(id=5),
    "inputs are a text": of_resource(inputs="x"),
    "outputs are a list": of_resource(outputs=[1]),
    "dependencies are a text": of_resource(dependencies="abc"),
    "a dependency is a number": of_resource(dependencies=[1]),
    "property dependencies are a list": of_resource(propertyDependencies=[1]),
    "property dependencies of a number": of_resource(propertyDependencies={"size": 3}),
    "parent of a wrong type": of_resource(parent=5),
    "custom is a text": of_resource(custom="yes"),
    "protect is a text": of_resource(protect="yes"),
    "an unknown timeout": of_resource(customTimeouts={"wait": 1}),
    "a timeout that is a text": of_resource(customTimeouts={"create": "5m"}),
    "a provider that is no reference": of_resource(provider="toy"),
    "a provider that is not there": of_resource(
        provider="urn:pulumi:dev::test::pulumi:providers:toy::other::1"
    ),
    "a parent that is not there": of_resource(parent="urn:pulumi:dev::test::test:index:Box::other"),
    "a dependency that is not there": of_resource(
        dependencies=["urn:pulumi:dev::test::toy:index:Toy::other"]
    ),
    "deleted with what is not there": of_resource(deletedWith="urn:pulumi:dev::test::toy:index:Toy::other"),
    "its own parent": lambda latest, resources: resources[-1].update(parent=resources[-1]["urn"]),
    "parents in a circle": lambda latest, resources: (
        resources[-1].update(parent=resources[-2]["urn"]),
        resources[-2].update(parent=resources[-1]["urn"]),
    ),
    "a URN twice": lambda latest, resources: resources.append(resources[-1]),
    "dependents before what they need": lambda latest, resources: resources.reverse(),
    "a component with an id": lambda latest, resources: resources[0].update(id="x"),
    "a damaged ciphertext": secret("v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    "no ciphertext": of_inputs({SIGNATURE: SECRET}),
    "a ciphertext that is a number": secret(5),
    "a ciphertext that is no base64": secret("v1:é:ö"),
    "an unknown signature": of_inputs({SIGNATURE: "0000"}),
    "a signature that is a list": of_inputs({SIGNATURE: ["x"]}),
    "a damaged number": of_inputs({SIGNATURE: FLOAT, "value": "zz"}),
    "a reference to nothing": of_inputs({SIGNATURE: REFERENCE}),
    "a number of 5,000 digits": of_inputs("<BIG>"),
    "a value that JSON has not": of_inputs(float("nan")),
    "a value nested 30,000 deep": of_inputs("<DEEP>"),
    "no salt in the salt": of_secrets(state={"salt": "v1:x:y"}),
    "a salt that is a number": of_secrets(state={"salt": 4}),
    "a salt that is no base64": of_secrets(state={"salt": "v1:éééé:v1:a:b"}),
    "the provider of secrets has no state": of_secrets(state="x"),
    "another provider of secrets": of_secrets(type="awskms"),
    "secrets providers are a text": lambda latest, resources: latest.update(secrets_providers="x"),
    "a pending operation of nothing": lambda latest, resources: latest.update(pending_operations=[{}]),
    "an unknown pending operation": lambda latest, resources: latest.update(
        pending_operations=[{"resource": resources[-1], "type": "thinking"}]
    ),
    "pending operations are a text": lambda latest, resources: latest.update(pending_operations="x"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_state_is_refused(life: Life, whole: bytes, change: Change) -> None:
    plain = json.loads(whole)
    latest = plain["checkpoint"]["latest"]
    change(latest, latest["resources"])
    text = json.dumps(plain)
    text = text.replace('"<BIG>"', "9" * 5000).replace('"<DEEP>"', "[" * 30_000 + "]" * 30_000)
    refused(life, text.encode())


@pytest.mark.parametrize("version", [2, 99, "3", None, True, 3.5])
def test_a_state_of_an_unknown_version_is_refused(life: Life, whole: bytes, version: object) -> None:
    refused(life, json.dumps({**json.loads(whole), "version": version}).encode())


@pytest.mark.parametrize("checkpoint", ["x", None, [1], {"latest": "x"}, {"latest": [1]}])
def test_a_checkpoint_of_a_wrong_type_is_refused(life: Life, whole: bytes, checkpoint: object) -> None:
    refused(life, json.dumps({**json.loads(whole), "checkpoint": checkpoint}).encode())


def test_a_folder_in_the_states_place_is_refused(life: Life) -> None:
    life.path.unlink()
    life.path.mkdir()
    for attempt in attempts(life):
        with pytest.raises(StateCorrupt, match="directory"):
            attempt()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_state_that_may_not_be_read_is_refused(life: Life) -> None:
    life.path.chmod(0)
    try:
        for attempt in attempts(life):
            with pytest.raises(StateCorrupt, match="ermission"):
                attempt()
    finally:
        life.path.chmod(0o600)


@pytest.mark.parametrize("content", [b"", b"version: 2\n", b"vers", b"\xff\xfe", b"version: [\n"])
def test_a_torn_or_newer_meta_file_is_refused_by_name(life: Life, whole: bytes, content: bytes) -> None:
    meta = life.path.parents[2] / "meta.yaml"
    before = meta.read_bytes()
    meta.write_bytes(content)
    try:
        for attempt in attempts(life):
            with pytest.raises(BackendUnknown) as caught:
                attempt()
            assert str(meta) in str(caught.value)
    finally:
        meta.write_bytes(before)
    assert life.path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b'{"pid": 1', b"[]", b'{"pid": "x"}', b"\xff\xfe"])
def test_a_torn_lock_still_locks_and_can_be_taken_away(life: Life, content: bytes) -> None:
    lock = life.path.parents[2] / "locks" / "organization" / "test" / "dev" / "torn.json"
    lock.write_bytes(content)
    with pytest.raises(StackLocked) as caught:
        life._run(PROGRAM, "up")
    assert str(lock) in str(caught.value)
    assert Engine(Project.load(life.folder), life.backend, {}).unlock("dev")
    life._must_succeed(PROGRAM, "up")


def test_torn_history_is_nobodys_hindrance(life: Life) -> None:
    folder = life.path.parents[2] / "history" / "test" / "dev"
    for path in folder.iterdir():
        torn = path.read_bytes()[:20]
        path.unlink()  # A copy of the state shares its content with the state's own file.
        path.write_bytes(torn)
    life._must_succeed(PROGRAM, "up")


def test_the_command_says_it_without_a_traceback(life: Life, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    state = tmp_path / ".groundplan" / "state" / ".pulumi" / "stacks" / "test" / "dev.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 3')
    done = subprocess.run(
        [sys.executable, "-m", "ops", "outputs", "dev"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert str(state) in done.stderr
    assert "Traceback" not in done.stderr
