"""What the engine adds to a program and its cloud: 300 resources made, left as they are, and 2,000 of them.

Every ratio is of figures from the same round, of which the median is taken:

- `create_ratio`: an `up` that makes 300 AWS resources in a sandbox, against the program by itself (a monitor
  that answers at once) and then the provider's creates by themselves, sixteen at a time;
- `unchanged_ratio`: an `up` that changes nothing, against the program by itself;
- `growth`: processor time of the engine for each resource of 2,000 that a provider in memory makes at once,
  against that for each of 300;
- `engine_mb`: the engine's process at its largest, program and sandbox not counted;
- `cli_create_ratio`, `cli_unchanged_ratio`: the same two runs against the official CLI's, both from the
  shell, where `pulumi` is on the PATH and `pulumi-resource-aws` in `sandbox/bin` or there.

    python -m benchmarks.engine_speed [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.engine_overhead import EchoProvider
from benchmarks.instant_monitor import InstantMonitor, program_seconds
from sandbox.aws.provider import AwsProvider
from sandbox.engine.backend import Backend
from sandbox.engine.engine import Engine
from sandbox.engine.interpreters import interpreter_of
from sandbox.engine.project import Project, StackConfig
from sandbox.engine.provider import Provider
from sandbox.engine.state import Resource
from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

SERVICES = """
import pulumi
import pulumi_aws as aws

class Service(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("bench:index:Service", name)
        own = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(f"{name}-topic", opts=own)
        queue = aws.sqs.Queue(f"{name}-queue", tags={"Service": name}, opts=own)
        aws.sns.TopicSubscription(
            f"{name}-letters", topic=topic.arn, protocol="sqs", endpoint=queue.arn, opts=own)
        bucket = aws.s3.Bucket(f"{name}-bucket", tags={"Service": name}, opts=own)
        aws.s3.BucketVersioning(
            f"{name}-versions", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=own)
        self.register_outputs({"bucket": bucket.id})

for number in range(60):
    Service(f"service-{number}")
"""
ITEMS = """
import pulumi

class Item(pulumi.CustomResource):
    def __init__(self, name, **given):
        super().__init__("echo:index:Item", name, given)

for number in range(COUNT):
    Item(f"item-{number}", size=number, words=["one", "two", "three"], nested={"text": "some text"})
"""
_PROVIDERS = Path(__file__).resolve().parents[1] / "sandbox" / "bin"
"""Where the sandbox's `pulumi-resource-aws` is."""
_SEARCHED = os.pathsep.join((str(_PROVIDERS), os.environ.get("PATH", "")))
_SCRATCH = ("PULUMI_SKIP_UPDATE_CHECK", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")


def project_in(folder: Path, program: str) -> Project:
    """A project of one file, with the stack `dev`, run by this environment's Python."""
    folder.mkdir(parents=True, exist_ok=True)
    runtime = f"runtime: {{name: python, options: {{virtualenv: {Path(sys.prefix)}}}}}"
    (folder / "Pulumi.yaml").write_text(f"name: bench\n{runtime}\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (folder / "__main__.py").write_text(program)
    return Project.load(folder)


class Bench:
    """One project, its state and its providers, all in a folder of its own."""

    def __init__(self, folder: Path, program: str, provider: tuple[str, type[EchoProvider] | str]) -> None:
        self.project = project_in(folder, program)
        self.backend = Backend(folder / "state", "bench")
        self._package, self._provider = provider

    def provider(self) -> Provider:
        return AwsProvider(self._provider) if isinstance(self._provider, str) else self._provider()

    def up(self) -> float:
        """Seconds of an `up`."""
        engine = Engine(self.project, self.backend, {self._package: self.provider})
        began = time.perf_counter()
        summary = engine.up("dev", StackConfig.load(self.project, "dev"), lambda event: None)
        seconds = time.perf_counter() - began
        if summary.result != "succeeded":
            raise SystemExit("\n".join(summary.errors))
        return seconds

    def resources(self) -> list[Resource]:
        return self.backend.load("bench", "dev", self.backend.crypter("bench", "dev")).resources

    def alone(self) -> float:
        """Seconds of the program against a monitor that knows every answer."""
        known = {item.urn: item for item in self.resources()}
        config = StackConfig.load(self.project, "dev")
        monitor = InstantMonitor(self.project, "dev", known, lambda token, given: given)
        python = interpreter_of(self.project).path
        return program_seconds(self.project, config, self.backend, os.environ, python, monitor)

    def creates(self) -> float:
        """Seconds of the provider's creates, sixteen at a time, each after what it needs."""
        provider = self.provider()
        provider.configure({"region": "us-east-1"})
        waves = _waves([item for item in self.resources() if item.custom and not item.is_provider])
        began = time.perf_counter()
        with ThreadPoolExecutor(16) as pool:
            for wave in waves:
                list(pool.map(lambda item: provider.create(item.urn, item.inputs, 0, False), wave))
        seconds = time.perf_counter() - began
        provider.close()
        return seconds

    def forget(self) -> None:
        self.backend.remove("bench", "dev")


def _waves(resources: list[Resource]) -> list[list[Resource]]:
    depth: dict[str, int] = {}
    waves: list[list[Resource]] = []
    for item in resources:
        depth[item.urn] = 1 + max((depth.get(urn, -1) for urn in item.dependencies), default=-1)
        if depth[item.urn] == len(waves):
            waves.append([])
        waves[depth[item.urn]].append(item)
    return waves


def against_its_parts(folder: Path, endpoint: str, rounds: int) -> dict[str, float]:
    """The ratios of 300 resources in a sandbox, which is emptied."""
    bench, sandbox = Bench(folder / "services", SERVICES, ("aws", endpoint)), SandboxClient(endpoint)
    each: list[tuple[float, float, float, float]] = []
    for number in range(rounds + 1):
        sandbox.reset()
        bench.forget()
        whole = (bench.up(), bench.up(), bench.alone())
        sandbox.reset()
        creating = bench.creates()
        if number:  # The first round warms caches.
            each.append((*whole, creating))
    made, unchanged, alone, creates = (statistics.median(found) for found in zip(*each, strict=True))
    return {
        "resources": len(bench.resources()),
        "create_s": round(made, 2),
        "unchanged_s": round(unchanged, 2),
        "program_alone_s": round(alone, 2),
        "cloud_alone_s": round(creates, 2),
        "create_ratio": round(statistics.median(m / (a + c) for m, _, a, c in each), 2),
        "unchanged_ratio": round(statistics.median(u / a for _, u, a, _ in each), 2),
    }


def growth(folder: Path, rounds: int) -> dict[str, float]:
    """How the engine's processor time for a resource grows with their number."""
    per_resource: dict[int, list[float]] = {300: [], 2000: []}
    seconds: dict[int, list[float]] = {300: [], 2000: []}
    for _ in range(rounds):
        for count in per_resource:
            program = ITEMS.replace("COUNT", str(count))
            bench = Bench(folder / f"items-{count}", program, ("echo", EchoProvider))
            bench.forget()
            before = time.process_time()  # The program is another process, and does not count.
            seconds[count].append(bench.up())
            per_resource[count].append((time.process_time() - before) / count)
    few, many = (statistics.median(found) for found in per_resource.values())
    return {
        "engine_cpu_ms_a_resource_of_300": round(few * 1000, 2),
        "engine_cpu_ms_a_resource_of_2000": round(many * 1000, 2),
        "growth": round(many / few, 2),
        "create_2000_s": round(statistics.median(seconds[2000]), 1),
    }


def in_a_process(folder: Path, endpoint: str) -> tuple[float, float]:
    """Seconds and megabytes of an `up` from the shell, in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.engine_speed", "--up", str(folder), endpoint]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - began, float(done.stdout)


def up_here(folder: Path, endpoint: str) -> None:
    """What `in_a_process` runs: prints the process's peak memory in MB."""
    import resource

    Bench(folder, SERVICES, ("aws", endpoint)).up()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    print(kilobytes / 1024)


def against_the_cli(folder: Path, endpoint: str, keys: Mapping[str, str], rounds: int) -> dict[str, float]:
    """Memory, and both runs against the official CLI's, where it is installed with the sandbox's provider."""
    sandbox = SandboxClient(endpoint)
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    megabytes = []
    missing = [
        name for name in ("pulumi", "pulumi-resource-aws") if shutil.which(name, path=_SEARCHED) is None
    ]
    for number in range(rounds):
        own = folder / f"ours-{number}"
        sandbox.reset()
        first, peak = in_a_process(own, endpoint)
        ours.append((first, in_a_process(own, endpoint)[0]))
        megabytes.append(peak)
        if not missing:
            sandbox.reset()
            theirs.append(_cli(folder / f"theirs-{number}", keys))
    figures: dict[str, float] = {"engine_mb": round(max(megabytes))}
    if missing:
        print(
            f"not measured: the official CLI, for want of {' and '.join(missing)} on the PATH",
            file=sys.stderr,
        )
        return figures
    for name, place in (("create", 0), ("unchanged", 1)):
        ratios = [mine[place] / other[place] for mine, other in zip(ours, theirs, strict=True)]
        figures[f"cli_{name}_ratio"] = round(statistics.median(ratios), 2)
        figures[f"cli_{name}_s"] = round(statistics.median(other[place] for other in theirs), 2)
    return figures


def _cli(folder: Path, keys: Mapping[str, str]) -> tuple[float, float]:
    """Seconds of the CLI's `up` that makes everything, and of the next one."""
    project_in(folder, SERVICES)
    environment = {
        **os.environ,
        **keys,
        **dict.fromkeys(_SCRATCH, "true"),
        "PATH": _SEARCHED,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "bench",
    }

    def pulumi(*arguments: str) -> float:
        began = time.perf_counter()
        subprocess.run(
            ["pulumi", *arguments, "--non-interactive"], cwd=folder, env=environment, check=True, stdout=2
        )
        return time.perf_counter() - began

    pulumi("stack", "init", "dev")
    up = ("up", "--yes", "--skip-preview", "--stack", "dev", "--suppress-progress")
    return pulumi(*up), pulumi(*up)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--up", nargs=2, metavar=("FOLDER", "ENDPOINT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.up:
        up_here(Path(given.up[0]), given.up[1])
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        address = daemon.start(folder / "sandbox")
        try:
            keys = daemon.environment(address)
            figures = {
                "benchmark": "engine_speed",
                **against_its_parts(folder, address.endpoint_url, given.rounds),
                **growth(folder, given.rounds),
                **against_the_cli(folder, address.endpoint_url, keys, given.rounds),
            }
        finally:
            daemon.stop(folder / "sandbox")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
