"""What a training depends on, in one digest: nothing is trained again whose fingerprint is the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from ops.sources import Source


def fingerprint(sources: Sequence[Source], definition: str, parameters: Mapping[str, str]) -> str:
    """SHA-256, in hexadecimal digits, of the sources' content, the pipeline's definition and its parameters.

    The definition names the source archive by its content, so changed code is a changed definition. Order of
    sources and parameters, and how the definition is spaced, do not matter.
    """
    parts = {
        "sources": {source.name: source.sha256 for source in sources},
        "definition": json.loads(definition),
        "parameters": dict(parameters),
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def request_token(inputs: str, attempt: int) -> str:
    """The idempotency token of the `attempt`-th execution of these inputs (SageMaker: 32 to 128 characters).

    A start that was cut off before its answer came is thereby not started twice.
    """
    return hashlib.sha256(f"{inputs}:{attempt}".encode()).hexdigest()
