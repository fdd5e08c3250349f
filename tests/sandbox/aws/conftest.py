"""A real emulator over HTTP, and the provider against it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from sandbox.aws.provider import AwsProvider
from sandbox.engine.provider import DiffResult, ReadResult
from sandbox.engine.values import PropertyMap

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


@dataclass
class Made:
    """A resource that a test has made through the provider."""

    urn: str
    id: str
    inputs: PropertyMap
    outputs: PropertyMap


def urn_of(token: str, name: str) -> str:
    return f"urn:pulumi:dev::groundplan::{token}::{name}"


@dataclass
class Driver:
    """The provider's calls in the order in which an engine makes them."""

    provider: AwsProvider

    def check(
        self, token: str, name: str, inputs: PropertyMap, olds: PropertyMap | None = None
    ) -> PropertyMap:
        urn = urn_of(token, name)
        result = self.provider.check(urn, olds or {}, inputs, hashlib.sha256(urn.encode()).digest())
        assert not result.failures, result.failures
        return result.inputs

    def make(self, token: str, name: str, inputs: PropertyMap) -> Made:
        checked = self.check(token, name, inputs)
        id, outputs = self.provider.create(urn_of(token, name), checked, 0, False)
        return Made(urn_of(token, name), id, checked, outputs)

    def diff(self, made: Made, inputs: PropertyMap) -> DiffResult:
        return self.provider.diff(made.urn, made.id, made.outputs, made.inputs, inputs, ())

    def change(self, made: Made, inputs: PropertyMap) -> Made:
        outputs = self.provider.update(made.urn, made.id, made.outputs, made.inputs, inputs, 0, (), False)
        return Made(made.urn, made.id, inputs, outputs)

    def read(self, made: Made) -> ReadResult:
        return self.provider.read(made.urn, made.id, made.inputs, made.outputs)

    def delete(self, made: Made) -> None:
        self.provider.delete(made.urn, made.id, made.inputs, made.outputs, 0)


@pytest.fixture
def driver(provider: AwsProvider) -> Driver:
    return Driver(provider)
