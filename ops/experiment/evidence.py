"""What have the variants said, and what became of it? Captures and outcomes, fetched to this machine."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ops.errors import CommandError
from ops.outputs import StackOutputs
from ops.session import Session

OUTCOMES: Final = "outcomes"
"""The feature group of what became of predictions, by its declared name."""


class NoOutcomesError(CommandError):
    """The stack keeps no outcomes that an experiment could be judged by."""

    def __init__(self, stack: str) -> None:
        super().__init__(
            f"the stack {stack} keeps no outcomes: it has no feature group `outcomes`",
            "turn groundplan:features on; docs/streaming.md says how outcomes come in",
        )


@dataclass(frozen=True)
class Evidence:
    """Folders with captures and outcomes; how many captured lines there are by variant."""

    captures: Path
    outcomes: Path
    lines: dict[str, int]


def gather(session: Session, outputs: StackOutputs, into: Path) -> Evidence:
    """Fetches what was captured since the endpoint's variants are what they are, and every outcome.

    Raises `NoOutcomesError` and `NotReleasedError`.
    """
    group = outputs.feature_groups.get(OUTCOMES)
    if not group:
        raise NoOutcomesError(session.stack)
    endpoint, _ = outputs.released
    begin = session.client("sagemaker").describe_endpoint(EndpointName=endpoint)["LastModifiedTime"]
    shutil.rmtree(into, ignore_errors=True)
    captures, outcomes = into / "captures", into / "outcomes"
    s3 = session.client("s3")
    prefix = f"{endpoint}/{endpoint}/"
    lines: dict[str, int] = {}
    for key, modified in _keys(s3, outputs.zones["captures"], prefix):
        if modified < begin:
            continue
        body = s3.get_object(Bucket=outputs.zones["captures"], Key=key)["Body"].read()
        kept = [line for line in body.splitlines() if _moment(line) >= begin]
        variant = key.removeprefix(prefix).partition("/")[0]
        if kept:
            path = captures / key.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\n".join(kept) + b"\n")
            lines[variant] = lines.get(variant, 0) + len(kept)
    captures.mkdir(parents=True, exist_ok=True)
    outcomes.mkdir(parents=True, exist_ok=True)
    bucket, place = place_of(session, group)
    for number, (key, _) in enumerate(_keys(s3, bucket, place)):
        if key.endswith(".parquet"):
            s3.download_file(bucket, key, str(outcomes / f"{number:06}.parquet"))
    return Evidence(captures, outcomes, lines)


def place_of(session: Session, group: str) -> tuple[str, str]:
    """Bucket and prefix of what a feature group keeps offline."""
    described = session.client("sagemaker").describe_feature_group(FeatureGroupName=group)
    store = described["OfflineStoreConfig"]["S3StorageConfig"]
    where = urlsplit(store.get("ResolvedOutputS3Uri") or store["S3Uri"])
    return where.netloc, where.path.lstrip("/")


def _keys(s3: Any, bucket: str, prefix: str) -> list[tuple[str, datetime]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [(str(one["Key"]), one["LastModified"]) for page in pages for one in page.get("Contents", ())]


def _moment(line: bytes) -> datetime:
    """When a captured request came; the beginning of time for a line that does not say."""
    try:
        told = json.loads(line)["eventMetadata"]["inferenceTime"]
        return datetime.fromisoformat(told).astimezone(UTC)
    except (ValueError, KeyError, TypeError):
        return datetime.min.replace(tzinfo=UTC)
