"""A sandbox's daemon for the tests of its host, one a module, in a folder of its own."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Cloud:
    """A running sandbox as a test uses it."""

    root: Path
    address: daemon.SandboxAddress

    @property
    def administration(self) -> SandboxClient:
        return SandboxClient(self.address.endpoint_url)

    def client(self, service: str, **settings: Any) -> Any:
        variables = daemon.environment(self.address)
        return boto3.client(
            service,
            endpoint_url=self.address.endpoint_url,
            region_name=settings.pop("region_name", self.address.region),
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60, **settings),
        )


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    root = tmp_path_factory.mktemp("sandbox")
    address = daemon.start(root)
    yield Cloud(root.resolve(), address)
    daemon.stop(root)


def zipped(**files: str) -> bytes:
    """A function's archive: `name="code"` becomes `name.py`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, text in files.items():
            opened.writestr(f"{name}.py", text)
    return archive.getvalue()


@pytest.fixture(scope="module")
def function_role(cloud: Cloud) -> str:
    """The ARN of a role that Lambda may take on."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = cloud.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=json.dumps(trust))
    return str(role["Role"]["Arn"])


@pytest.fixture
def make_function(cloud: Cloud, function_role: str) -> Callable[..., str]:
    """Makes a function from its code and returns its ARN; `handler` is `code.handler`."""

    def make(name: str, code: str, **settings: Any) -> str:
        made = cloud.client("lambda").create_function(
            FunctionName=name,
            Role=function_role,
            Runtime="python3.12",
            Handler="code.handler",
            Code={"ZipFile": zipped(code=code)},
            **settings,
        )
        return str(made["FunctionArn"])

    return make


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Returns what `look` returns, once it is something; fails the test when it stays nothing."""

    def wait(look: Callable[[], Any], seconds: float = 20.0) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"still nothing after {seconds} s")

    return wait


@pytest.fixture
def received(cloud: Cloud, eventually: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Returns the bodies of so many messages of a queue."""

    def receive(queue_url: str, count: int = 1) -> list[Any]:
        sqs = cloud.client("sqs")
        found: list[Any] = []

        def look() -> bool:
            answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
            found.extend(message["Body"] for message in answer.get("Messages", []))
            return len(found) >= count

        eventually(look)
        return found

    return receive
