"""Logs: the groups that services write to, made before they do, so that they are encrypted and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pydantic import Field

from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.settings.block import RetentionDays, Settings

PROCESSING_JOBS = "/aws/sagemaker/ProcessingJobs"
TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
TRANSFORM_JOBS = "/aws/sagemaker/TransformJobs"


class LogSettings(Settings):
    """`groundplan:logs`: how long events are kept."""

    retention_days: RetentionDays = Field(default=90, description="Days until an event is deleted.")


@dataclass(frozen=True, kw_only=True)
class LogsArgs:
    """What the rest of the platform hands to the log groups. `groups` are names that the services choose."""

    foundation: Foundation
    groups: Sequence[str]


class Logs(pulumi.ComponentResource):
    """Log groups on the logs' key, with retention.

    SageMaker's groups are one an account and region, so an account holds one stack of the platform.

    Controls: CloudWatch.16, PCI DSS 3.5.1 and 10.5.1.
    """

    names: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: LogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Logs", name, opts=opts)
        self.names = [
            log_group(
                f"{name}-{group.strip('/').replace('/', '-').lower()}",
                name=group,
                foundation=args.foundation,
                opts=pulumi.ResourceOptions(parent=self),
            ).name
            for group in args.groups
        ]
        self.register_outputs({"names": self.names})
