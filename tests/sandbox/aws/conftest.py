"""A real sandbox over HTTP, and the provider against it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.aws.provider import AwsProvider
from sandbox.runtime import daemon

sys.path.insert(0, str(Path(__file__).parent))  # pytest imports by file: what tests share is not found else

from aws_driver import Driver

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("sandbox")
    yield daemon.start(root).endpoint_url
    daemon.stop(root)


@pytest.fixture(scope="session")
def client(endpoint_url: str) -> Callable[[str], Any]:
    """boto3 clients, as any user of the emulated cloud has them."""
    session: Any = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    made: dict[str, Any] = {}

    def get(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, endpoint_url=endpoint_url)
        return made[service]

    return get


@pytest.fixture(scope="session")
def provider(endpoint_url: str) -> Iterator[AwsProvider]:
    configured = AwsProvider(endpoint_url)
    configured.configure({"region": REGION, "defaultTags": '{"tags": {"Project": "groundplan"}}'})
    yield configured
    configured.close()


@pytest.fixture
def driver(provider: AwsProvider) -> Driver:
    return Driver(provider)
