"""Where does a delivery stream write, and when is what it has gathered enough?

Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_EXPRESSION = re.compile(r"!\{(\w[\w-]*):([^}]*)\}")
_PATTERNS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_PATTERN = re.compile("|".join(_PATTERNS))
_DEFAULT_FOLDER = "%Y/%m/%d/%H/"
_SHORTER = 60.0
_LONGEST_SECONDS = 5.0
"""Waits are a sixtieth, and five seconds at most, as those of deployments are (decision 42)."""
_SECONDS, _MEGABYTES = 300, 5


@dataclass(frozen=True)
class Buffering:
    """When what was gathered is written: after so many seconds, or at so many bytes."""

    seconds: float
    bytes: int

    @classmethod
    def of(cls, destination: Mapping[str, Any]) -> Buffering:
        """The hints of an S3 destination, or the service's defaults."""
        hints = destination.get("BufferingHints") or {}
        seconds = hints.get("IntervalInSeconds", _SECONDS)
        return cls(
            min(seconds / _SHORTER, _LONGEST_SECONDS), hints.get("SizeInMBs", _MEGABYTES) * 1024 * 1024
        )


def object_key(
    destination: Mapping[str, Any], stream: str, version: str, now: datetime, failure: str = ""
) -> str:
    """The key of one object. `failure` names what went wrong, such as `processing-failed`."""
    given = destination.get("ErrorOutputPrefix" if failure else "Prefix") or ""
    prefix = _EXPRESSION.sub(lambda found: _worked_out(found[1], found[2], now, failure), given)
    if "!{timestamp:" not in given:
        # Without an expression of its own, the hour comes behind the prefix, and a failure's kind before it.
        kind = f"{failure}/" if failure and "!{firehose:error-output-type}" not in given else ""
        prefix += kind + now.strftime(_DEFAULT_FOLDER)
    converted = (
        bool((destination.get("DataFormatConversionConfiguration") or {}).get("Enabled")) and not failure
    )
    usual = ".parquet" if converted else ".gz" if is_packed(destination) else ""
    ending = destination.get("FileExtension") or usual
    return f"{prefix}{stream}-{version}-{now:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{ending}"


def is_packed(destination: Mapping[str, Any]) -> bool:
    """Whether objects are packed with gzip."""
    return bool(destination.get("CompressionFormat") == "GZIP")


def _worked_out(space: str, expression: str, now: datetime, failure: str) -> str:
    if space == "timestamp":
        return now.strftime(_PATTERN.sub(lambda found: _PATTERNS[found[0]], expression.replace("'", "")))
    if space == "firehose" and expression == "random-string":
        return secrets.token_urlsafe(8)[:11]
    return failure if expression == "error-output-type" else ""
