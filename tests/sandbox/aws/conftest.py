"""A real emulator over HTTP, and the provider against it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from sandbox.aws.provider import AwsProvider

sys.path.insert(0, str(Path(__file__).parent))  # pytest imports by file: what tests share is not found else

from aws_driver import Driver

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def endpoint_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


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
