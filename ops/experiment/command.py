"""The command `experiment`: begins, judges and ends what is measured against the champion."""

from __future__ import annotations

from dataclasses import replace

from ops.deployment import serve
from ops.errors import OK, CommandError
from ops.experiment.judging import Judgement, judge, under_way
from ops.images import await_image
from ops.outputs import StackOutputs
from ops.progress import Progress, Step
from ops.registry import APPROVED, ModelPackage, choose, package, require_approved
from ops.releases import Challenger, Release, Shadow
from ops.runs import RunOptions
from ops.session import Session


class ChampionItselfError(CommandError):
    """The package is the champion already."""

    def __init__(self, one: ModelPackage, stack: str) -> None:
        super().__init__(
            f"{one.name} is the champion of {stack}: it cannot be measured against itself",
            f"train a challenger: groundplan train {stack}, then groundplan approve {stack}",
        )


class NotPromotedError(CommandError):
    """The judgement does not say that the challenger may take over."""

    def __init__(self, found: Judgement, stack: str) -> None:
        super().__init__(
            f"the experiment says '{found.decision}', not promote: {found.why}",
            f"let it go on, or take the challenger away: groundplan experiment end {stack}; "
            f"groundplan deploy {stack} releases an approved model whatever an experiment says",
        )


def begin(session: Session, kind: str, version: int | None, percent: int, options: RunOptions) -> int:
    """`groundplan experiment shadow` and `ab`. Raises `ChampionItselfError` and what a release raises."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    with progress.step(kind, "put a challenger beside the champion") as step:
        chosen = choose(session, outputs.model_package_group, version, APPROVED)
        put_beside(session, outputs, kind, require_approved(chosen, session.stack), percent, options, step)
    session.screen.document(
        {
            "command": f"experiment {kind}",
            "stack": session.stack,
            "challenger": chosen.arn,
            "percent": percent,
        }
    )
    session.screen.line(f"next: groundplan experiment judge {session.stack}")
    return OK


def put_beside(
    session: Session,
    outputs: StackOutputs,
    kind: str,
    challenger: ModelPackage,
    percent: int,
    options: RunOptions,
    step: Step,
) -> None:
    """Releases the champion with the challenger in its shadow, or with a share of its requests."""
    _, intended = outputs.released
    champion = intended.model_package_arn
    if challenger.arn == champion:
        raise ChampionItselfError(challenger, session.stack)
    await_image(session, outputs, challenger.image, step)
    present = session.workspace.release_of(session.stack) or Release(champion)
    wanted = replace(present, model_package_arn=champion, challengers=(), shadow=None)
    if kind == "shadow":
        wanted = replace(wanted, shadow=Shadow(challenger.arn, percent))
        told = f"{challenger.name} hears {percent} % of the requests and answers nobody"
    else:
        wanted = replace(wanted, challengers=(Challenger(challenger.arn, percent),))
        told = f"{challenger.name} answers {percent} % of the requests"
    serve(session, wanted, options, step)
    step.done(told)


def show(session: Session, *, all_requests: bool = False) -> int:
    """`groundplan experiment judge`."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    with progress.step("judge", "hold what the variants said against what became of it") as step:
        found = judge(session, outputs, step, all_requests=all_requests)
        step.done(f"{found.decision}: {found.why}")
    session.screen.line(f"as a picture: {found.page.relative_to(session.workspace.folder)}")
    session.screen.document(
        {"command": "experiment judge", "stack": session.stack, "page": str(found.page), **found.document}
    )
    return OK


def promote(session: Session, options: RunOptions, *, all_requests: bool = False) -> int:
    """`groundplan experiment promote`: the challenger takes over, where the experiment says so.

    Raises `NotPromotedError`.
    """
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    with progress.step("judge", "hold what the variants said against what became of it") as step:
        found = judge(session, outputs, step, all_requests=all_requests)
        step.done(f"{found.decision}: {found.why}")
    if found.decision != "promote":
        raise NotPromotedError(found, session.stack)
    with progress.step("promote", "put the challenger in the champion's place") as step:
        winner = take_over(session, options, step)
    session.screen.document({"command": "experiment promote", "stack": session.stack, "champion": winner.arn})
    return OK


def take_over(session: Session, options: RunOptions, step: Step) -> ModelPackage:
    """Releases the challenger alone."""
    _, release = under_way(session)
    arn = release.shadow.model_package_arn if release.shadow else release.challengers[0].model_package_arn
    winner = require_approved(package(session, arn), session.stack)
    serve(session, Release(winner.arn, release.instances), options, step)
    step.done(f"{winner.name} is the champion")
    return winner


def end(session: Session, options: RunOptions) -> int:
    """`groundplan experiment end`: the champion alone again."""
    session.announce()
    progress = Progress(session.screen)
    with progress.step("end", "take the challenger away") as step:
        take_away(session, options, step)
        step.done("the champion alone is in service")
    session.screen.document({"command": "experiment end", "stack": session.stack})
    return OK


def take_away(session: Session, options: RunOptions, step: Step) -> None:
    """Releases the champion alone."""
    _, release = under_way(session)
    serve(session, replace(release, challengers=(), shadow=None), options, step)
