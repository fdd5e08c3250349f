"""The state while a run changes it: what is new, gone and begun, on disk before a step goes on.

The order is that of Pulumi's snapshots: resources of this run as they were finished, then those of the last
state that no step has answered for yet. Changes that come while a write is under way share the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sandbox.engine import urn as urns
from sandbox.engine.backend import Backend, Checkpoint, Pending, PendingKind
from sandbox.engine.crypter import Crypter
from sandbox.engine.state import Resource, features, to_json


class Journal:
    """The state of one stack during one run. With no backend (a preview) nothing is written."""

    def __init__(
        self, checkpoint: Checkpoint, crypter: Crypter, backend: Backend | None, project: str, stack: str
    ) -> None:
        self._backend = backend
        self._crypter = crypter
        self._project = project
        self._stack = stack
        self._base = list(checkpoint.resources)
        self._news: list[Resource] = []
        self._placed: set[int] = set()
        """The identities of `_news`."""
        self._done: set[int] = set()
        self._pending: dict[int, Pending] = {id(item): item for item in checkpoint.pending}
        self._lock = threading.Lock()
        self._written = threading.Condition(self._lock)
        self._changes = 0
        self._on_disk = 0
        self._writing = False
        self._failure: OSError | None = None

    def change(self, action: Callable[[], None], *, write: bool = True) -> None:
        """Runs `action` while nobody renders, then returns once a checkpoint with its effect is on disk."""
        with self._lock:
            action()
            self._changes += 1
            wanted = self._changes
        if write:
            self._flush(wanted)

    def begin(self, resource: Resource, kind: PendingKind) -> Pending:
        """Records that an operation begins."""
        pending = Pending(resource, kind)

        def action() -> None:
            resource.rendered = None
            self._pending[id(pending)] = pending

        self.change(action)
        return pending

    def drop(self, pending: Pending) -> None:
        """Records that an operation has come to nothing."""
        self.change(lambda: self._forget(pending))

    def finish(
        self,
        pending: Pending | None = None,
        *,
        new: Resource | None = None,
        done: Resource | None = None,
        changed: Resource | None = None,
        write: bool = True,
    ) -> None:
        """Records how an operation ended: what is new, what is gone or replaced, what has changed."""

        def action() -> None:
            if pending is not None:
                self._forget(pending)
            self._put(new, done)
            for item in (new, changed):
                if item is not None:
                    item.rendered = None

        self.change(action, write=write)

    def carry_over(self, old: Resource, new: Resource) -> None:
        """Puts an identical resource in the place of the old one; there is nothing to write."""
        with self._lock:
            self._put(new, old)

    def rebase(self, resources: list[Resource]) -> None:
        """Replaces the state that the run began with."""

        def action() -> None:
            self._base = list(resources)

        self.change(action)

    def resources(self) -> list[Resource]:
        """The state as it would be written now."""
        with self._lock:
            return self._snapshot()

    def has_unwritten(self) -> bool:
        """Whether a change has not reached the disk."""
        with self._lock:
            return self._on_disk < self._changes

    def flush(self) -> None:
        """Writes what has not been written."""
        with self._lock:
            wanted = self._changes
        self._flush(wanted)

    def close(self) -> None:
        """Ends the writing: what an abandoned step still reports must not reach a state that others hold."""
        with self._lock:
            while self._writing:
                self._written.wait()
            self._backend = None

    def _put(self, new: Resource | None, done: Resource | None) -> None:
        """Puts what is new where it belongs: at the end, or in the place of what this run has put there.

        Such are resources that were kept for others and are registered after all.
        """
        if done is not None:
            self._done.add(id(done))
            if id(done) in self._placed:
                self._placed.discard(id(done))
                at = self._news.index(done)
                self._news[at : at + 1] = [] if new is None else [new]
                if new is not None:
                    self._placed.add(id(new))
        if new is not None and id(new) not in self._placed:
            self._placed.add(id(new))
            self._news.append(new)

    def _forget(self, pending: Pending) -> None:
        self._pending.pop(id(pending), None)

    def _snapshot(self) -> list[Resource]:
        return self._news + [item for item in self._base if id(item) not in self._done]

    def _flush(self, wanted: int) -> None:
        while True:
            with self._lock:
                while self._writing and self._on_disk < wanted and self._failure is None:
                    self._written.wait()
                backend = self._backend
                if backend is None:
                    return
                if self._failure is not None:
                    raise self._failure
                if self._on_disk >= wanted:
                    return
                self._writing = True
                upto = self._changes
                resources = _without_aliases(self._snapshot())
                texts = [to_json(item, self._crypter) for item in resources]
                used = features(resources)
                pending = [
                    (to_json(item.resource, self._crypter), item.kind) for item in self._pending.values()
                ]
            try:
                backend.write(self._project, self._stack, self._crypter, texts, pending, used)
            except OSError as error:
                with self._lock:
                    self._failure = error
                    self._writing = False
                    self._written.notify_all()
                raise
            with self._lock:
                self._on_disk = upto
                self._writing = False
                self._written.notify_all()


def _without_aliases(resources: list[Resource]) -> list[Resource]:
    """The same resources, with every mention of a renamed one under its new URN.

    Children of a renamed resource that no step has answered for yet are renamed with it.
    """
    if not any(item.aliases for item in resources):
        return resources
    renamed = {alias: item.urn for item in resources for alias in item.aliases}
    for item in resources:
        parent = renamed.get(item.parent)
        if parent and urns.type_of(parent) != urns.ROOT_STACK_TYPE and item.urn not in renamed.values():
            stack, project = item.urn.removeprefix("urn:pulumi:").split("::")[:2]
            renamed[item.urn] = urns.make(stack, project, parent, item.type, urns.name_of(item.urn))

    def right(urn: str) -> str:
        return renamed.get(urn, urn)

    def right_reference(reference: str) -> str:
        if not reference:
            return reference
        urn, id = urns.split_reference(reference)
        return f"{right(urn)}::{id}"

    return [
        item
        if not (item.aliases or item.urn in renamed or item.depends_on() & renamed.keys())
        else item.copy(
            urn=right(item.urn),
            parent=right(item.parent),
            provider=right_reference(item.provider),
            dependencies=[right(urn) for urn in item.dependencies],
            property_dependencies={
                key: [right(urn) for urn in urns_] for key, urns_ in item.property_dependencies.items()
            },
            deleted_with=right(item.deleted_with),
            replace_with=[right(urn) for urn in item.replace_with],
            aliases=[],
        )
        for item in resources
    ]
