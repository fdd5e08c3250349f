"""Is the image there that a model or a training is to run in? Its build is waited for, or its end told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.errors import CommandError
from ops.outputs import BuiltImage, StackOutputs
from ops.progress import Step
from ops.screen import duration
from ops.session import Session

_POLL_SECONDS: Final = {"sandbox": 0.3, "aws": 10.0}
_UNDER_WAY: Final = "IN_PROGRESS"
_PASSED: Final = "SUCCEEDED"
_TAIL_LINES: Final = 12
_CANNOT_LOOK: Final = ("AccessDenied", "AccessDeniedException")
"""Who may not look at images goes on: SageMaker itself says where one is missing."""


class NoImageError(CommandError):
    """The image of a model is not in its repository, and no build brings it; `tail` is the end of its log."""

    def __init__(self, uri: str, reason: str, tail: list[str], next_step: str) -> None:
        message = f"the image {uri} is not there: {reason}"
        if tail:
            message += "\nThe end of the build's log:\n" + "\n".join(f"    {line}" for line in tail)
        super().__init__(message, next_step)
        self.uri = uri


def await_image(session: Session, outputs: StackOutputs, uri: str, step: Step) -> None:
    """Returns once the image is there. Others than those of the output `images` are not looked at.

    Raises `NoImageError` where no build of it is under way, or the build fails.
    """
    image = next((one for one in outputs.images.values() if one.repository == uri.rpartition(":")[0]), None)
    if image is None:
        return
    began, told = time.monotonic(), False
    while not _there(session, image, uri):
        build = _newest_build(session, image)
        status = str(build.get("buildStatus", "")) if build else ""
        if status == _UNDER_WAY:
            if not told:
                step.note(f"waiting for the image {uri}: build {build['buildNumber']} of {image.project}")
                told = True
            time.sleep(_POLL_SECONDS[session.target_kind])
        elif not (status == _PASSED and _there(session, image, uri)):
            raise _missing(session, image, uri, build)
    if told:
        step.note(f"the image is built ({duration(time.monotonic() - began)})")


def _there(session: Session, image: BuiltImage, uri: str) -> bool:
    account, _, name = image.repository_arn.partition(":ecr:")[2].partition(":")[2].partition(":repository/")
    ecr = session.client("ecr")
    try:
        tag = {"imageTag": uri.rpartition(":")[2]}
        ecr.describe_images(registryId=account, repositoryName=name, imageIds=[tag])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("ImageNotFoundException", *_CANNOT_LOOK):
            raise
        return code in _CANNOT_LOOK
    return True


def _newest_build(session: Session, image: BuiltImage) -> Mapping[str, Any]:
    """Empty where the project is another account's, or had no build."""
    codebuild = session.client("codebuild")
    try:
        ids = codebuild.list_builds_for_project(projectName=image.project, sortOrder="DESCENDING")["ids"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {}
    found = codebuild.batch_get_builds(ids=ids[:1])["builds"] if ids else []
    return dict(found[0]) if found else {}


def _missing(session: Session, image: BuiltImage, uri: str, build: Mapping[str, Any]) -> NoImageError:
    again = f"aws codebuild start-build --project-name {image.project}"
    if not build:
        return NoImageError(
            uri,
            f"the project {image.project} has no build here",
            [],
            f"start one, {again}, or bring up the stack that builds it",
        )
    if uri != image.uri:
        return NoImageError(
            uri,
            f"the platform builds {image.uri} by now",
            [],
            f"train a model for that image, groundplan train {session.stack}",
        )
    number, status = build["buildNumber"], build["buildStatus"]
    return NoImageError(
        uri,
        f"build {number} of {image.project} ended {status}",
        _tail(session, build),
        f"correct what ml/images/ says and bring it up, groundplan up {session.stack}; "
        f"or build the same again, {again}",
    )


def _tail(session: Session, build: Mapping[str, Any]) -> list[str]:
    logs = build.get("logs") or {}
    if not logs.get("groupName"):
        return []
    try:
        events = session.client("logs").get_log_events(
            logGroupName=logs["groupName"],
            logStreamName=logs["streamName"],
            limit=_TAIL_LINES,
            startFromHead=False,
        )["events"]
    except ClientError:
        return []
    return [str(event["message"]).rstrip() for event in events]
