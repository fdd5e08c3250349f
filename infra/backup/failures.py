"""Which events of AWS Backup say that data could not be brought back, and who hears of them?"""

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.notifications.event_alert import EventAlert, EventAlertArgs

PATTERNS: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "backup-failed": (
        {
            "source": ["aws.backup"],
            "detail-type": ["Backup Job State Change"],
            "detail": {"state": ["ABORTED", "EXPIRED", "FAILED"]},
        },
        "A backup was not made.",
        "backup-failed",
    ),
    "backup-copy-failed": (
        {
            "source": ["aws.backup"],
            "detail-type": ["Copy Job State Change"],
            "detail": {"state": ["FAILED"]},
        },
        "A recovery point was not copied to the second region.",
        "backup-failed",
    ),
    "restore-failed": (
        {
            "source": ["aws.backup"],
            "detail-type": ["Restore Job State Change"],
            "detail": {"status": ["ABORTED", "FAILED"]},
        },
        "A recovery point could not be restored.",
        "restore-failed",
    ),
}
"""Purpose → what EventBridge matches, what is told, the runbook.

Source: AWS Backup guide, "Monitoring AWS Backup events using EventBridge": a restore job has a `status`, the
others a `state`.
"""


def tell_failures(
    name: str,
    foundation: Foundation,
    topics: Topics,
    undelivered_arn: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> None:
    """A rule for each kind of failure."""
    for purpose, (pattern, says, runbook) in PATTERNS.items():
        EventAlert(
            f"{name}-{purpose}",
            EventAlertArgs(
                purpose=purpose,
                pattern=pattern,
                says=says,
                runbook=runbook,
                severity="critical" if purpose == "restore-failed" else "warning",
                topics=topics,
                foundation=foundation,
                undelivered_arn=undelivered_arn,
            ),
            opts=opts,
        )
