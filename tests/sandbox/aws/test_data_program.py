"""A data and machine-learning platform comes up, stays as it is, changes in place, and goes whole."""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.provider import AwsProvider
from sandbox.engine.backend import Backend
from sandbox.engine.crypter import Crypter
from sandbox.engine.engine import Engine
from sandbox.engine.events import Event, Summary
from sandbox.engine.project import Project, StackConfig
from sandbox.runtime import daemon

_PROGRAM = Path(__file__).parent / "programs" / "data"
_MADE = 16
"""The stack itself is one of them."""
_CHANGED = {"wider": "true"}
_CHANGED_RESOURCES = 8
_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Platform:
    """The program in a folder of its own, and a sandbox that nothing else uses: what remains is counted."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "state"
        program = folder / "program"
        shutil.copytree(_PROGRAM, program)
        salt = Crypter.new("words", "the test").state
        (program / "Pulumi.dev.yaml").write_text(
            f"encryptionsalt: {salt}\nconfig:\n  aws:region: eu-west-1\n"
        )
        self._project = Project.load(program)
        self._root = folder / "sandbox"
        self._endpoint = daemon.start(self._root).endpoint_url

    def run(self, verb: str, values: dict[str, str] | None = None) -> Summary:
        engine = Engine(
            self._project,
            Backend(self._state, "words"),
            {"aws": lambda: AwsProvider(self._endpoint)},
            _KEYS,
            Path(sys.executable),
        )
        events: list[Event] = []
        config = StackConfig.load(self._project, "dev").overlay(
            {f"data:{name}": value for name, value in (values or {}).items()}
        )
        summary: Summary = getattr(engine, verb)("dev", config, events.append)
        assert summary.result == "succeeded", summary.errors
        return summary

    def remaining(self) -> list[Any]:
        with urllib.request.urlopen(f"{self._endpoint}/_sandbox/remaining") as answer:  # noqa: S310 - loopback
            found: list[Any] = json.load(answer)["remaining"]
        return found

    def stop(self) -> None:
        daemon.stop(self._root)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path)
    yield made
    made.stop()


def test_a_data_platform_lives_its_whole_life(platform: Platform) -> None:
    made = platform.run("up")
    assert made.changes["create"] == _MADE
    assert made.outputs["table"].endswith(":table/flights/flights")
    assert made.outputs["brokers"].count(":9098") == 2
    assert made.outputs["found"] == 24

    assert set(platform.run("up").changes) == {"same"}
    assert set(platform.run("refresh").changes) == {"same"}

    changed = platform.run("up", _CHANGED)
    assert changed.changes == {"same": _MADE - _CHANGED_RESOURCES, "update": _CHANGED_RESOURCES}
    assert set(platform.run("up", _CHANGED).changes) == {"same"}

    assert platform.run("destroy").changes == {"delete": _MADE}
    assert platform.remaining() == []
