"""Is the challenger better? The job Experiment on what was gathered, as the command shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ops.errors import CommandError
from ops.experiment.evidence import gather
from ops.local_jobs import run_job
from ops.model_archives import model_archive
from ops.outputs import StackOutputs
from ops.progress import Step
from ops.registry import package
from ops.releases import Release
from ops.session import Session

Kind = Literal["shadow", "ab"]

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger-1"
SHADOW: Final = "shadow"
"""The variants' names, as the program gives them."""


class NoExperimentError(CommandError):
    """Nothing is measured against the champion."""

    def __init__(self, stack: str) -> None:
        super().__init__(
            f"nothing is measured against the champion of {stack}",
            f"begin with a shadow: groundplan experiment shadow {stack}",
        )


class NothingCapturedError(CommandError):
    """Nobody has asked the endpoint since the challenger stands beside the champion."""

    def __init__(self, stack: str) -> None:
        super().__init__(
            "nothing was captured since the experiment began: there is nothing to judge yet",
            f"let requests come in, each with an InferenceId, then: groundplan experiment judge {stack}",
        )


class JudgingFailedError(CommandError):
    """The job Experiment has failed."""

    def __init__(self, told: str) -> None:
        super().__init__(f"the experiment could not be judged: {told}", "correct it and run it again")


@dataclass(frozen=True)
class Judgement:
    """What the job said: `promote`, `keep`, `go on`, `go on to A/B`, `stop …`, why, and its page."""

    kind: Kind
    decision: str
    why: str
    page: Path
    document: Mapping[str, Any]


def under_way(session: Session) -> tuple[Kind, Release]:
    """The experiment that the release names. Raises `NoExperimentError`."""
    release = session.workspace.release_of(session.stack)
    if release is None or not (release.shadow or release.challengers):
        raise NoExperimentError(session.stack)
    return ("shadow" if release.shadow else "ab"), release


def judge(session: Session, outputs: StackOutputs, step: Step, *, all_requests: bool = False) -> Judgement:
    """Gathers and judges; an A/B test with both archives, so that only the requests count on which both would
    act differently, unless `all_requests` are to.

    Raises `NoExperimentError`, `NoOutcomesError`, `NothingCapturedError`, `NoArchiveError` and
    `JudgingFailedError`.
    """
    kind, release = under_way(session)
    folder = session.workspace.folder / ".groundplan" / "experiments" / session.stack
    evidence = gather(session, outputs, folder)
    step.note(
        "captured since it began: "
        + (", ".join(f"{name} {count:,}" for name, count in sorted(evidence.lines.items())) or "nothing")
    )
    if not evidence.lines:
        raise NothingCapturedError(session.stack)
    if kind == "shadow":
        asked = ["--challenger", SHADOW, "--shadow"]
    else:
        challenger = release.challengers[0]
        asked = ["--challenger", CHALLENGER, "--share", str(challenger.weight / 100)]
        of = {"champion": release.model_package_arn, "challenger": challenger.model_package_arn}
        for which, arn in () if all_requests else of.items():
            asked += [f"--{which}-model", str(model_archive(session, package(session, arn)))]
    (folder / "judged").mkdir(parents=True, exist_ok=True)
    places = ("--captures", str(evidence.captures), "--outcomes", str(evidence.outcomes))
    ended = run_job(
        session,
        "experiment",
        outputs.use_case,
        [*places, "--out", str(folder / "judged"), *asked],
        variables={"SM_OUTPUT_DIR": str(folder / "output")},
    )
    if ended.status:
        told = ended.lines[-1].removeprefix("error: ") if ended.lines else "the job said nothing"
        raise JudgingFailedError(told)
    document = json.loads((folder / "judged" / "experiment.json").read_text())
    page = folder / "judged" / "experiment.html"
    return Judgement(kind, str(document["decision"]), str(document.get("why", "")), page, document)
