"""Where the documents of a recorded kind are kept, by account and region, and how a request finds one."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, Final

from sandbox.runtime.overlay import Caller, Documents, Params, ServiceError
from sandbox.runtime.recorded.kind import RecordedKind

ARN: Final = "$arn"
TAGS: Final = "$tags"
_TIME: Final = "$time"
_BYTES: Final = "$bytes"


class Shelf:
    """The documents of one kind."""

    def __init__(self, kind: RecordedKind, documents: Documents) -> None:
        self._kind = kind
        self._documents = documents
        self._name = f"recorded:{kind.service}:{kind.name}"

    def named(self, document: Params) -> str:
        return (
            "/".join(str(document[part]) for part in self._kind.key) if self._kind.key else "of this account"
        )

    def find(self, params: Params, caller: Caller) -> Params | None:
        """The document that a request names, by its key, its ARN or another name of it."""
        kind = self._kind
        params = {**params, **kind.finds(params)}
        if all(params.get(part) is not None for part in kind.key):
            found = self._documents.get(self._name, self._place(params, caller))
            if found is not None:
                revived: Params = _revived(found)
                return revived
        for member, wanted in {**dict.fromkeys(kind.key, ARN), **kind.asks}.items():
            if params.get(member) is not None:
                wanted = ARN if wanted == "arn" else wanted
                asked = params[member] if isinstance(params[member], list) else [params[member]]
                for document in self.here(caller):
                    if document.get(wanted) in asked:
                        return document
        return None

    def require(self, params: Params, caller: Caller) -> Params:
        """The document that a request names. Raises ServiceError where there is none."""
        found = self.find(params, caller)
        if found is None:
            names = [
                params[part] for part in (*self._kind.key, *self._kind.asks) if params.get(part) is not None
            ]
            shown = "/".join(str(name) for name in names) or "of this account"
            text = f"The {self._kind.name} {shown} does not exist."
            raise ServiceError(self._kind.missing, text, self._kind.missing_status)
        return found

    def next_number(self, document: Params, caller: Caller) -> int:
        """The number after the highest of those that are named alike but for it; the first is 1."""
        numbered = self._kind.numbered
        alike = [name for name in self._kind.key if name != numbered]
        taken = [
            int(other[numbered])
            for other in self.here(caller)
            if all(other.get(name) == document.get(name) for name in alike)
        ]
        return max(taken, default=0) + 1

    def put(self, document: Params, caller: Caller) -> None:
        place = self._place(document, caller)
        self._documents.put(self._name, place, _frozen({**document, "$at": _at(caller)}))

    def forget(self, document: Params, caller: Caller) -> None:
        self._documents.delete(self._name, self._place(document, caller))

    def here(self, caller: Caller) -> list[Params]:
        """Those of the caller's account and region, oldest first."""
        return [document for document in self.everywhere() if document["$at"] == _at(caller)]

    def everywhere(self) -> list[Params]:
        return [_revived(document) for document in self._documents.all(self._name)]

    def _place(self, document: Params, caller: Caller) -> str:
        return "|".join((_at(caller), *(str(document[part]) for part in self._kind.key)))


def account_of_document(document: Params) -> str:
    """The account that a kept document is of."""
    return str(document["$at"]).partition("/")[0]


def _at(caller: Caller) -> str:
    return f"{caller.account_id}/{caller.region}"


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_frozen(item) for item in value]
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    return value


def _revived(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {_TIME}:
            return datetime.fromisoformat(value[_TIME])
        if set(value) == {_BYTES}:
            return base64.b64decode(value[_BYTES])
        return {key: _revived(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revived(item) for item in value]
    return value
