"""One program run by both engines, each with a state and a toy cloud of its own, and what came of it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

_RANDOM = re.compile(r"-[0-9a-f]{7}\b")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UNCOMPARED = {"created", "modified", "source_position", "rest", "rendered"}
"""Times, and what only one of the two notes down."""


def plugin_module() -> Any:
    """`toy_plugin.py`, which is a script as well as a module."""
    path = Path(__file__).with_name("toy_plugin.py")
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location("toy_plugin", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


class Cli:
    """Runs the CLI on a workspace's project and state."""

    def __init__(self, workspace: Any, *, state: Path | None = None, path: Sequence[Path] = ()) -> None:
        self._folder = workspace.folder
        before = [*(str(item) for item in path), str(Path(sys.executable).parent)]
        self._environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{state or workspace.state}",
            "PULUMI_CONFIG_PASSPHRASE": "open sesame",
            "PULUMI_HOME": str(workspace.folder / ".home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": ":".join([*before, os.environ["PATH"]]),
        }

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the CLI, however it ends."""
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class Twins:
    """The same project in the hands of this engine and of the CLI."""

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace
        self._toys = plugin_module()
        self._theirs = workspace.folder / ".theirs"
        self._theirs.mkdir()
        self._shelves = {"ours": workspace.folder / "ours.json", "theirs": workspace.folder / "theirs.json"}
        folder = workspace.folder / ".plugins"
        self._toys.install(folder, self._shelves["theirs"])
        self.cli = Cli(workspace, state=self._theirs, path=[folder])
        self.cli("stack", "init", "dev")
        workspace.cloud = self._toys.Shelf(self._shelves["ours"])
        workspace.provider = self._toys.ShelfProvider

    def drift(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Changes the toys of both clouds behind the engines' backs."""
        for path in self._shelves.values():
            shelf = self._toys.Shelf(path)
            with shelf.opened():
                change(shelf.toys)

    def program(self, text: str) -> None:
        """Writes the program of both."""
        self.workspace.program(text)

    def run(self, verb: str, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What this engine and the CLI did: result, counts, calls and state of each."""
        marks = {name: len(self._toys.Shelf(path).calls) for name, path in self._shelves.items()}
        outcome = self.workspace.run(verb, **options)
        arguments = [verb, "--stack", "dev", "--parallel", "1", *_flags(options)]
        if verb != "preview":
            arguments += ["--yes", "--skip-preview"]
        done = self.cli.run(*arguments, *(["--json"] if verb == "preview" else []))
        self.said = done.stdout + done.stderr
        self.outcome = outcome
        if verb == "preview":
            # A preview that fails tells no counts.
            theirs_counts = json.loads(done.stdout).get("changeSummary", {}) if done.returncode == 0 else None
        else:
            history = json.loads(self.cli("stack", "history", "--stack", "dev", "--json"))
            theirs_counts = history[0].get("resourceChanges") or {}
        ours = {
            "result": "succeeded" if outcome.summary.result == "succeeded" else "failed",
            "counts": theirs_counts is not None
            and {name: count for name, count in outcome.summary.changes.items() if count},
        }
        theirs = {
            "result": "succeeded" if done.returncode == 0 else "failed",
            "counts": theirs_counts is not None
            and {name: count for name, count in theirs_counts.items() if count},
        }
        for name, found, root in (
            ("ours", ours, self.workspace.state),
            ("theirs", theirs, self._theirs),
        ):
            calls = self._toys.Shelf(self._shelves[name]).calls[marks[name] :]
            found["calls"] = sorted(calls)
            found["state"] = self._state(root)
        return ours, theirs

    def _state(self, root: Path) -> dict[str, Any]:
        backend = type(self.workspace.backend)(root, "open sesame")
        salt = self.workspace.config().encryption_salt
        checkpoint = backend.load("test", "dev", backend.crypter("test", "dev", salt))
        found: dict[str, Any] = {}
        for item in checkpoint.resources:
            key = item.urn.split("::", 2)[2]
            while key in found:
                key += "'"
            plain = {
                one.name: getattr(item, one.name)
                for one in fields(item)
                if one.name not in _UNCOMPARED and getattr(item, one.name) not in (None, "", [], {}, False)
            }
            plain.setdefault("property_dependencies", {})
            plain["property_dependencies"] = {
                name: sorted(urns) for name, urns in plain["property_dependencies"].items() if urns
            }
            plain["dependencies"] = sorted(plain.get("dependencies", []))
            found[key] = _settled(plain)
        return found


def _flags(options: Mapping[str, Any]) -> list[str]:
    """The CLI's flags for the engine's options."""
    found: list[str] = []
    for name, value in options.items():
        flag = f"--{'target' if name == 'targets' else name.replace('_', '-')}"
        if value is True:
            found.append(flag)
        elif isinstance(value, list):
            found += [text for item in value for text in (flag, item)]
    return found


def _settled(value: Any) -> Any:
    """The value without what is random."""
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    if isinstance(value, str):
        return _UUID.sub("<uuid>", _RANDOM.sub("-<random>", value))
    return value
