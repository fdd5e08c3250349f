"""Real days put to the stack's stream, and what came of them so far."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.demo.calendar import Calendar
from ops.errors import CommandError
from ops.experiment.evidence import OUTCOMES, place_of
from ops.local_jobs import run_job
from ops.outputs import StackOutputs
from ops.progress import Step
from ops.session import Session

_SETTLED_SECONDS: Final = 12.0
_LONGEST_SECONDS: Final = 600.0
_POLL_SECONDS: Final = 2.0


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
    ended = run_job(
        session,
        "replay",
        outputs.use_case,
        [
            *("--stream", outputs.events, "--from", str(calendar.real(number)), "--days", str(days)),
            *("--speed", f"{speed:g}", "--shift-to", str(calendar.shift_to(number, days))),
            *("--warm-up-days", str(warm_up)),
        ],
        variables=session.target.variables,
        say=lambda line: step.note(f"  {line}"),
    )
    if ended.status:
        raise ReplayFailedError(ended.lines[-1].removeprefix("error: ") if ended.lines else "it said nothing")
    return settled(session, outputs, step)


def settled(session: Session, outputs: StackOutputs, step: Step) -> Seen:
    """What has come through, once nothing more comes for a while."""
    began = told = changed = time.monotonic()
    seen = look(session, outputs)
    while time.monotonic() - changed < _SETTLED_SECONDS and time.monotonic() - began < _LONGEST_SECONDS:
        time.sleep(_POLL_SECONDS)
        now = look(session, outputs)
        if now != seen:
            changed = time.monotonic()
            if changed - told > 10:
                step.note(f"  {now}")
                told = changed
        seen = now
    return seen


def look(session: Session, outputs: StackOutputs) -> Seen:
    """How much has come through."""
    s3 = session.client("s3")
    captured: dict[str, int] = {}
    prefix = f"{outputs.endpoint}/{outputs.endpoint}/"
    for key, body in _bodies(s3, outputs.zones["captures"], prefix):
        variant = key.removeprefix(prefix).partition("/")[0]
        captured[variant] = captured.get(variant, 0) + body.count(b"\n")
    return Seen(captured, _outcomes(session, outputs))


def _outcomes(session: Session, outputs: StackOutputs) -> int:
    group = outputs.feature_groups.get(OUTCOMES)
    if not group:
        return 0
    bucket, prefix = place_of(session, group)
    listed = session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    # A file for each second that had records; how many rows each holds is for whoever judges.
    return sum(one["Size"] > 0 for page in listed for one in page.get("Contents", ()))


_KNOWN: dict[tuple[str, str], tuple[str, bytes]] = {}


def _bodies(s3: Any, bucket: str, prefix: str) -> list[tuple[str, bytes]]:
    """The objects' content; what has not changed since the last look is not fetched again."""
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", ()):
            key, tag = str(one["Key"]), str(one["ETag"])
            known = _KNOWN.get((bucket, key))
            if known is None or known[0] != tag:
                body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                known = _KNOWN[bucket, key] = (tag, body)
            found.append((key, known[1]))
    return found


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
