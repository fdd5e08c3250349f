"""The short words that rows of the table are written in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.answers import property_of, to_pulumi
from sandbox.aws.cloud import CloudError
from sandbox.aws.schema import type_schema
from sandbox.aws.table import Params, Subject, at
from sandbox.engine.values import PropertyValue


def reading(
    service: str,
    operation: str,
    params: Callable[[Subject], Params],
    path: str = "",
    gone: tuple[str, ...] = (),
) -> Callable[[Subject], Params | None]:
    """Reads with one request; `path` leads to the resource in its answer. None where it is gone.

    `gone` are error codes by which this service says so, where the code does not show it.
    """

    def read(subject: Subject) -> Params | None:
        try:
            answer = subject.cloud.call(service, operation, params(subject))
        except CloudError as error:
            if error.gone or error.code in gone:
                return None
            raise
        found = at(answer, path)
        return found if found is None or isinstance(found, dict) else {"value": found}

    return read


def given(name: str) -> Callable[[Subject], str]:
    """An input as it was given; raises KeyError where it was not."""
    return lambda subject: str(subject.inputs[name])


def answered(path: str) -> Callable[[Subject], str]:
    """A value out of the create's answer."""
    return lambda subject: str(subject.at(path))


def identified(member: str) -> Callable[[Subject], Params]:
    """The parameter that holds the id."""
    return lambda subject: {member: subject.id}


def kept(name: str, computed: str | Callable[[Subject], PropertyValue]) -> Callable[[Subject], PropertyValue]:
    """An output that is the input where one was given, in its own order and spelling; else computed."""

    def read(subject: Subject) -> PropertyValue:
        stored = subject.inputs.get(name)
        if stored is not None and stored != []:
            return stored
        return subject.at(computed) if isinstance(computed, str) else computed(subject)

    return read


def echoed(
    token: str, name: str, path: str, names: Mapping[str, str] | None = None
) -> Callable[[Subject], PropertyValue]:
    """A structured property as the service gives it back, in Pulumi's spelling. `names` is the call's."""
    renamed = names or {}

    def read(subject: Subject) -> PropertyValue:
        return to_pulumi(type_schema(token).inputs[name], subject.at(path), name, renamed)

    return read


def echoing(
    token: str, properties: str, path: str = "", names: Mapping[str, str] | None = None
) -> dict[str, str | Callable[[Subject], PropertyValue]]:
    """`echoes` for properties that the service gives back whole, at `path` in its answer.

    A member is found by its name as in a request; `names` has the call's exceptions.
    """
    renamed = names or {}

    def one(name: str) -> Callable[[Subject], PropertyValue]:
        def read(subject: Subject) -> PropertyValue:
            found = subject.at(path)
            kind = type_schema(token).inputs[name]
            return property_of(name, kind, found, renamed) if isinstance(found, Mapping) else None

        return read

    return {name: one(name) for name in properties.split()}


def moment(path: str) -> Callable[[Subject], PropertyValue]:
    """A point in time, as the real provider writes it (RFC 3339)."""

    def read(subject: Subject) -> PropertyValue:
        found = subject.at(path)
        if not isinstance(found, datetime):
            return found if found is None else str(found)
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return read


def text_of(path: str) -> Callable[[Subject], PropertyValue]:
    """A JSON document as text, where boto3 has parsed it."""

    def read(subject: Subject) -> PropertyValue:
        found = subject.at(path)
        return json.dumps(found) if isinstance(found, (dict, list)) else found

    return read


def pages(
    subject: Subject, service: str, operation: str, key: str, params: Params | None = None
) -> list[Any]:
    """Everything that a listing holds, page by page."""
    return [item for page in subject.cloud.pages(service, operation, key, params) for item in page[key]]
