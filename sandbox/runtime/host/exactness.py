"""Where the emulator would do what a replay of its journal could not repeat, and is kept from it.

Each hook replaces one method of the emulator's (moto 5.2): what it does of its own accord, in a read, or by
the system's clock.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from sandbox.runtime.host.determinism import first_touch, now
from sandbox.runtime.host.emulator import Emulator


def install(emulator: Emulator) -> None:
    """Installs every hook. To be called once, before the first request."""
    _hook_buckets()
    _hook_queues(emulator)
    _hook_states(emulator)
    _hook_keys()


def _hook_buckets() -> None:
    """No access log is written: the emulator would write one for each read, named by the system's clock. And
    a bucket is as old as the journal says."""
    from moto.s3.models import FakeBucket, S3Backend

    made = FakeBucket.__init__

    def make(self: Any, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        self.creation_date = now().replace(tzinfo=UTC)

    def log_nothing(self: Any, request: Any, bucket_name: str) -> None:
        return

    FakeBucket.__init__ = make  # type: ignore[method-assign]
    S3Backend.log_incoming_request = log_nothing  # type: ignore[method-assign]


def _hook_queues(emulator: Emulator) -> None:
    """A receive that waits would hold every other request up, with the clock at rest: it is asked again
    instead."""
    from moto.sqs.models import SQSBackend

    received = SQSBackend.receive_message

    def receive(
        self: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> Any:
        queue = self.get_queue(queue_name)
        held = len(queue._messages)
        found = received(self, queue_name, count, 0, visibility_timeout, message_attribute_names)
        # Nothing may be found because what was there went to the queue of dead letters.
        if not found and held == len(queue._messages):
            emulator.nothing_yet(wait_seconds_timeout)
        return found

    SQSBackend.receive_message = receive  # type: ignore[method-assign]


def _hook_states(emulator: Emulator) -> None:
    """Some of the emulator's resources go on to their next state when they are described."""
    from moto.moto_api import state_manager
    from moto.moto_api._internal.managed_state_model import ManagedState

    advanced = ManagedState.advance

    def advance(self: Any) -> None:
        if state_manager.get_transition(self.model_name)["progression"] == "manual":
            emulator.changed()
        advanced(self)

    ManagedState.advance = advance  # type: ignore[method-assign]


def _hook_keys() -> None:
    """The keys that AWS manages are made when they are first named, be it by a read."""
    from moto.kms.models import KmsBackend

    made = KmsBackend._generate_default_keys

    def make(self: Any, alias_name: str) -> Any:
        with first_touch(f"kms {alias_name}", self.account_id, self.region_name):
            return made(self, alias_name)

    KmsBackend._generate_default_keys = make  # type: ignore[method-assign]
