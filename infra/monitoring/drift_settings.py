"""When is data called drifted, and who looks? The settings of drift."""

from typing import Self

from pydantic import Field, model_validator

from infra.settings.block import InstanceType, Settings

_DAY = 24
_LONGEST_HOURS = 7 * _DAY


class ModelMonitorSettings(Settings):
    """`groundplan:drift.modelMonitor`: SageMaker's own data-quality schedule over the endpoint's captures."""

    enabled: bool = Field(
        default=False,
        description="Whether it runs. AWS takes no new customers for Model Monitor since 30 July 2026.",
    )
    instance: InstanceType = Field(default="ml.m5.large", description="Compares a period's captures.")
    baseline: str | None = Field(
        default=None,
        pattern=r"^s3://[a-z0-9.-]{3,63}(/[!-~]+)?[!-.0-~]$",
        description="S3 folder with `statistics.json` and `constraints.json` of the training data; without "
        "it, statistics are kept and nothing is compared.",
    )


class DriftSettings(Settings):
    """`groundplan:drift`: how far the requests may move away from what the model was trained on."""

    threshold: float = Field(
        default=0.2,
        gt=0,
        le=10,
        description="Population stability index of a feature above which it has drifted: 0.1 is some, 0.2 "
        "is much.",
    )
    every_hours: int = Field(
        default=_DAY, ge=1, le=_DAY, description="Hours between two looks at the captures: 1 or 24."
    )
    persist: int = Field(
        default=2, ge=1, le=24, description="Looks in a row that must find drift before an alarm is raised."
    )
    model_monitor: ModelMonitorSettings = ModelMonitorSettings()

    @model_validator(mode="after")
    def _hourly_or_daily(self) -> Self:
        if self.every_hours not in (1, _DAY):
            raise ValueError(f"everyHours of 1 or {_DAY}: SageMaker's schedules are hourly or daily")
        return self

    @model_validator(mode="after")
    def _within_a_week(self) -> Self:
        # CloudWatch evaluates periods of an hour and more over a week at most.
        if self.every_hours * self.persist > _LONGEST_HOURS:
            raise ValueError(f"persist of {_LONGEST_HOURS // self.every_hours} at most: an alarm sees a week")
        return self
