"""Real days put to the stack's stream, and what came of them so far."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.demo.calendar import Calendar
from ops.errors import CommandError
from ops.experiment.evidence import OUTCOMES, place_of
from ops.local_jobs import run_job
from ops.outputs import StackOutputs
from ops.progress import Step
from ops.session import Session

_WRITTEN_SECONDS: Final = 4.0
"""Captures and outcomes of what is through are written within three seconds."""
_SETTLED_SECONDS: Final = 12.0
"""For which nothing more comes where nothing tells what is through."""
_LONGEST_SECONDS: Final = 600.0
_POLL_SECONDS: Final = 1.5
_TOLD_SECONDS: Final = 8.0


class ReplayFailedError(CommandError):
    """The days could not be put to the stream."""

    def __init__(self, told: str) -> None:
        super().__init__(f"the replay has failed: {told}", "groundplan sandbox status; then run it again")


class NoStreamError(CommandError):
    """The stack has no stream that takes events."""

    def __init__(self, stack: str) -> None:
        super().__init__(
            f"the stack {stack} takes no events: it has no stream of Kinesis",
            "set groundplan:streaming.kind to kinesis and groundplan:features.enabled to true",
        )


@dataclass(frozen=True)
class Seen:
    """How much has come through: captured predictions by variant, and outcomes that were kept."""

    captured: Mapping[str, int]
    outcomes: int

    @property
    def predictions(self) -> int:
        """Of all variants that answer."""
        return sum(count for variant, count in self.captured.items() if variant != "shadow")

    def __str__(self) -> str:
        by_variant = ", ".join(f"{name} {count:,}" for name, count in sorted(self.captured.items()))
        return f"{self.predictions:,} predictions ({by_variant or 'none'}), {self.outcomes:,} outcomes"


class _Watch:
    """Tells now and then how much has come through since the replay began, and how fast."""

    def __init__(self, session: Session, outputs: StackOutputs, step: Step) -> None:
        self._session = session
        self._outputs = outputs
        self._step = step
        self._before = look(session, outputs)
        self._began = self._told = time.monotonic()

    def heard(self, line: str) -> None:
        """Shows a line of the job and, not too often, what has come through."""
        self._step.note(f"  {line}")
        if time.monotonic() - self._told >= _TOLD_SECONDS:
            self.tell(look(self._session, self._outputs), time.monotonic())

    def tell(self, seen: Seen, until: float) -> None:
        """`until` is when that much had come through."""
        self._told = time.monotonic()
        fresh = seen.predictions - self._before.predictions
        rate = fresh / max(until - self._began, 1e-3)
        self._step.note(f"  {seen}; of this replay {fresh:,}, {rate:.0f} a second")


def replay(
    session: Session,
    outputs: StackOutputs,
    calendar: Calendar,
    number: int,
    days: int,
    speed: float,
    step: Step,
    *,
    warm_up: int = 0,
) -> Seen:
    """Replays days from a number on, and waits until what they cause has come through.

    Raises `NoStreamError` and `ReplayFailedError`.
    """
    if not outputs.events or "," in outputs.events:
        raise NoStreamError(session.stack)
    watch = _Watch(session, outputs, step)
    states = _states(session, outputs.events)
    ended = run_job(
        session,
        "replay",
        outputs.use_case,
        [
            *("--stream", outputs.events, "--from", str(calendar.real(number)), "--days", str(days)),
            *("--speed", f"{speed:g}", "--shift-to", str(calendar.shift_to(number, days))),
            *("--warm-up-days", str(warm_up)),
            *(("--states", states) if states else ()),
        ],
        variables=session.target.variables,
        say=watch.heard,
    )
    if ended.status:
        raise ReplayFailedError(ended.lines[-1].removeprefix("error: ") if ended.lines else "it said nothing")
    return _settled(session, outputs, watch, _WRITTEN_SECONDS if states else _SETTLED_SECONDS)


def _settled(session: Session, outputs: StackOutputs, watch: _Watch, quiet: float) -> Seen:
    """What has come through, once nothing more has come for so many seconds."""
    began = told = changed = time.monotonic()
    seen = look(session, outputs)
    while time.monotonic() - changed < quiet and time.monotonic() - began < _LONGEST_SECONDS:
        time.sleep(_POLL_SECONDS)
        now = look(session, outputs)
        if now != seen:
            changed = time.monotonic()
            if changed - told > _TOLD_SECONDS:
                watch.tell(now, changed)
                told = changed
        seen = now
    watch.tell(seen, changed)
    return seen


def _states(session: Session, stream: str) -> str:
    """The table in which the stream's consumer says how far it has come; empty where it keeps none."""
    summary = session.client("kinesis").describe_stream_summary(StreamName=stream)
    functions = session.client("lambda")
    found = functions.list_event_source_mappings(
        EventSourceArn=summary["StreamDescriptionSummary"]["StreamARN"]
    )
    for mapping in found["EventSourceMappings"]:
        settings = functions.get_function_configuration(FunctionName=mapping["FunctionArn"])
        table = settings.get("Environment", {}).get("Variables", {}).get("STATE_TABLE")
        if table:
            return str(table)
    return ""


def look(session: Session, outputs: StackOutputs) -> Seen:
    """How much has come through."""
    s3 = session.client("s3")
    captured: dict[str, int] = {}
    prefix = f"{outputs.endpoint}/{outputs.endpoint}/"
    for key, count in _counts(s3, outputs.zones["captures"], prefix):
        variant = key.removeprefix(prefix).partition("/")[0]
        captured[variant] = captured.get(variant, 0) + count
    return Seen(captured, _outcomes(session, outputs))


def _outcomes(session: Session, outputs: StackOutputs) -> int:
    group = outputs.feature_groups.get(OUTCOMES)
    if not group:
        return 0
    bucket, prefix = place_of(session, group)
    return sum(count for _, count in _counts(session.client("s3"), bucket, prefix))


_KNOWN: dict[tuple[str, str, str], int] = {}
"""How many there are in an object, by bucket, key and tag: what has not changed is not fetched again."""


def _counts(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    """The objects with how many records each has: rows of Parquet, or lines."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", ()):
            place = (bucket, str(one["Key"]), str(one["ETag"]))
            if place not in _KNOWN:
                body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
                _KNOWN[place] = records_in(place[1], body)
            yield place[1], _KNOWN[place]


def records_in(key: str, body: bytes) -> int:
    """Rows of a Parquet file, by its footer; else lines."""
    if not key.endswith(".parquet"):
        return body.count(b"\n")
    from pyarrow import parquet

    return int(parquet.read_metadata(io.BytesIO(body)).num_rows)


def features_now(session: Session, outputs: StackOutputs, group: str, entity: str) -> Mapping[str, str]:
    """What the feature store knows of an entity at this moment; empty where it knows nothing."""
    name = outputs.feature_groups.get(group)
    if not name:
        return {}
    answer = session.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=name, RecordIdentifierValueAsString=entity
    )
    return {one["FeatureName"]: one["ValueAsString"] for one in answer.get("Record", ())}


def report(session: Session, outputs: StackOutputs) -> Mapping[str, Any]:
    """The newest report of the monitoring."""
    body = (
        session.client("s3")
        .get_object(Bucket=outputs.zones["captures"], Key=f"monitoring/{outputs.endpoint}/monitoring.json")[
            "Body"
        ]
        .read()
    )
    return dict(json.loads(body))
