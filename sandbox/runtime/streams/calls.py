"""How is a batch handed to a function, and which of its records does the function say have failed?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Cloud
from sandbox.runtime.streams.mapping import SourceMapping


@dataclass(frozen=True)
class Called:
    """What came of a batch: done, failed as a whole, or done but for some records."""

    failed: bool = False
    items: frozenset[str] = field(default_factory=frozenset)
    """Identifiers of the records that failed."""


Call = Callable[[Sequence[Any], Sequence[str]], Called]
"""Hands a batch on: the records' events and their identifiers."""


def call(cloud: Cloud, mapping: SourceMapping, events: Sequence[Any], identifiers: Sequence[str]) -> Called:
    """Invokes the mapping's function and waits. An answer that names records which are not in the batch fails
    all of it, as the service has it."""
    payload = json.dumps({"Records": list(events)}, default=str).encode()
    try:
        answer = cloud.client("lambda", mapping.caller).invoke(FunctionName=mapping.function, Payload=payload)
    except ClientError:
        return Called(failed=True)
    text = answer["Payload"].read()
    if answer.get("FunctionError"):
        return Called(failed=True)
    if not mapping.reports_items:
        return Called()
    try:
        told = json.loads(text) or {}
        failures = told.get("batchItemFailures") or []
        items = frozenset(str(one["itemIdentifier"]) for one in failures)
    except (ValueError, AttributeError, TypeError, KeyError):
        return Called(failed=True)
    if items - set(identifiers):
        return Called(failed=True)
    return Called(items=items)
