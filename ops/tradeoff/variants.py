"""What variants has the stack's newest model? Made and measured here, by the job Compress, once a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ops.errors import CommandError
from ops.local_jobs import run_job
from ops.model_archives import download, model_archive
from ops.outputs import StackOutputs
from ops.progress import Step
from ops.registry import ModelPackage
from ops.session import Session
from ops.tradeoff.frontier import Variant

SETS: Final = ("train", "validation", "test")
_TAIL: Final = 5


class CompressionFailedError(CommandError):
    """The job that makes the variants has failed."""

    def __init__(self, told: Sequence[str]) -> None:
        super().__init__(
            "the variants could not be made: " + "\n  ".join(told), "correct it and run it again"
        )


class NoPreparedSetsError(CommandError):
    """The sets that a model was trained on are not where they should be."""

    def __init__(self, package: str, uri: str, stack: str) -> None:
        super().__init__(
            f"the sets that {package} was trained on are not in {uri}",
            f"train again: groundplan train {stack} --again",
        )


def variants(
    session: Session, outputs: StackOutputs, package: ModelPackage, wanted: str, step: Step
) -> tuple[list[Variant], Path]:
    """The variants of a package's model, and the folder with what was made of it.

    Raises CompressionFailedError and NoPreparedSetsError.
    """
    archive = model_archive(session, package)
    # By content: a sandbox that begins anew counts its versions from 1 again.
    kept = session.workspace.folder / ".groundplan" / "tradeoff" / package.name.replace("/", "-")
    folder = kept / archive.parent.name
    told = folder / wanted.replace(",", "-") / "compression.json"
    if not told.is_file():
        _fetch_sets(session, outputs, package, folder, step)
        _compress(session, outputs, archive, folder, told.parent, wanted, step)
    return [variant(one) for one in json.loads(told.read_text())["variants"]], told.parent


def variant(told: dict[str, Any]) -> Variant:
    """A variant as `compression.json` tells of it."""
    return Variant(
        name=told["name"],
        what=told["what"],
        accepted=told["accepted"],
        why_not="; ".join(told["refusedBecause"]),
        pr_auc=told["test"]["pr_auc"],
        brier=told["test"]["brier"],
        bytes=told["bytes"],
        one_row_ms=told["one_row_ms"],
        one_row_p99_ms=told["one_row_p99_ms"],
    )


def _fetch_sets(
    session: Session, outputs: StackOutputs, package: ModelPackage, folder: Path, step: Step
) -> None:
    s3 = session.client("s3")
    step.note(f"fetching the sets that {package.name} was trained on")
    bucket = outputs.zones["curated"]
    for name in SETS:
        prefix = f"{outputs.use_case_name}/{package.inputs}/{name}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
        if not keys:
            raise NoPreparedSetsError(package.name, f"s3://{bucket}/{prefix}", session.stack)
        for key in keys:
            download(s3, bucket, key, folder / name / key.removeprefix(prefix))


def _compress(
    session: Session, outputs: StackOutputs, archive: Path, folder: Path, out: Path, wanted: str, step: Step
) -> None:
    sets = [text for name in SETS for text in (f"--{name}", str(folder / name))]
    # Written beside and moved at the end, so that what was cut off is made anew.
    scratch = out.with_name(out.name + ".partial")

    def say(line: str) -> None:
        # XGBoost warns of updaters that are chosen on purpose.
        if not line.startswith((" ", "/")) and "WARNING" not in line:
            step.note(f"  {line}")

    model = ("--model", str(archive), "--out", str(scratch))
    ended = run_job(
        session,
        "compress",
        outputs.use_case,
        [*model, *sets, "--variants", wanted, "--choose", "auto"],
        variables={"SM_OUTPUT_DIR": str(folder / "output")},
        say=say,
    )
    if ended.status:
        raise CompressionFailedError(ended.lines[-_TAIL:])
    scratch.rename(out)
