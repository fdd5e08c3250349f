"""Macie: the account's session."""

from __future__ import annotations

from sandbox.aws.rows import reading
from sandbox.aws.table import Call, ResourceType, Step

_CHANGES = ("findingPublishingFrequency", "status")


ACCOUNT = ResourceType(
    type="aws:macie2/account:Account",
    service="macie2",
    tier="recorded",
    create=Call(operation="EnableMacie"),
    id=lambda s: s.cloud.account_id,
    read=reading("macie2", "GetMacieSession", lambda _: {}, gone=("AccessDeniedException",)),
    delete=Call(operation="DisableMacie", sends=()),
    steps=(Step(on=_CHANGES, do=Call(operation="UpdateMacieSession", sends=_CHANGES), at_create=False),),
    outputs={
        "createdAt": lambda s: s.at("createdAt").isoformat(),
        "updatedAt": lambda s: s.at("updatedAt").isoformat(),
        "serviceRole": "serviceRole",
        "status": "status",
        "findingPublishingFrequency": "findingPublishingFrequency",
    },
    echoes={"findingPublishingFrequency": "findingPublishingFrequency", "status": "status"},
    known_id=lambda s: s.cloud.account_id,
    exclusive=True,
    volatile=("updatedAt",),
)

TYPES = (ACCOUNT,)
