"""What reads queues and streams for functions and pipes: a thread for each of them."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.runtime.delivery.outbox import UndeliverableError
from sandbox.runtime.delivery.reach import Reach, Shipment, TransientError
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Cloud
from sandbox.runtime.streams.calls import Called, call
from sandbox.runtime.streams.mapping import SourceMapping, mappings
from sandbox.runtime.streams.pipes import Pipe, every_pipe, hand_on, pipes
from sandbox.runtime.streams.queues import QueueReader
from sandbox.runtime.streams.shards import POSITIONS, ShardReader

_LOOK_SECONDS = 0.5
_IDLE_SECONDS = 0.2
_log = logging.getLogger(__name__)


class _Reader(Protocol):
    def step(self) -> bool: ...


@dataclass(frozen=True)
class _Work:
    """How a source is read, and the pipe that it is read for; none for a function's mapping."""

    mapping: SourceMapping
    pipe: Pipe | None


class MappingWorkers:
    """Starts a thread for each mapping and each pipe, and ends it when that is gone or changed."""

    def __init__(
        self, cloud: Cloud, emulator: Emulator, reach: Reach, refuse: Callable[[str, str], None]
    ) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._reach = reach
        self._refuse = refuse
        self._working: dict[str, tuple[_Work, threading.Event]] = {}
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to look for mappings."""
        self._closed.clear()
        self._thread = threading.Thread(target=self._look_often, name="mappings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Reads no more; a batch under way ends by itself."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        for _, over in self._working.values():
            over.set()
        self._working.clear()

    def _look_often(self) -> None:
        known: set[str] = set()
        while not self._closed.wait(_LOOK_SECONDS):
            found = {one.uuid: _Work(one, None) for one in mappings(self._emulator)}
            found |= {one.uuid: _Work(one, pipe) for one, pipe in pipes(self._emulator)}
            for uuid, (work, over) in list(self._working.items()):
                if found.get(uuid) != work:
                    over.set()
                    del self._working[uuid]
            for uuid, work in found.items():
                if uuid not in self._working:
                    over = threading.Event()
                    self._working[uuid] = (work, over)
                    name = f"mapping {uuid}"
                    threading.Thread(target=self._work, args=(work, over), name=name, daemon=True).start()
            if found.keys() != known:
                known = set(found)
                self._forget(known)

    def _forget(self, known: set[str]) -> None:
        """Drops positions of what was deleted; what is disabled or stopped keeps its own."""
        known = known | every_pipe(self._emulator)
        from moto.awslambda.models import lambda_backends

        with self._emulator.lock:
            every: list[Any] = [backend for _, _, backend in lambda_backends.iter_backends()]
            known = known | {uuid for backend in every for uuid in backend._event_source_mappings}
        for kept in self._cloud.documents.all(POSITIONS):
            if kept["mapping"] not in known:
                self._cloud.documents.delete(POSITIONS, kept["key"])

    def _work(self, work: _Work, over: threading.Event) -> None:
        mapping, reader = work.mapping, self._reader(work)
        while not over.is_set() and not self._closed.is_set():
            try:
                worked = reader.step()
            except Exception:  # noqa: BLE001 - the thread must go on reading, and its log must tell
                _log.exception("the mapping %s of %s failed", mapping.uuid, mapping.source)
                worked = False
            if not worked:
                over.wait(_IDLE_SECONDS)

    def _reader(self, work: _Work) -> _Reader:
        mapping, pipe = work.mapping, work.pipe

        def call_function(events: Sequence[Any], identifiers: Sequence[str]) -> Called:
            return call(self._cloud, mapping, events, identifiers)

        def hand_to_pipe(events: Sequence[Any], _: Sequence[str]) -> Called:
            assert pipe is not None  # noqa: S101
            reason = hand_on(self._cloud, self._reach, mapping, pipe, events)
            if reason:
                self._refuse(f"a batch of {mapping.source} through {pipe.arn}", reason)
            return Called(failed=bool(reason))

        handed = call_function if pipe is None else hand_to_pipe
        if mapping.service == "sqs":
            return QueueReader(self._cloud, self._emulator, mapping, handed)
        return ShardReader(self._cloud, self._emulator, mapping, handed, self._give_up)

    def _give_up(self, mapping: SourceMapping, told: dict[str, Any]) -> None:
        """Tells the mapping's destination of a batch that is given up."""
        what = f"a batch of {mapping.source} for {mapping.function}"
        if not mapping.on_failure:
            self._refuse(what, told["requestContext"]["condition"])
            return
        identity = str(told["requestContext"]["requestId"])
        text = json.dumps(told)
        try:
            shipment = Shipment(mapping.on_failure, told, text, {}, mapping.source, "", identity)
            self._reach.send(shipment, mapping.caller)
        except (UndeliverableError, TransientError) as never:
            self._refuse(what, str(never))
