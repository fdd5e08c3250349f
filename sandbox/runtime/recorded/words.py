"""What a recorded kind adds to a document: its templates filled in, and its computed members."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.overlay import Caller, Params
from sandbox.runtime.recorded.kind import Compute
from sandbox.runtime.recorded.shelf import ARN


class Chain(dict[str, Any]):
    """A document over words; what neither has is empty."""

    def __init__(self, document: Params, words: Params) -> None:
        super().__init__({**words, **document})

    def __missing__(self, name: str) -> str:
        return ""


def words_of(caller: Caller) -> Params:
    """The words that every template may use."""
    id = str(uuid.uuid4())
    return {
        "account": caller.account_id,
        "region": caller.region,
        "partition": "aws",
        "id": id,
        "short": id.replace("-", "")[:17],
    }


def computed(source: str | Compute, document: Params, words: Params) -> Any:
    """A member from its template or its function."""
    if not isinstance(source, str):
        return source(document)
    if source == "{now}":
        return datetime.now(UTC)
    return source.format_map(Chain(document, {**words, "arn": document.get(ARN, "")}))
