"""A shop of gadgets behind a plugin, and an office of notes behind a dynamic provider."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).with_name("gadget_plugin.py")
GADGETS = """
import pulumi

class Gadget(pulumi.CustomResource):
    label: pulumi.Output[str]
    serial: pulumi.Output[int]
    token: pulumi.Output[str]
    source: pulumi.Output[pulumi.Asset]

    def __init__(self, name, opts=None, **props):
        names = ("label", "size", "kind", "serial", "token", "fail", "before", "source")
        super().__init__("gadget:index:Gadget", name, {**dict.fromkeys(names), **props}, opts)

class Gadgets(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("gadget", name, props, opts)
"""


@dataclass
class Shop:
    """A workspace with the plugin on its path, and what the plugin has seen."""

    workspace: Any
    folder: Path
    bin: Path

    def up(self, text: str, **options: Any) -> Any:
        return self.workspace.up(f"from gadgets import Gadget, Gadgets\n{textwrap.dedent(text)}", **options)

    def succeed(self, text: str, **options: Any) -> Any:
        outcome = self.up(text, **options)
        assert outcome.summary.result == "succeeded", outcome.summary.errors
        return outcome

    def mode(self, mode: str) -> None:
        self.workspace.environment["GADGET_MODE"] = mode

    def calls(self, call: str) -> list[dict[str, Any]]:
        file = self.folder / "calls.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [line for line in lines if line["call"] == call]

    @staticmethod
    def executable(folder: Path, package: str) -> Path:
        """Puts the plugin into a folder, for a package."""
        folder.mkdir(exist_ok=True)
        file = folder / f"pulumi-resource-{package}"
        file.write_text(f'#!/bin/sh\nexec {sys.executable} -u {PLUGIN} "$@"\n')
        file.chmod(0o755)
        return file

    def gadgets(self) -> dict[str, Any]:
        return {file.name: json.loads(file.read_text()) for file in self.folder.glob("gadget-*")}


@pytest.fixture
def shop(workspace: Any, tmp_path: Path) -> Shop:
    shop = Shop(workspace, tmp_path / "shop", tmp_path / "bin")
    shop.folder.mkdir()
    shop.executable(shop.bin, "gadget")
    (workspace.folder / "gadgets.py").write_text(GADGETS)
    workspace.environment |= {
        "PATH": f"{shop.bin}:{os.environ['PATH']}",
        "GADGET_FOLDER": str(shop.folder),
    }
    return shop


NOTES = '''
"""Notes that are files in a folder: a change of `kind` replaces one."""
import json, pathlib
import pulumi
from pulumi.dynamic import (
    CheckFailure, CheckResult, ConfigureRequest, CreateResult, DiffResult, ReadResult, Resource,
    ResourceProvider, UpdateResult,
)

class NoteProvider(ResourceProvider):
    def configure(self, request: ConfigureRequest):
        self.folder = pathlib.Path(request.config.require("folder"))
        self.owner = request.config.get("owner")

    def check(self, olds, news):
        known = isinstance(news["text"], str)
        failures = [CheckFailure("text", "is too long")] if known and len(news["text"]) > 20 else []
        return CheckResult(news, failures)

    def diff(self, id, olds, news):
        replaces = ["kind"] if olds.get("kind") != news.get("kind") else []
        return DiffResult(
            changes=bool(replaces) or olds["text"] != news["text"],
            replaces=replaces,
            delete_before_replace=True,
        )

    def create(self, props):
        if props["text"] == "fail":
            raise RuntimeError("out of paper")
        print("writing", props["text"])
        number = 1 + len(list(self.folder.glob("note-*")))
        outs = {"text": props["text"], "kind": props.get("kind"), "length": len(props["text"])}
        (self.folder / f"note-{number}").write_text(json.dumps({**outs, "owner": self.owner}))
        return CreateResult(f"note-{number}", outs)

    def read(self, id, props):
        file = self.folder / id
        if not file.exists():
            return ReadResult(None, {})
        outs = json.loads(file.read_text())
        return ReadResult(id, outs, {"text": outs["text"], "kind": outs["kind"]})

    def update(self, id, olds, news):
        outs = {**olds, "text": news["text"], "length": len(news["text"])}
        outs.pop("__provider", None)
        (self.folder / id).write_text(json.dumps(outs))
        return UpdateResult(outs)

    def delete(self, id, props):
        (self.folder / id).unlink()

class Note(Resource, module="office", name="Note"):
    text: pulumi.Output[str]
    length: pulumi.Output[int]

    def __init__(self, name, text, kind="memo", opts=None):
        super().__init__(NoteProvider(), name, {"text": text, "kind": kind, "length": None}, opts)
'''


@pytest.fixture
def office(workspace: Any, tmp_path: Path) -> Any:
    (tmp_path / "desk").mkdir()
    (workspace.folder / "notes.py").write_text(NOTES)
    file = workspace.project.stack_file("dev")
    secret = workspace.backend.crypter("test", "dev", file.read_text().split("\n")[0][16:]).encrypt("kim")
    file.write_text(
        f"{file.read_text()}  test:folder: {tmp_path / 'desk'}\n  test:owner: {{secure: '{secret}'}}\n"
    )
    return workspace
