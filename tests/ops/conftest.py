"""What the tests of the command share: a small project of their own, with a sandbox of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.runtime import daemon

ROOT = Path(__file__).parents[2]
PROGRAM = """
import pulumi
import pulumi_aws as aws


class Zone(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("scratch:infra:Zone", name)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(f"{name}-bucket", bucket=f"scratch-{name}", force_destroy=True, opts=child)
        aws.s3.BucketVersioning(
            f"{name}-versioned",
            bucket=bucket.id,
            versioning_configuration={"status": pulumi.Config().get("versioning") or "Enabled"},
            opts=child,
        )
        self.register_outputs({})


for zone in ("raw", "curated", "models"):
    Zone(zone)
pulumi.export("zones", {zone: f"scratch-{zone}" for zone in ("raw", "curated", "models")})
pulumi.export("word", pulumi.Output.secret("hidden"))
"""
SETTINGS = """config:
  aws:region: us-east-1
  aws:allowedAccountIds: ["123456789012"]
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Ended]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a person without AWS credentials."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **(more or {})}


def run(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> Ended:
    """Runs the command in a process of its own, as a person does."""
    done = subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=folder,
        env=environment(more),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def make_project(folder: Path) -> Path:
    """A project with the stack `dev`."""
    (folder / "stacks").mkdir()
    (folder / "Pulumi.yaml").write_text("name: scratch\nruntime: python\nstackConfigDir: stacks\n")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "stacks" / "Pulumi.dev.yaml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="session")
def groundplan() -> Command:
    """The command: `groundplan(folder, "up", "dev")`."""
    return run


@pytest.fixture(scope="session")
def person() -> dict[str, str]:
    """The environment of a person without AWS credentials."""
    return environment()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project; its sandbox, where a test starts one, is stopped afterwards."""
    yield make_project(tmp_path)
    daemon.stop(tmp_path / ".groundplan" / "sandbox")
