"""How the resources of one service are tagged by their ARN, recorded ones and others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.overlay import Caller, Params, ServiceError
from sandbox.runtime.recorded.kind import Answer, RecordedKind, TagOperations
from sandbox.runtime.recorded.shelf import ARN, TAGS, Shelf


def tags_of(style: TagOperations, given: Any) -> dict[str, str]:
    """Tags out of a request, whether it has them as a map or as a list."""
    if isinstance(given, Mapping):
        return dict(given)
    return {tag[style.key_member]: tag.get(style.value_member, "") for tag in given or []}


def formatted(style: TagOperations, tags: Mapping[str, str]) -> Any:
    """Tags in the service's own form."""
    if style.as_map:
        return dict(tags)
    return [{style.key_member: key, style.value_member: value} for key, value in tags.items()]


@dataclass(frozen=True)
class ResourceTags:
    """The three operations of a service. `emulate` asks the emulator about what is not recorded."""

    style: TagOperations
    shelves: Sequence[Shelf]
    shelve: Callable[[RecordedKind], Shelf]
    emulate: Callable[[str, Params, Caller], Params]

    def answers(self) -> dict[str, Answer]:
        """By operation."""
        return {self.style.tag: self._tag, self.style.untag: self._untag, self.style.list: self._list}

    def _tag(self, params: Params, caller: Caller) -> Params:
        found = self._found(params, caller)
        if found is None:
            return self._elsewhere(self.style.tag, params, caller)
        shelf, document = found
        given = params[self.style.added or self.style.tags]
        document[TAGS] = {**document[TAGS], **tags_of(self.style, given)}
        shelf.put(document, caller)
        return {}

    def _untag(self, params: Params, caller: Caller) -> Params:
        found = self._found(params, caller)
        if found is None:
            return self._elsewhere(self.style.untag, params, caller)
        shelf, document = found
        given = params[self.style.keys]
        gone = {key if isinstance(key, str) else key[self.style.key_member] for key in given}
        document[TAGS] = {key: value for key, value in document[TAGS].items() if key not in gone}
        shelf.put(document, caller)
        return {}

    def _list(self, params: Params, caller: Caller) -> Params:
        found = self._found(params, caller)
        if found is None:
            return self._elsewhere(self.style.list, params, caller)
        return {self.style.tags: formatted(self.style, found[1][TAGS])}

    def _found(self, params: Params, caller: Caller) -> tuple[Shelf, Params] | None:
        arn = params[self.style.resource]
        for shelf in self.shelves:
            for document in shelf.here(caller):
                if document.get(ARN) == arn:
                    return shelf, document
        if not self.style.any_resource:
            return None
        loose = self.shelve(RecordedKind(service=self.style.service, name="tags", create="", key=(ARN,)))
        return loose, loose.find({ARN: arn}, caller) or {ARN: arn, TAGS: {}}

    def _elsewhere(self, operation: str, params: Params, caller: Caller) -> Params:
        if self.style.emulated:
            return self.emulate(operation, params, caller)
        arn = params[self.style.resource]
        raise ServiceError(self.style.missing, f"Could not find resource {arn}.", self.style.missing_status)
