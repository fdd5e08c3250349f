"""The provider's calls in the order in which an engine makes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sandbox.aws.provider import AwsProvider
from sandbox.engine.provider import DiffResult, ReadResult
from sandbox.engine.values import PropertyMap


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
    """Makes, compares, changes, reads and deletes resources as an engine would."""

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
