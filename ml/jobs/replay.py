"""The job Replay: real days of a use case put to a stream, at a multiple of their speed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.container import JobFailed
from ml.jobs.job import Job

_FINISH = 60
"""Minutes of nothing after the last event, so that what waits for the watermark is due."""
_PATIENCE = 120.0
"""Seconds for which a consumer that is waited for may do nothing."""
_NUDGES = 6
"""Ticks at most that are put for what another shard held up, or was refused for the moment."""


class NothingToReplay(JobFailed):
    """The use case says nothing of what happened."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The use case {name} has no `happenings`: nothing says what happened on its days. Give its CASE "
            "one (ml/case.py), as ml/flights/happenings.py does."
        )


def _day(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no day; allowed: such as 2013-07-01")
    return date.fromisoformat(text)


def _until(text: str) -> date:
    return datetime.now(UTC).date() if text == "today" else _day(text)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share; allowed: 0 to 1")
    return share


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 <= speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no speed; allowed: 0 or more")
    return speed


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative; allowed: 0 or more")
    return count


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stream", required=True, help="name of the stream of Kinesis")
    parser.add_argument("--from", dest="first", type=_day, required=True, help="the first day")
    parser.add_argument("--days", type=_count, default=1, help="how many days")
    parser.add_argument(
        "--speed", type=_speed, default=1000, help="times as fast as it was; 0 as quickly as possible"
    )
    parser.add_argument(
        "--warm-up-days", type=_count, default=1, help="days before, put at once and asked nothing of"
    )
    parser.add_argument(
        "--shift-to",
        type=_until,
        help="move all by whole weeks, to be over by this day or `today`; without it times stay",
    )
    parser.add_argument("--raw", type=Path, help="folder with the source files")
    parser.add_argument(
        "--states", help="the consumer's table of states: wait until it has dealt with everything"
    )
    parser.add_argument("--disorder", type=_share, default=0.0, help="share of events that come late")
    parser.add_argument("--duplicates", type=_share, default=0.0, help="share of events that come twice")
    parser.add_argument("--seed", type=int, default=0, help="of disorder and duplicates")


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    import boto3
    from botocore.config import Config

    from ml.integration.cleaning import clean
    from ml.integration.engines import open_engine
    from ml.integration.loading import load
    from ml.streaming.consumer import OUTCOME
    from ml.streaming.event import TICK
    from ml.streaming.handler import stream_of
    from ml.streaming.happening import Happening
    from ml.streaming.marks import iso
    from ml.streaming.replay import Arrival, arrivals, play, weeks_to, without
    from ml.streaming.table import Table
    from ml.streaming.through import NotThroughError, wait

    if case.happenings is None:
        raise NothingToReplay(case.name)
    raw = arguments.raw or (case.find_sources() if case.find_sources else None)
    if raw is None:
        raise JobFailed(f"--raw is missing: the use case {case.name} does not say where its sources are.")
    engine = open_engine("duckdb")
    tables = clean(engine, load(engine, case.sources, str(raw)).tables, case.cleaning).tables
    weeks = 0
    if arguments.shift_to is not None:
        weeks = weeks_to(arguments.first, arguments.days, arguments.shift_to)
    warm = arguments.warm_up_days
    happened = case.happenings(
        engine, tables, arguments.first - timedelta(days=warm), arguments.days + warm, weeks
    )
    first = datetime(arguments.first.year, arguments.first.month, arguments.first.day, tzinfo=UTC)
    begin = (first + timedelta(weeks=weeks)).timestamp() / 60
    declared = stream_of(arguments.case)
    asking = frozenset({OUTCOME} if declared is None else {OUTCOME, declared.ask})

    partitions: set[str] = set()

    def ticks(minute: float) -> Iterator[Happening]:
        for partition in sorted(partitions):
            yield Happening(minute, partition, {"type": TICK, "entity": "end", "time": iso(minute)})

    def chosen() -> Iterator[Happening]:
        at = begin
        for one in without(happened, asking, begin):
            at = one.at
            partitions.add(one.partition)
            yield one
        yield from ticks(at + _FINISH)
        yield from ticks(at + _FINISH + 1)

    def say(line: str) -> None:
        print(line, flush=True)

    speed = f"{arguments.speed:,.0f} times as fast" if arguments.speed else "as quickly as possible"
    days = "a day" if arguments.days == 1 else f"{arguments.days} days"
    print(f"putting {days} from {arguments.first} to {arguments.stream}, {speed}", flush=True)
    coming = arrivals(
        chosen(), disorder=arguments.disorder, duplicates=arguments.duplicates, seed=arguments.seed
    )
    kinesis = boto3.client("kinesis")
    played = play(kinesis, arguments.stream, coming, speed=arguments.speed, begin=begin, say=say)
    engine.close()
    say(
        f"put {played.put:,} events up to {iso(played.newest)} in {played.seconds:.1f} s, "
        f"{played.retried:,} of them again since the stream was busy"
    )
    if not arguments.states or not played.put:
        return
    dynamodb = boto3.client("dynamodb", config=Config(retries={"mode": "standard"}))
    clocks = Table(dynamodb, arguments.states, {}, 0).clocks
    until, waiting = played.newest, 0
    for left in reversed(range(_NUDGES)):
        try:
            waiting = wait(clocks, played.shards, until, patience=_PATIENCE, say=say)
        except NotThroughError as stands:
            raise JobFailed(str(stands)) from stands
        if not waiting or not left:
            break
        until += 1
        more = [Arrival(one.at, one) for one in ticks(until)]
        play(kinesis, arguments.stream, more, speed=0, begin=begin, say=say)
    say(f"all of it is through{f', but for {waiting:,} questions and outcomes that wait' if waiting else ''}")


JOB = Job(
    kind="processing",
    what="Put real days of a use case to a stream, at a multiple of their speed.",
    needs=(*dependencies.PREPARING, "boto3"),
    arguments=_arguments,
    work=_work,
)
