"""A copy of the repository's files with a sandbox of its own, and a person who types commands in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.runtime import daemon

ROOT = Path(__file__).parents[2]


class Clone:
    """A copy of the repository's files, and a person who works in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
        # The program needs the installed packages; this environment's stand for the clone's own .venv.
        self.environment = {**kept, "PYTHONPATH": str(folder)}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ops", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # What runs in the background of a shell ignores Ctrl-C, and would pass that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *arguments: str, status: int = 0) -> str:
        """Runs the command to its end, which must be `status`: what it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        assert process.returncode == status, f"groundplan {' '.join(arguments)}\n{out}\n{err}"
        assert "Traceback" not in out + err, out + err
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def client(self, service: str) -> Any:
        address = daemon.find(self.folder / ".groundplan" / "sandbox")
        assert address is not None
        variables = daemon.environment(address)
        return boto3.client(
            service,
            endpoint_url=address.endpoint_url,
            region_name=address.region,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def kill_sandbox(self) -> None:
        address = daemon.find(self.folder / ".groundplan" / "sandbox")
        assert address is not None
        os.kill(address.pid, signal.SIGKILL)


def _park_at_another_hour(stack: Path) -> None:
    """The endpoint of the development stack is parked every evening, which may be now."""
    hour = (datetime.now(UTC).hour + 12) % 24
    evening = 'stopAt: "19:00"'
    given = stack.read_text()
    assert evening in given
    stack.write_text(given.replace(evening, f'stopAt: "{hour:02}:30"'))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    _park_at_another_hour(folder / "stacks" / "Pulumi.dev.yaml")
    yield Clone(folder)
    daemon.stop(folder / ".groundplan" / "sandbox")
