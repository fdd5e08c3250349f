"""EMR Serverless: applications; the emulator has its own copy, for job runs."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import RecordedKind, TagOperations

_SERVICE = "emr-serverless"


def _moving_to(state: str) -> Callable[[Params, Params], tuple[Params, Params | None]]:
    return lambda _, document: ({}, {**document, "state": state})


APPLICATION = RecordedKind(
    service=_SERVICE,
    name="application",
    create="CreateApplication",
    key=("applicationId",),
    arn="arn:{partition}:emr-serverless:{region}:{account}:/applications/{applicationId}",
    arn_member="arn",
    made={"state": "CREATED", "createdAt": "{now}", "updatedAt": "{now}"},
    defaults={
        "architecture": "X86_64",
        "autoStartConfiguration": {"enabled": True},
        "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 15},
    },
    answer=("applicationId", "name", "arn"),
    describe="GetApplication",
    described="application",
    update="UpdateApplication",
    replaces=True,
    touched={"updatedAt": "{now}"},
    delete="DeleteApplication",
    others={"StartApplication": _moving_to("STARTED"), "StopApplication": _moving_to("STOPPED")},
    forwards=("StartApplication", "StopApplication"),
    tags_in="tags",
    missing_status=404,
    copied=True,
    adopts=("applicationId",),
)

KINDS = (APPLICATION,)

TAGGING = (TagOperations(service=_SERVICE, resource="resourceArn", tags="tags", keys="tagKeys", as_map=True),)
