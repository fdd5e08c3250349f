"""A monitoring job, for any use case: read baseline, captures and outcomes; write what was found."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ml.case import UseCase
from ml.container import JobFailed, write_json
from ml.evaluation.archived import unpacked
from ml.monitoring import assessment, baseline, history, publishing, remote
from ml.monitoring.captured import read_captures, read_outcomes
from ml.monitoring.page import page

_EPOCH = date(1970, 1, 1)


class NothingToRead(JobFailed):
    """The job was not told where something lies, and no endpoint says it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Where are the {what}? Give --{what} as a folder or as s3://…, or --endpoint with the name of "
            "the endpoint that keeps them."
        )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the job is asked: places are folders or `s3://` URIs; an endpoint's own where they are None."""

    out: Path
    endpoint: str | None = None
    package: str | None = None
    model: str | None = None
    captures: str | None = None
    outcomes: str | None = None
    outcomes_group: str | None = None
    state: str | None = None
    variant: str | None = None
    until: date | None = None
    days: int = 4
    """Days before today of which is read what was written then. What was read before is in the state."""
    delay_days: int = 2
    publish: bool = False


def run(case: UseCase, asked: Asked) -> None:
    """Writes `monitoring.json`, `monitoring.html` and the new `state/`. Raises JobFailed.

    The last day is `until`, or yesterday: today is not whole.
    """
    now = datetime.now(UTC)
    until = asked.until or (now - timedelta(days=1)).date()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        found = _places(asked, now.date(), Path(scratch))
        learned = baseline.read(stack.enter_context(unpacked(found.model)))
        captured = read_captures(found.captures, learned.schema(), variant=found.variant)
        outcomes = read_outcomes(found.outcomes)
        names = {one.name: one.values for one in learned.features.bins if one.values}
        segments = {said: names[column] for said, column in case.segments.items() if column in names}
        columns = [column for column in case.segments.values() if column in names]
        before = history.load(found.state, learned)
        after = history.added(before, learned, captured, outcomes, columns, until=(until - _EPOCH).days)
    for reason, lines in sorted({**captured.skipped, **outcomes.skipped}.items()):
        print(f"left out: {lines:,} for: {reason}", flush=True)
    print(", ".join(f"{reason} {number:,}" for reason, number in after.tally.items()), flush=True)
    judged = assessment.assess(
        learned, after, delay_days=asked.delay_days, segments=segments, until=(until - _EPOCH).days
    )
    if judged is None:
        print("nothing was captured yet: no verdict", flush=True)
    else:
        _tell(case, asked, judged, learned, {**captured.skipped, **outcomes.skipped})
        if asked.publish:
            after = _published(asked, after, judged, learned, now)
    # Last: what could not be published is not kept as if it had been.
    history.save(asked.out / "state", after, learned)


def _tell(
    case: UseCase,
    asked: Asked,
    judged: assessment.Assessment,
    learned: baseline.Baseline,
    skipped: Mapping[str, int],
) -> None:
    write_json(asked.out / "monitoring.json", assessment.document(judged, learned) | {"skipped": skipped})
    shown = page(judged, learned, title=f"Monitoring: {case.question}")
    (asked.out / "monitoring.html").write_text(shown, encoding="utf-8")
    drifted = ", ".join(judged.drifted) or "none"
    print(f"{assessment.date(judged.days[-1])}: {judged.verdict}; drifted: {drifted}", flush=True)


def _published(
    asked: Asked,
    after: history.History,
    judged: assessment.Assessment,
    learned: baseline.Baseline,
    now: datetime,
) -> history.History:
    """Puts the figures of the days that were not published yet, and remembers that."""
    if asked.endpoint is None:
        raise JobFailed("--publish needs --endpoint: the metrics are the endpoint's.")
    since = min(publishing.newest(now), judged.days[-1])
    if after.published is not None:
        since = max(since, after.published + 1)
    told = asked.outcomes is not None or asked.outcomes_group is not None
    measured = publishing.metrics(judged, learned, since=since, outcomes=told)
    publishing.publish(publishing.requests(measured, asked.endpoint, now))
    print(f"published {len(measured):,} figures of {asked.endpoint}", flush=True)
    return replace(after, published=judged.days[-1])


@dataclass(frozen=True)
class _Places:
    model: Path
    captures: Path
    outcomes: Path
    state: Path
    variant: str | None


def _places(asked: Asked, today: date, scratch: Path) -> _Places:
    """Folders on this machine; what lies in S3 is fetched, of the last days alone."""
    model = asked.model or (remote.archive_of(asked.package) if asked.package else None)
    served = remote.champion(asked.endpoint) if asked.endpoint and not model else None
    variant = asked.variant or (served.variant if served else None)
    # By when something was written, which is not when it happened: that is up to the reader.
    first = today - timedelta(days=asked.days)

    model = model or (served.model_uri if served else None)
    if model is None:
        raise NothingToRead("model")
    captures = asked.captures or (served.captures_uri if served else None)
    if captures is None:
        raise NothingToRead("captures")
    outcomes = asked.outcomes or (remote.outcomes_uri(asked.outcomes_group) if asked.outcomes_group else None)
    folders = {name: scratch / name for name in ("captures", "outcomes", "state")}
    for folder in folders.values():
        folder.mkdir()
    if _in_s3(captures):
        remote.fetch_captures(captures, folders["captures"], first=first, last=today, variant=variant)
    else:
        folders["captures"] = Path(captures)
    if outcomes is not None and _in_s3(outcomes):
        remote.fetch_outcomes(outcomes, folders["outcomes"], first=first, last=today)
    elif outcomes is not None:
        folders["outcomes"] = Path(outcomes)
    if asked.state is not None and _in_s3(asked.state):
        remote.fetch(asked.state, folders["state"])
    elif asked.state is not None:
        folders["state"] = Path(asked.state)
    return _Places(
        model=remote.fetch_file(model, scratch / "model") if _in_s3(model) else Path(model),
        captures=folders["captures"],
        outcomes=folders["outcomes"],
        state=folders["state"],
        variant=variant,
    )


def _in_s3(place: str) -> bool:
    return place.startswith("s3://")
