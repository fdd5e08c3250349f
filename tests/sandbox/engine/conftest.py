"""A project in a temporary folder, and a provider of toys with a cloud in memory."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import textwrap
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from sandbox.engine.backend import Backend
from sandbox.engine.crypter import Crypter
from sandbox.engine.engine import Engine
from sandbox.engine.events import Event, Message, ProgramOutput, StepDone, StepFailed, StepStarted, Summary
from sandbox.engine.project import Project, StackConfig
from sandbox.engine.provider import (
    CheckFailure,
    CheckResult,
    DiffKind,
    DiffResult,
    InitializationError,
    InvokeResult,
    ProviderError,
    ReadResult,
)
from sandbox.engine.urn import name_of
from sandbox.engine.values import UNKNOWN, PropertyMap

PASSPHRASE = "open sesame"

TOYS = '''
import pulumi

class Toy(pulumi.CustomResource):
    """A toy: a change of `kind` replaces it, a change of anything else does not."""

    label: pulumi.Output[str]
    size: pulumi.Output[int]
    kind: pulumi.Output[str]
    serial: pulumi.Output[int]
    secret: pulumi.Output[str]

    def __init__(self, name, opts=None, **props):
        names = ("label", "size", "kind", "serial", "secret", "parts", "source", "needs", "fail", "before")
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version="1.2.3"), opts)
        super().__init__("toy:index:Toy", name, {**dict.fromkeys(names), **props}, options)

class Toys(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **props):
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version="1.2.3"), opts)
        super().__init__("toy", name, props, options)

class Box(pulumi.ComponentResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("test:index:Box", name, props, opts)
'''


class Cloud:
    """What there is, and every call that was made. Shared by all providers of a test."""

    def __init__(self) -> None:
        self.toys: dict[str, PropertyMap] = {}
        self.calls: list[tuple[str, str]] = []
        self.configured: list[PropertyMap] = []
        self.lock = threading.Lock()
        self.serial = 0
        self.on_call: Callable[[str, str], None] = lambda operation, name: None

    def call(self, operation: str, urn: str) -> None:
        with self.lock:
            self.calls.append((operation, name_of(urn)))
        self.on_call(operation, name_of(urn))

    def next(self, name: str) -> tuple[int, str]:
        """The serial and the id of the next toy."""
        self.serial += 1
        return self.serial, f"toy-{self.serial}"

    def called(self, operation: str) -> list[str]:
        return [name for kind, name in self.calls if kind == operation]


class ToyProvider:
    """A provider whose behaviour a program chooses: `fail` names the operation that fails."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.region = ""

    def check_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult:
        bad = [CheckFailure("region", "'mars' is no region")] if news.get("region") == "mars" else []
        return CheckResult(news, bad)

    def diff_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> DiffResult:
        moved = olds.get("region") != news.get("region")
        return DiffResult(changes=olds != news, replaces=("region",) if moved else ())

    def configure(self, inputs: PropertyMap) -> None:
        self.region = inputs.get("region", "")
        self.cloud.configured.append(inputs)

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        failures = []
        size = news.get("size")
        if isinstance(size, int) and size < 0:
            failures.append(CheckFailure("size", f"{size} is below 0"))
        if news.get("kind") == "":
            failures.append(CheckFailure("kind", "must not be empty"))
        label = news.get("label") or olds.get("label") or f"{name_of(urn)}-{random_seed.hex()[:7]}"
        return CheckResult({**news, "label": label}, failures)

    def diff(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        ignore_changes: Sequence[str],
    ) -> DiffResult:
        detailed: dict[str, DiffKind] = {}
        for key in sorted(old_inputs.keys() | news.keys()):
            if key not in old_inputs:
                detailed[key] = "add"
            elif key not in news:
                detailed[key] = "delete"
            elif old_inputs[key] != news[key]:
                detailed[key] = "update-replace" if key in ("kind", "needs") else "update"
        replaces = tuple(key for key, kind in detailed.items() if kind.endswith("replace"))
        return DiffResult(
            changes=bool(detailed),
            replaces=replaces,
            detailed=detailed,
            delete_before_replace=bool(news.get("before")),
        )

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        if preview:
            return "", {**inputs, "serial": UNKNOWN}
        self.cloud.call("create", urn)
        if inputs.get("fail") == "create":
            raise ProviderError("the factory is on strike")
        with self.cloud.lock:
            serial, id = self.cloud.next(name_of(urn))
            outputs = {**inputs, "serial": serial}
            self.cloud.toys[id] = {**outputs, "urn": urn}
        self.cloud.on_call("created", name_of(urn))
        if inputs.get("fail") == "start":
            raise InitializationError(id, outputs, inputs, ["it does not start"])
        return id, outputs

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        self.cloud.call("read", urn)
        toy = self.cloud.toys.get(id)
        if toy is None:
            return ReadResult("", {}, {})
        outputs = {key: value for key, value in toy.items() if key != "urn"}
        known = inputs or {key: value for key, value in outputs.items() if key != "serial"}
        return ReadResult(id, {key: outputs.get(key, value) for key, value in known.items()}, outputs)

    def update(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        timeout: float,
        ignore_changes: Sequence[str],
        preview: bool,
    ) -> PropertyMap:
        outputs = {**news, "serial": olds.get("serial")}
        if not preview:
            self.cloud.call("update", urn)
            if news.get("fail") == "update":
                raise ProviderError("the paint has run out")
            self.cloud.toys[id] = {**outputs, "urn": urn}
            if news.get("fail") == "restart":
                raise InitializationError(id, outputs, news, ["it does not start again"])
        return outputs

    def delete(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap, timeout: float) -> None:
        self.cloud.call("delete", urn)
        if inputs.get("fail") == "delete":
            raise ProviderError("the child will not let go")
        self.cloud.toys.pop(id, None)

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        if token == "toy:index:fail":
            raise ProviderError("nobody is in")
        return InvokeResult({"answer": f"{arguments.get('question')} in {self.region}"})

    def cancel(self) -> None:
        self.cloud.on_call("cancel", "")

    def close(self) -> None:
        pass


class RecoveringProvider(ToyProvider):
    """A toy provider that finds what an interrupted create made."""

    def recover(self, urn: str, inputs: PropertyMap, taken: Collection[str]) -> ReadResult | None:
        self.cloud.call("recover", urn)
        for id, toy in self.cloud.toys.items():
            if toy["label"] == inputs["label"] and id not in taken:
                return ReadResult(id, inputs, {key: value for key, value in toy.items() if key != "urn"})
        return None


@dataclass
class Outcome:
    """A finished run."""

    summary: Summary
    events: list[Event] = field(default_factory=list)

    @property
    def operations(self) -> dict[str, set[str]]:
        """By resource name, the operations that ended well; `same` left out."""
        found: dict[str, set[str]] = defaultdict(set)
        for event in self.events:
            if isinstance(event, StepDone) and event.operation != "same":
                found[name_of(event.urn)].add(event.operation)
        return dict(found)

    @property
    def order(self) -> list[tuple[str, str]]:
        return [(event.operation, name_of(event.urn)) for event in self.events if isinstance(event, StepDone)]

    @property
    def failures(self) -> dict[str, str]:
        return {name_of(item.urn): item.message for item in self.events if isinstance(item, StepFailed)}

    def messages(self, severity: str) -> str:
        return "\n".join(
            item.text for item in self.events if isinstance(item, Message) and item.severity == severity
        )

    @property
    def printed(self) -> list[str]:
        return [item.text for item in self.events if isinstance(item, ProgramOutput)]

    def started(self, name: str) -> StepStarted:
        return next(
            item for item in self.events if isinstance(item, StepStarted) and name_of(item.urn) == name
        )


@functools.cache
def _salt() -> str:
    """One for all tests: a key takes a third of a second to derive."""
    return Crypter.new(PASSPHRASE, "the tests").state


class Workspace:
    """A project of its own with a program that a test writes."""

    environment: Mapping[str, str] = MappingProxyType({})
    """Laid over the process's own for programs and plugins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".state"
        self.cloud = Cloud()
        self.provider: type[ToyProvider] = RecoveringProvider
        self.stack_values: dict[str, Any] = {}
        self.environment = {}
        (folder / "Pulumi.yaml").write_text("name: test\nruntime: python\nstackConfigDir: stacks\n")
        (folder / "stacks").mkdir()
        (folder / "stacks" / "Pulumi.dev.yaml").write_text(
            f"encryptionsalt: {_salt()}\nconfig:\n  toy:region: here\n"
        )
        (folder / "toys.py").write_text(TOYS)

    def forget(self) -> None:
        """From now on the provider cannot tell what an interrupted create has made."""
        self.provider = ToyProvider

    def program(self, text: str) -> Workspace:
        (self.folder / "__main__.py").write_text(
            "import pulumi\nfrom toys import Box, Toy, Toys\nfrom pulumi import ResourceOptions as Opts\n"
            + textwrap.dedent(text)
        )
        return self

    @property
    def project(self) -> Project:
        return Project.load(self.folder)

    @property
    def backend(self) -> Backend:
        return Backend(self.state, PASSPHRASE)

    def engine(self, environment: Mapping[str, str] | None = None) -> Engine:
        return Engine(
            self.project,
            self.backend,
            {"toy": lambda: self.provider(self.cloud)},
            {**self.environment, **(environment or {})},
            Path(sys.executable),
        )

    def config(self, stack: str = "dev", **values: Any) -> StackConfig:
        return StackConfig.load(self.project, stack).overlay(values)

    def run(
        self, kind: str, *, stack: str = "dev", values: Mapping[str, Any] | None = None, **options: Any
    ) -> Outcome:
        engine = self.engine()
        events: list[Event] = []
        summary = getattr(engine, kind)(stack, self.config(stack, **(values or {})), events.append, **options)
        assert events[-1] is summary
        return Outcome(summary, events)

    def up(self, text: str | None = None, **options: Any) -> Outcome:
        if text is not None:
            self.program(text)
        return self.run("up", **options)

    def succeed(self, text: str | None = None, **options: Any) -> Outcome:
        outcome = self.up(text, **options)
        assert outcome.summary.result == "succeeded", outcome.summary.errors
        return outcome

    def state_of(self, name: str, stack: str = "dev") -> Any:
        found = [item for item in self.engine().resources(stack) if name_of(item.urn) == name]
        assert len(found) == 1, found
        return found[0]

    def names(self, stack: str = "dev") -> set[str]:
        return {name_of(item.urn) for item in self.engine().resources(stack)}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "project"
    folder.mkdir()
    return Workspace(folder.resolve())


class Cli:
    """Runs the CLI on a workspace's project and state."""

    def __init__(self, workspace: Workspace, environment: Mapping[str, str] | None = None) -> None:
        self._folder = workspace.folder
        environment = {**os.environ, **(environment or {})}
        self._environment = {
            **environment,
            "PULUMI_BACKEND_URL": f"file://{workspace.state}",
            "PULUMI_CONFIG_PASSPHRASE": "open sesame",
            "PULUMI_HOME": str(workspace.folder / ".home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
        }

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def official_cli() -> type[Cli]:
    """The official CLI: `official_cli(workspace)("preview", "--stack", "dev")`."""
    return Cli
