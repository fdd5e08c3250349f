"""What is on its way to somewhere: kept on disk until it has arrived, tried again, and told of where it
could not."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.overlay import Caller, Documents, ServiceError

_log = logging.getLogger(__name__)
_KIND = "delivery"
_REFUSED = "undelivered"
_KEEP_REFUSED = 200


class RetryLater(Exception):
    """Asks for another attempt after that many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again after {seconds} s")
        self.seconds = seconds


class UndeliverableError(Exception):
    """It cannot arrive, and why: on AWS it would be lost without a word."""


@dataclass(frozen=True)
class Delivery:
    """One delivery. `attempt` counts from 1."""

    id: str
    kind: str
    content: Mapping[str, Any]
    caller: Caller
    attempt: int


Courier = Callable[[Delivery], None]
"""Delivers, or raises RetryLater or UndeliverableError."""


class Outbox:
    """Deliveries in progress. A kill in the middle of one has it made again: they arrive at least once."""

    def __init__(self, documents: Documents, workers: int = 8) -> None:
        self._documents = documents
        self._couriers: dict[str, Courier] = {}
        self._pool = ThreadPoolExecutor(workers, "outbox")
        self._timers: set[threading.Timer] = set()
        self._lock = threading.Lock()
        self._open = False

    def register(self, kind: str, courier: Courier) -> None:
        """Names who delivers a kind."""
        self._couriers[kind] = courier

    def put(self, kind: str, content: Mapping[str, Any], caller: Caller) -> None:
        """Takes a delivery; it is on disk when this returns, and is made in the background."""
        self._try(Delivery(uuid.uuid4().hex, kind, content, caller, 1))

    def start(self) -> None:
        """Takes up what an earlier run left."""
        self._open = True
        for kept in self._documents.all(_KIND):
            self._submit(Delivery(**{**kept, "caller": Caller(**kept["caller"])}))

    def stop(self) -> None:
        """Starts nothing more; what is left is taken up at the next start."""
        self._open = False
        with self._lock:
            timers = list(self._timers)
        for timer in timers:
            timer.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def undelivered(self) -> list[dict[str, Any]]:
        """What could not arrive, and why: `{"when", "what", "reason"}`."""
        return self._documents.all(_REFUSED)

    def refuse(self, what: str, reason: str) -> None:
        """Keeps what could not arrive, so that it can be shown: AWS drops it silently."""
        _log.warning("%s did not arrive: %s", what, reason)
        kept = self._documents.all(_REFUSED)
        for old in kept[: max(0, len(kept) - _KEEP_REFUSED + 1)]:
            self._documents.delete(_REFUSED, old["id"])
        now = datetime.now(UTC).isoformat(timespec="seconds")
        key = uuid.uuid4().hex
        self._documents.put(_REFUSED, key, {"id": key, "when": now, "what": what, "reason": reason})

    def _try(self, delivery: Delivery) -> None:
        self._documents.put(_KIND, delivery.id, asdict(delivery))
        self._submit(delivery)

    def _submit(self, delivery: Delivery) -> None:
        if self._open:
            self._pool.submit(self._deliver, delivery)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            self._couriers[delivery.kind](delivery)
        except RetryLater as later:
            following = Delivery(
                delivery.id, delivery.kind, delivery.content, delivery.caller, delivery.attempt + 1
            )
            self._documents.put(_KIND, delivery.id, asdict(following))
            self._again_after(later.seconds, following)
            return
        except UndeliverableError as never:
            self.refuse(_described(delivery), str(never))
        except ServiceError as refused:
            self.refuse(_described(delivery), str(refused))
        except Exception as fault:  # noqa: BLE001 - a worker's failure must show, and only here it can
            _log.exception("delivery %s of kind %s failed", delivery.id, delivery.kind)
            self.refuse(_described(delivery), f"{fault!r}; the sandbox's log says where")
        self._documents.delete(_KIND, delivery.id)

    def _again_after(self, seconds: float, delivery: Delivery) -> None:
        def again() -> None:
            with self._lock:
                self._timers.discard(timer)
            self._submit(delivery)

        timer = threading.Timer(seconds, again)
        timer.daemon = True
        with self._lock:
            self._timers.add(timer)
        timer.start()


def _described(delivery: Delivery) -> str:
    for name in ("function", "target", "endpoint"):
        if name in delivery.content:
            return f"{delivery.kind} to {delivery.content[name]}"
    return delivery.kind
