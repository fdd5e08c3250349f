"""Answers the operations of recorded kinds: documents that outlive the process, and nothing that runs."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from botocore.model import Shape, StructureShape

from sandbox.runtime.host.operation import service_model
from sandbox.runtime.overlay import Caller, Cloud, Params, Remaining, ServiceError
from sandbox.runtime.recorded import kinds as _kinds
from sandbox.runtime.recorded import owners
from sandbox.runtime.recorded.kind import Act, Answer, Listing, RecordedKind, TagOperations
from sandbox.runtime.recorded.shelf import ARN, TAGS, Shelf, account_of_document
from sandbox.runtime.recorded.tags import ResourceTags, formatted, tags_of
from sandbox.runtime.recorded.words import Chain, computed, words_of


class RecordedOverlay:
    """The recorded kinds of one service."""

    def __init__(
        self,
        cloud: Cloud,
        service: str,
        kinds: Sequence[RecordedKind],
        tagging: TagOperations | None,
        answers: Mapping[str, Answer],
    ) -> None:
        self.service = service
        self._cloud = cloud
        self._kinds = tuple(kinds)
        self._style = tagging or TagOperations(service=service)
        self._lock = threading.RLock()
        self._answers: dict[str, Answer] = dict(answers)
        for kind in kinds:
            self._add(kind)
        if tagging is not None:
            shelves = [self._shelf(kind) for kind in kinds]
            self._answers |= ResourceTags(tagging, shelves, self._shelf, self._emulate).answers()
        self.operations = frozenset(self._answers)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """Answers one operation."""
        with self._lock:
            return self._answers[operation](params, caller)

    def remaining(self) -> list[Remaining]:
        """Every document."""
        return [
            Remaining(
                self.service,
                kind.name,
                "/".join(str(document.get(part)) for part in kind.key),
                account_of_document(document),
            )
            for kind in self._kinds
            for document in self._shelf(kind).everywhere()
            if kind.counts(document)
        ]

    def start(self) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        """Nothing runs."""

    # One kind

    def _add(self, kind: RecordedKind) -> None:
        shelf = self._shelf(kind)
        self._answers[kind.create] = lambda params, caller: self._create(kind, shelf, params, caller)
        if kind.describe:
            self._offer(kind.describe, kind, shelf, _bound(self._described, kind, shelf))
        if kind.update:
            # `create` may be the same operation: a put.
            update = self._put if kind.update == kind.create else self._update
            self._offer(kind.update, kind, shelf, _bound(update, kind, shelf))
        if kind.delete:
            self._offer(kind.delete, kind, shelf, _bound(self._delete, kind, shelf))
        for listing in kind.listings:
            self._answers[listing.operation] = _bound(self._listed, kind, shelf, listing)
        for name, act in kind.others.items():
            self._offer(name, kind, shelf, _bound(self._acted, name, kind, shelf, act))

    def _offer(self, operation: str, kind: RecordedKind, shelf: Shelf, answer: Answer) -> None:
        """Answers an operation for the documents of a kind; those of other kinds stay with these."""
        before = self._answers.get(operation)
        if before is None or operation == kind.create:
            self._answers[operation] = answer
            return

        def choose(params: Params, caller: Caller) -> Params:
            mine = shelf.find(_hoisted(kind, params), caller) is not None
            return (answer if mine else before)(params, caller)

        self._answers[operation] = choose

    def _create(self, kind: RecordedKind, shelf: Shelf, params: Params, caller: Caller) -> Params:
        refused = kind.needs(params)
        if refused is not None:
            raise ServiceError("ValidationException", refused)
        document = _hoisted(kind, params)
        owned = owners.require(self._kinds, self._shelf, kind, document, caller)
        document = {**kind.defaults, **owned, **document}
        if kind.numbered:
            document[kind.numbered] = shelf.next_number(document, caller)
        if kind.adopts:
            answer = self._emulate(kind.create, kind.copy(params), caller)
            document |= {name: answer[name] for name in kind.adopts}
        words = words_of(caller)
        if kind.arn:
            document[ARN] = kind.arn.format_map(Chain(document, words))
            if kind.arn_member:
                document[kind.arn_member] = document[ARN]
        for name, source in kind.made.items():
            document[name] = computed(source, document, words)
        document[TAGS] = tags_of(self._style, document.get(kind.tags_in))
        if shelf.find(document, caller) is not None:
            raise ServiceError(kind.exists, f"There is a {kind.name} {shelf.named(document)} already.")
        document |= kind.brings(self._cloud, document, caller)
        shelf.put(document, caller)
        if kind.copied and not kind.adopts:
            try:
                self._emulate(kind.create, kind.copy(params), caller)
            except ServiceError:
                shelf.forget(document, caller)
                raise
        return self._created(kind, document)

    def _described(self, kind: RecordedKind, shelf: Shelf, params: Params, caller: Caller) -> Params:
        asked = kind.copied and not kind.adopts
        if asked and shelf.find(_hoisted(kind, params), caller) is None:
            return self._emulate(kind.describe, params, caller)
        return self._shown(kind, kind.describe, shelf.require(_hoisted(kind, params), caller))

    def _put(self, kind: RecordedKind, shelf: Shelf, params: Params, caller: Caller) -> Params:
        if shelf.find(_hoisted(kind, params), caller) is None:
            return self._create(kind, shelf, params, caller)
        return self._update(kind, shelf, params, caller)

    def _update(self, kind: RecordedKind, shelf: Shelf, params: Params, caller: Caller) -> Params:
        given = _hoisted(kind, params)
        old = shelf.require(given, caller)
        for name in kind.merges:
            if isinstance(old.get(name), Mapping) and isinstance(given.get(name), Mapping):
                given[name] = {**old[name], **given[name]}
        kept = {
            name: old[name]
            for name in (*kind.key, *kind.made, *(name for name in old if name.startswith("$")))
            if name in old
        }
        if kind.arn_member:
            kept[kind.arn_member] = old[ARN]
        if kind.tags_in in given:
            kept[TAGS] = tags_of(self._style, given[kind.tags_in])
        if kind.replaces:
            fixed = {name: value for name, value in old.items() if name not in self._changeable(kind)}
            document = {**kind.defaults, **fixed, **given, **kept}
        else:
            document = {**old, **given, **kept}
        words = words_of(caller)
        for name, source in kind.touched.items():
            document[name] = computed(source, document, words)
        shelf.put(document, caller)
        return self._shown(kind, kind.update, document)

    def _delete(self, kind: RecordedKind, shelf: Shelf, params: Params, caller: Caller) -> Params:
        document = shelf.require(_hoisted(kind, params), caller)
        owners.release(self._kinds, self._shelf, kind, document, caller)
        kind.takes(self._cloud, document, caller)
        shelf.forget(document, caller)
        if kind.copied:
            with contextlib.suppress(ServiceError):  # The copy may have gone before.
                self._emulate(kind.delete, params, caller)
        return self._shown(kind, kind.delete, document)

    def _acted(
        self, operation: str, kind: RecordedKind, shelf: Shelf, act: Act, params: Params, caller: Caller
    ) -> Params:
        document = shelf.require(params, caller)
        if operation in kind.forwards:
            self._emulate(operation, params, caller)
        answer, after = act(params, document)
        if after is None:
            shelf.forget(document, caller)
        else:
            shelf.put(after, caller)
        return answer

    def _created(self, kind: RecordedKind, document: Params) -> Params:
        if kind.answer is not None:
            return {name: document.get(name) for name in kind.answer}
        return self._shown(kind, kind.create, document)

    def _shown(self, kind: RecordedKind, operation: str, document: Params) -> Params:
        """The document as an operation answers it: under a member, or member by member."""
        members = self._model(operation)
        document = self._with_tags(kind, document)
        answer: Params = {name: value for name, value in document.items() if name in members}
        if kind.described and kind.described in members:
            listed = members[kind.described].type_name == "list"
            answer[kind.described] = [document] if listed else document
        return answer

    def _with_tags(self, kind: RecordedKind, document: Params) -> Params:
        """The document with its tags as they are now, in the service's own form."""
        shown = {name: show(document) for name, show in kind.shows.items()}
        return {**document, **shown, kind.tags_in: formatted(self._style, document[TAGS])}

    def _listed(
        self, kind: RecordedKind, shelf: Shelf, listing: Listing, params: Params, caller: Caller
    ) -> Params:
        documents = shelf.here(caller)
        chosen = params.get(listing.chosen) if listing.chosen else None
        if chosen:
            documents = [
                document
                for document in documents
                if document.get(ARN) in chosen or any(document.get(part) in chosen for part in kind.key)
            ]
        for member in listing.where:
            if params.get(member) is not None:
                documents = [document for document in documents if document.get(member) == params[member]]
        if listing.as_names:
            return {listing.member: [document[kind.key[-1]] for document in documents]}
        return {listing.member: [self._with_tags(kind, document) for document in documents]}

    def _shelf(self, kind: RecordedKind) -> Shelf:
        return Shelf(kind, self._cloud.documents)

    def _changeable(self, kind: RecordedKind) -> frozenset[str]:
        """The members that an update can give."""
        shape = service_model(self.service).operation_model(kind.update).input_shape
        members = dict(shape.members) if shape is not None else {}
        body = members.get(kind.body)
        return frozenset({*members, *(body.members if isinstance(body, StructureShape) else ())})

    def _emulate(self, operation: str, params: Params, caller: Caller) -> Params:
        return self._cloud.emulate(service_model(self.service).service_name, operation, params, caller)

    def _model(self, operation: str) -> Mapping[str, Shape]:
        """The members of an operation's answer."""
        shape = service_model(self.service).operation_model(operation).output_shape
        return shape.members if shape is not None else {}


def overlay_of(cloud: Cloud, service: str) -> RecordedOverlay:
    """The overlay of one service, for a part that answers some of its operations itself."""
    kinds, tagging, answers = _gathered()
    return RecordedOverlay(
        cloud, service, kinds.get(service, ()), tagging.get(service), answers.get(service, {})
    )


def overlays(cloud: Cloud) -> list[RecordedOverlay]:
    """One overlay for each service that has recorded kinds."""
    kinds, tagging, answers = _gathered()
    return [overlay_of(cloud, service) for service in sorted({*kinds, *tagging, *answers})]


@cache
def _gathered() -> tuple[
    Mapping[str, Sequence[RecordedKind]], Mapping[str, TagOperations], Mapping[str, Mapping[str, Answer]]
]:
    """Kinds, tag operations and further answers by service, put together from one file a service."""
    kinds: dict[str, list[RecordedKind]] = {}
    tagging: dict[str, TagOperations] = {}
    answers: dict[str, dict[str, Answer]] = {}
    for module in pkgutil.iter_modules(_kinds.__path__):
        loaded = importlib.import_module(f"{_kinds.__name__}.{module.name}")
        for kind in loaded.KINDS:
            kinds.setdefault(kind.service, []).append(kind)
        for operations in getattr(loaded, "TAGGING", ()):
            tagging[operations.service] = operations
        for service, offered in getattr(loaded, "ANSWERS", {}).items():
            answers.setdefault(service, {}).update(offered)
    return kinds, tagging, answers


def _bound(function: Callable[..., Params], *first: Any) -> Callable[[Params, Caller], Params]:
    return lambda params, caller: function(*first, params, caller)


def _hoisted(kind: RecordedKind, params: Params) -> Params:
    rest = {name: value for name, value in params.items() if name != kind.body}
    body = params.get(kind.body) if kind.body else None
    if isinstance(body, list):
        if len(body) != 1:
            raise ServiceError(
                "ValidationException", f"The sandbox takes one entry of {kind.body} at a time."
            )
        body = body[0]
    return {**rest, **body} if isinstance(body, Mapping) else rest
