"""What the engine costs: an `up` that changes nothing, against the program's own time (target: 1.3 times).

Without a project, one of its own is made: buckets in components, with an AWS provider in memory. With one,
its stack must be up, and `--endpoint` is the sandbox that it is up in.

    python -m benchmarks.engine_overhead [PROJECT --endpoint URL] [--stack dev] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.instant_monitor import InstantMonitor, Invoke, program_seconds
from sandbox.engine.backend import Backend
from sandbox.engine.crypter import Crypter
from sandbox.engine.engine import Engine
from sandbox.engine.interpreters import interpreter_of
from sandbox.engine.project import Project, StackConfig
from sandbox.engine.provider import CheckResult, DiffResult, InvokeResult, Provider, ReadResult
from sandbox.engine.values import UNKNOWN, PropertyMap

PROGRAM = """
import pulumi
import pulumi_aws as aws

class Shelf(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("bench:index:Shelf", name)
        own = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(name, tags={"Shelf": name}, opts=own)
        aws.s3.BucketPublicAccessBlock(f"{name}-private", bucket=bucket.id, block_public_acls=True, opts=own)
        aws.s3.BucketVersioning(
            f"{name}-versioned", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=own)
        aws.s3.BucketPolicy(f"{name}-tls", bucket=bucket.id, policy=bucket.id.apply(str), opts=own)
        self.register_outputs({"bucket": bucket.id})

for number in range(30):
    Shelf(f"shelf-{number}")
"""


class EchoProvider:
    """Makes anything, at once."""

    def check_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult:
        return CheckResult(news)

    def diff_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> DiffResult:
        return DiffResult(changes=None)

    def configure(self, inputs: PropertyMap) -> None:
        pass

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        return CheckResult(news)

    def diff(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        ignore_changes: Sequence[str],
    ) -> DiffResult:
        return DiffResult(changes=None)

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        return ("", {**inputs, "arn": UNKNOWN}) if preview else (urn, {**inputs, "arn": f"arn:{urn}"})

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        return ReadResult(id, inputs, properties)

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
        return {**olds, **news}

    def delete(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap, timeout: float) -> None:
        pass

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        return InvokeResult(arguments)

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass


def measure(
    project: Project,
    stack: str,
    backend: Backend,
    providers: Mapping[str, Callable[[], Provider]],
    overlay: Mapping[str, Any],
    rounds: int,
) -> tuple[list[float], list[float], int]:
    """Seconds of the program alone and of an `up` without change, and the number of resources."""
    interpreter = interpreter_of(project).path
    config = StackConfig.load(project, stack).overlay(overlay)
    engine = Engine(project, backend, providers, {}, interpreter)
    resources = {item.urn: item for item in engine.resources(stack)}
    monitor = InstantMonitor(project, stack, resources, invoke_by(providers, config))
    alone, whole = [], []
    for number in range(rounds + 1):
        seconds = program_seconds(project, config, backend, os.environ, interpreter, monitor)
        started = time.perf_counter()
        summary = engine.up(stack, config, lambda event: None)
        taken = time.perf_counter() - started
        if summary.result != "succeeded" or set(summary.changes) - {"same", "read"}:
            raise SystemExit(f"the stack is not up: {summary.changes} {summary.errors}")
        if number:  # The first round warms the disk's cache and the answers to invokes.
            alone.append(seconds)
            whole.append(taken)
    return alone, whole, len(resources)


def invoke_by(providers: Mapping[str, Callable[[], Provider]], config: StackConfig) -> Invoke:
    """Answers the program's questions by the providers, each made when it is first asked."""
    made: dict[str, Provider] = {}

    def invoke(token: str, arguments: PropertyMap) -> PropertyMap:
        package = token.split(":")[0]
        if package not in made:
            made[package] = providers[package]()
            settings = config.for_program(Crypter.new("", "a benchmark")).of_package(package)
            made[package].configure(made[package].check_config("", {}, dict(settings)).inputs)
        return dict(made[package].invoke(token, arguments).properties)

    return invoke


def main() -> None:
    """Prints both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, nargs="?")
    parser.add_argument("--stack", default="dev")
    parser.add_argument("--endpoint", help="the sandbox's address")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.project is None:
        with tempfile.TemporaryDirectory() as folder:
            _report(*_made(Path(folder), arguments.rounds))
        return
    if not arguments.endpoint:
        raise SystemExit("--endpoint is needed: where does the sandbox listen?")
    from ops.workspace import Workspace
    from sandbox.aws.provider import AwsProvider

    workspace = Workspace.find(arguments.project)
    released = workspace.released_config(arguments.stack)
    _report(
        *measure(
            workspace.project,
            arguments.stack,
            workspace.backend,
            {"aws": lambda: AwsProvider(arguments.endpoint)},
            released.values,
            arguments.rounds,
        )
    )


def _made(folder: Path, rounds: int) -> tuple[list[float], list[float], int]:
    (folder / "Pulumi.yaml").write_text(
        f"name: bench\nruntime: {{name: python, options: {{virtualenv: {Path(sys.prefix)}}}}}\n"
    )
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    (folder / "__main__.py").write_text(PROGRAM)
    project, backend = Project.load(folder), Backend(folder / "state", "bench")
    started = time.perf_counter()
    summary = Engine(project, backend, {"aws": EchoProvider}).up(
        "dev", StackConfig.load(project, "dev"), lambda event: None
    )
    if summary.result != "succeeded":
        raise SystemExit(str(summary.errors))
    print(f"first up: {time.perf_counter() - started:.2f} s", file=sys.stderr)
    return measure(project, "dev", backend, {"aws": EchoProvider}, {}, rounds)


def _report(alone: Sequence[float], whole: Sequence[float], resources: int) -> None:
    program, up = statistics.median(alone), statistics.median(whole)
    figures = {
        "benchmark": "engine_overhead",
        "resources": resources,
        "program_alone_s": round(program, 2),
        "unchanged_up_s": round(up, 2),
        "ratio": round(up / program, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
