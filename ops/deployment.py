"""Deployment: an approved model package becomes the stack's release, and an `up` brings it into service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ops.errors import OK, StackNotUpError
from ops.images import await_image
from ops.live import scaled
from ops.official import OfficialRunner
from ops.progress import Progress, Step
from ops.registry import APPROVED, ModelPackage, choose, require_approved
from ops.releases import Release
from ops.runs import RunOptions
from ops.session import Session, succeed


def deploy(session: Session, version: int | None, options: RunOptions) -> int:
    """`groundplan deploy`."""
    session.announce()
    outputs = session.outputs()
    progress = Progress(session.screen)
    with progress.step("deploy", "release an approved model to the endpoint") as step:
        chosen = choose(session, outputs.model_package_group, version, APPROVED)
        changed = release(session, require_approved(chosen, session.stack), options, step)
    session.screen.document(
        {
            "command": "deploy",
            "stack": session.stack,
            "modelPackage": chosen.arn,
            "changed": changed,
            "endpoint": session.outputs().endpoint,
        }
    )
    return OK


def release(session: Session, chosen: ModelPackage, options: RunOptions, step: Step) -> bool:
    """Releases the package alone with an `up`; False where it was released already. Raises as `serve`."""
    if is_released(session, chosen.arn):
        step.done(f"{chosen.name} is in service already", idle=True)
        return False
    await_image(session, session.outputs(), chosen.image, step)
    serve(session, Release(chosen.arn, _scaled(session, step)), options, step)
    step.done(f"{chosen.name} is in service")
    return True


def serve(session: Session, wanted: Release, options: RunOptions, step: Step) -> None:
    """Brings a release into service with an `up`, with whoever is measured against its champion.

    An `up` that fails or is interrupted takes the release back: the next one returns to what was there.
    """
    options = replace(options, brief=True)
    if session.target_kind == "aws":
        OfficialRunner(session.workspace, session.stack, session.screen).release(wanted)
        succeed(session.run("up", options), session.stack)
        return
    releases = session.workspace.releases
    previous = releases.of(session.stack)
    releases.put(session.stack, wanted)
    try:
        succeed(session.run("up", options), session.stack)
    except BaseException:
        releases.put(session.stack, previous)
        before = previous.model_package_arn if previous else "no release"
        step.note(f"the release is put back to {before}; the next up returns to it")
        raise


def _scaled(session: Session, step: Step) -> Mapping[str, int]:
    """Instances of the variants that have scaled beyond their rest: the new release begins with as many.

    `UpdateEndpoint` goes back to the configuration's count, while the requests are those of now.
    """
    try:
        outputs = session.outputs()
    except StackNotUpError:
        return {}
    if outputs.endpoint is None:
        return {}
    found = scaled(session, outputs.endpoint)
    for variant, count in found.items():
        step.note(f"{variant} has scaled to {count} instances: the new release begins with as many")
    return found


def is_released(session: Session, arn: str) -> bool:
    """Whether settings and state agree that this package is in service, with none beside it."""
    wanted = session.workspace.release_of(session.stack)
    if wanted is None or wanted.model_package_arn != arn or wanted.challengers or wanted.shadow:
        return False
    try:
        intended = session.outputs().intended
    except StackNotUpError:
        return False
    return intended is not None and intended.model_package_arn == arn
