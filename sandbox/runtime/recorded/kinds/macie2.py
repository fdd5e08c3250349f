"""Macie: the account's session."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import RecordedKind

SESSION = RecordedKind(
    service="macie2",
    name="session",
    create="EnableMacie",
    made={
        "createdAt": "{now}",
        "updatedAt": "{now}",
        "serviceRole": "arn:{partition}:iam::{account}:role/aws-service-role/macie.amazonaws.com/"
        "AWSServiceRoleForAmazonMacie",
    },
    defaults={"findingPublishingFrequency": "FIFTEEN_MINUTES", "status": "ENABLED"},
    describe="GetMacieSession",
    update="UpdateMacieSession",
    touched={"updatedAt": "{now}"},
    delete="DisableMacie",
    missing="AccessDeniedException",
    missing_status=403,
)

KINDS = (SESSION,)
