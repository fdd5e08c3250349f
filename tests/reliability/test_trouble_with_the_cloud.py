"""A cloud that throttles, breaks, or has lost everything: one run makes it good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from inventory import Inventory, twins
from sandboxed import Stack, changes, names

from sandbox.aws import provider
from sandbox.aws.cloud import Cloud

_REFUSALS: Final = (
    {
        "Error": {"Code": "Throttling", "Message": "Rate exceeded"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    },
    {
        "Error": {"Code": "InternalFailure", "Message": "Try again"},
        "ResponseMetadata": {"HTTPStatusCode": 500},
    },
)


class Heard(Cloud):
    """The cloud, and which operations it was asked for."""

    operations: set[tuple[str, str]] = set()  # noqa: RUF012 - one for all clouds of a run

    def _attempt(self, service: str, operation: str, ask: Callable[[], Any]) -> Any:
        self.operations.add((service, operation))
        return super()._attempt(service, operation, ask)


class Refusing(Cloud):
    """A cloud that refuses every call twice: it throttles, then it breaks."""

    refused = 0

    def _attempt(self, service: str, operation: str, ask: Callable[[], Any]) -> Any:
        refusals = list(_REFUSALS)

        def refused_first() -> Any:
            if refusals:
                Refusing.refused += 1
                raise ClientError(refusals.pop(0), operation)
            return ask()

        return super()._attempt(service, operation, refused_first)


@dataclass(frozen=True)
class Undisturbed:
    """What an undisturbed up makes, and by which operations."""

    inventory: Inventory
    operations: frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def undisturbed(small: Stack) -> Undisturbed:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider, "Cloud", Heard)
        small.succeed("up")
    found = Undisturbed(small.inventory(), frozenset(Heard.operations))
    small.succeed("destroy")
    assert small.inventory() == {}
    return found


def test_a_cloud_that_throttles_every_call_and_then_breaks_over_it_is_asked_again(
    small: Stack, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "Cloud", Refusing)
    Refusing.refused = 0
    small.succeed("up")
    assert Refusing.refused > 2 * len(small.managed())
    assert small.inventory() == undisturbed.inventory
    assert twins(small.resources()) == []
    small.succeed("destroy")
    assert small.inventory() == {}


def test_a_sandbox_told_to_throttle_and_to_break_over_each_operation_gets_everything_made(
    small: Stack, undisturbed: Undisturbed
) -> None:
    for service, operation in undisturbed.operations:
        for fault in ("throttle", "error500"):
            small.client.fault(fault, f"{service}:{operation}")
    small.succeed("up")
    assert small.inventory() == undisturbed.inventory
    assert twins(small.resources()) == []
    small.succeed("destroy")
    assert small.inventory() == {}


def test_everything_deleted_by_hand_is_found_by_a_refresh_and_repaired_by_one_up(
    small: Stack, undisturbed: Undisturbed
) -> None:
    small.succeed("up")
    managed = small.managed()
    cloud = small.provider()
    cloud.configure({"region": "us-east-1"})
    for item in reversed(managed):
        cloud.delete(item.urn, item.id, item.inputs, item.outputs, 0)
    cloud.close()
    assert small.inventory() == {}
    assert changes(small.succeed("refresh")) == {"delete": len(managed)}
    assert small.done("delete") == names(managed)
    assert changes(small.succeed("up")) == {"create": len(managed)}
    assert small.inventory() == undisturbed.inventory
    assert changes(small.succeed("up")) == {}
