"""Training runs: what starts the pipeline by itself, and who hears when a run fails."""

from dataclasses import dataclass

import pulumi

from infra.foundation.alarm import Topics
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.training.failure_alerts import FailureAlerts, FailureAlertsArgs
from infra.training.schedule import PipelineSchedule, PipelineScheduleArgs
from infra.training.settings import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class TrainingRunsArgs:
    """What the rest of the platform hands over. `pipeline_name` is plain, since rules are made of it."""

    settings: TrainingSettings
    foundation: Foundation
    topics: Topics
    pipeline_name: str


class TrainingRuns(pulumi.ComponentResource):
    """The schedule, where there is one; the alerts on failures; the queue of what could not be delivered."""

    undelivered_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TrainingRunsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:TrainingRuns", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose="training",
                runbook="undelivered-messages",
                foundation=args.foundation,
                topics=args.topics,
                senders=["events.amazonaws.com"],
            ),
            opts=child,
        )
        FailureAlerts(
            f"{name}-failures",
            FailureAlertsArgs(
                foundation=args.foundation,
                topics=args.topics,
                pipeline_name=args.pipeline_name,
                undelivered_arn=undelivered.queue_arn,
            ),
            opts=child,
        )
        if args.settings.schedule is not None:
            PipelineSchedule(
                f"{name}-schedule",
                PipelineScheduleArgs(
                    purpose="training",
                    description="Trains and registers a model; nothing is served by it",
                    fresh_inputs=True,
                    expression=args.settings.schedule,
                    timezone=args.settings.timezone,
                    foundation=args.foundation,
                    pipeline_name=args.pipeline_name,
                    undelivered_arn=undelivered.queue_arn,
                ),
                opts=child,
            )
        self.undelivered_arn = undelivered.queue_arn
        self.register_outputs({"undelivered_arn": self.undelivered_arn})
