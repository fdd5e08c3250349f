"""When is data called drifted, and who looks? The settings of drift."""

from typing import Self

from pydantic import Field, model_validator

from infra.settings.block import InstanceType, Settings
from infra.settings.schedules import ScheduleExpression

_DAY = 24


class ModelMonitorSettings(Settings):
    """`groundplan:drift.modelMonitor`: SageMaker's own data-quality schedule over the endpoint's captures."""

    enabled: bool = Field(
        default=False,
        description="Whether it runs. AWS takes no new customers for Model Monitor since 30 July 2026.",
    )
    every_hours: int = Field(
        default=_DAY, ge=1, le=_DAY, description="Hours between two looks at the captures: 1 or 24."
    )
    instance: InstanceType = Field(default="ml.m5.large", description="Compares a period's captures.")
    baseline: str | None = Field(
        default=None,
        pattern=r"^s3://[a-z0-9.-]{3,63}(/[!-~]+)?[!-.0-~]$",
        description="S3 folder with `statistics.json` and `constraints.json` of the training data; without "
        "it, statistics are kept and nothing is compared.",
    )

    @model_validator(mode="after")
    def _hourly_or_daily(self) -> Self:
        if self.every_hours not in (1, _DAY):
            raise ValueError(f"everyHours of 1 or {_DAY}: SageMaker's schedules are hourly or daily")
        return self


class LookSettings(Settings):
    """`groundplan:drift.looks`: the daily job that measures drift and what became of predictions."""

    enabled: bool = Field(
        default=True, description="Whether it runs, where the endpoint captures its requests."
    )
    schedule: ScheduleExpression = Field(
        default="cron(30 2 * * ? *)",
        description="When it looks, in UTC: once a day, after the day before is whole.",
    )
    instance: InstanceType = Field(default="ml.m5.large", description="What it runs on, minutes a day.")
    read_days: int = Field(
        default=4,
        ge=1,
        le=62,
        description="Days before today whose new captures and outcomes are read; one more than it may miss.",
    )
    outcome_days: int = Field(
        default=2, ge=0, le=60, description="Days after a prediction by which its outcome is due."
    )


class DriftSettings(Settings):
    """`groundplan:drift`: how far the requests may move away from what the model was trained on."""

    threshold: float = Field(
        default=1,
        gt=0,
        le=10,
        description="Drift that has lasted above which an alarm is raised, relative to what is normal of a "
        "feature: 1 is the bound that the model's baseline measured, 2 is twice that.",
    )
    persist: int = Field(
        default=1,
        ge=1,
        le=6,
        description="Days above the threshold before an alarm is raised. What is measured has "
        "lasted already: five of the last seven days.",
    )
    missing_outcomes: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Share of the due outcomes whose lack raises an alarm, where a stream brings them to "
        "the feature store.",
    )
    looks: LookSettings = LookSettings()
    model_monitor: ModelMonitorSettings = ModelMonitorSettings()
