"""Where does each SageMaker resource live? Documents by kind, account, region and name, with their tags."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.overlay import Caller, Documents, Params, ServiceError

_TIME = "$time"


def now() -> datetime:
    """The time of day as SageMaker keeps it: aware, UTC, whole milliseconds."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class Kind:
    """A kind of resource, and how the service words its errors about it."""

    name: str
    """Of the ARN's segment, such as `endpoint-config`."""
    missing: str
    """Message for a name that is not there; `{arn}` and `{name}` are filled in."""
    taken: str
    """Message for a name that is already there."""
    missing_code: str = "ValidationException"
    taken_code: str = "ValidationException"


@dataclass(frozen=True)
class Record:
    """One resource: what Describe answers (`fields`) and what only the sandbox knows (`private`)."""

    name: str
    arn: str
    caller: Caller
    fields: Params
    private: dict[str, Any] = field(default_factory=dict)


def partition(region: str) -> str:
    """The ARN partition that a region belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def arn_of(segment: str, name: str, caller: Caller) -> str:
    return f"arn:{partition(caller.region)}:sagemaker:{caller.region}:{caller.account_id}:{segment}/{name}"


Changed = Callable[["Record | None", "Record | None"], None]
"""Is told of a change: the resource before it and after it, one of them None where it is new or gone."""


class Shelf:
    """All resources of one kind. Every change is durable before the call returns."""

    def __init__(self, kind: Kind, documents: Documents) -> None:
        self.kind = kind
        self._documents = documents
        self._lock = threading.RLock()
        self._changed: Changed = lambda before, after: None

    def watch(self, changed: Changed) -> None:
        """Names who is told of every change, once it is durable; one at most."""
        self._changed = changed

    def arn(self, name: str, caller: Caller) -> str:
        return arn_of(self.kind.name, name, caller)

    def create(self, name: str, caller: Caller, fields: Params, private: Params | None = None) -> Record:
        """Keeps a new resource. Raises ServiceError where the name is taken."""
        with self._lock:
            arn = self.arn(name, caller)
            if self.find(name, caller) is not None:
                raise ServiceError(self.kind.taken_code, self.kind.taken.format(arn=arn, name=name))
            record = Record(name, arn, Caller(caller.account_id, caller.region), fields, private or {})
            self._write(record)
        self._changed(None, record)
        return record

    def find(self, name: str, caller: Caller) -> Record | None:
        document = self._documents.get(self._documents_kind, _key(name, caller))
        return None if document is None else _record(document)

    def get(self, name: str, caller: Caller) -> Record:
        """Raises ServiceError in the service's own words where there is none of that name."""
        record = self.find(name, caller)
        if record is None:
            arn = self.arn(name, caller)
            raise ServiceError(self.kind.missing_code, self.kind.missing.format(arn=arn, name=name))
        return record

    def update(
        self,
        record: Record,
        fields: Mapping[str, Any] | None = None,
        private: Mapping[str, Any] | None = None,
        drop: Sequence[str] = (),
    ) -> Record:
        """Changes some members of a resource that may have moved on since `record` was read."""
        with self._lock:
            current = self.get(record.name, record.caller)
            merged = {k: v for k, v in {**current.fields, **(fields or {})}.items() if k not in drop}
            changed = Record(
                current.name, current.arn, current.caller, merged, {**current.private, **(private or {})}
            )
            self._write(changed)
        self._changed(current, changed)
        return changed

    def edit(self, record: Record, change: Callable[[Record], Record]) -> Record:
        """Rewrites a resource from what it is now, as one step."""
        with self._lock:
            current = self.get(record.name, record.caller)
            changed = change(current)
            self._write(changed)
        self._changed(current, changed)
        return changed

    def delete(self, name: str, caller: Caller) -> None:
        with self._lock:
            current = self.get(name, caller)
            self._documents.delete(self._documents_kind, _key(name, caller))
        self._changed(current, None)

    def all(self, caller: Caller | None = None) -> list[Record]:
        """Every resource of the kind, oldest first; of one account and region where `caller` is given."""
        records = [_record(document) for document in self._documents.all(self._documents_kind)]
        if caller is None:
            return records
        where = (caller.account_id, caller.region)
        return [r for r in records if (r.caller.account_id, r.caller.region) == where]

    @property
    def _documents_kind(self) -> str:
        return f"sagemaker-{self.kind.name}"

    def _write(self, record: Record) -> None:
        self._documents.put(
            self._documents_kind,
            _key(record.name, record.caller),
            {
                "name": record.name,
                "arn": record.arn,
                "account": record.caller.account_id,
                "region": record.caller.region,
                "fields": _encode(record.fields),
                "private": _encode(record.private),
            },
        )


class Tags:
    """Tags of every SageMaker resource, by its ARN."""

    _KIND = "sagemaker-tags"

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()

    def add(self, arn: str, tags: Sequence[Mapping[str, str]]) -> list[Params]:
        with self._lock:
            kept = self._read(arn) | {tag["Key"]: tag.get("Value", "") for tag in tags}
            if kept:
                self._documents.put(self._KIND, arn, {"arn": arn, "tags": kept})
        return self.of(arn)

    def of(self, arn: str) -> list[Params]:
        return [{"Key": key, "Value": value} for key, value in self._read(arn).items()]

    def remove(self, arn: str, keys: Sequence[str]) -> None:
        with self._lock:
            kept = {key: value for key, value in self._read(arn).items() if key not in keys}
            self._documents.put(self._KIND, arn, {"arn": arn, "tags": kept})

    def forget(self, arn: str) -> None:
        if self._documents.get(self._KIND, arn) is not None:
            self._documents.delete(self._KIND, arn)

    def _read(self, arn: str) -> dict[str, str]:
        document = self._documents.get(self._KIND, arn)
        return dict(document["tags"]) if document else {}


def _key(name: str, caller: Caller) -> str:
    return f"{caller.account_id}/{caller.region}/{name}"


def _record(document: Mapping[str, Any]) -> Record:
    caller = Caller(document["account"], document["region"])
    fields, private = _decode(document["fields"]), _decode(document["private"])
    return Record(document["name"], document["arn"], caller, fields, private)


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, Mapping):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(item) for item in value]
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_TIME}:
            return datetime.fromisoformat(value[_TIME])
        return {key: _decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item) for item in value]
    return value
