"""The job Monitor: has the world moved away from what the model learned?"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endpoint", help="its champion, its captures, and the metrics' dimension")
    parser.add_argument("--package", help="ARN of the model package whose archive is the model")
    parser.add_argument("--model", help="model.tar.gz or its folder, with baseline.json; or s3://…")
    parser.add_argument("--captures", help="folder or s3://… with <variant>/yyyy/mm/dd/hh/*.jsonl")
    parser.add_argument("--outcomes", help="folder or s3://… with the outcomes' Parquet files")
    parser.add_argument("--outcomes-group", help="feature group with the outcomes")
    parser.add_argument("--state", help="folder or s3://… with what the last run kept")
    parser.add_argument("--variant", help="whose captures; the endpoint's champion's, or every one's")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to: report and state/")
    parser.add_argument("--until", type=_day, help="the last day (UTC), or yesterday")
    parser.add_argument("--days", type=int, default=4, help="of S3 read what was written in so many days")
    parser.add_argument("--delay-days", type=int, default=2, help="days after which an outcome is due")
    parser.add_argument("--publish", action="store_true", help="put the metrics to CloudWatch")


def _day(text: str) -> date | None:
    return None if text == "yesterday" else date.fromisoformat(text)


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what it imports may just have been installed.
    from ml.monitoring import job

    given = vars(arguments)
    job.run(case, job.Asked(**{name: given[name] for name in job.Asked.__dataclass_fields__}))


JOB = Job(
    kind="processing",
    what="Watch what a model is asked and what became of it.",
    needs=dependencies.MONITORING,
    arguments=_arguments,
    work=_work,
)
