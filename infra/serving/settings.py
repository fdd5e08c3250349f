"""How is a model served? The settings of the endpoint, and what SageMaker refuses of them."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from infra.packaging.image_choice import BUILT, ImageChoice
from infra.settings.block import InstanceType, Settings
from infra.settings.schedules import CronExpression, ScheduleExpression, TimeZone

Mode = Literal["realTime", "serverless", "asynchronous", "batch"]
Shift = Literal["canary", "linear", "allAtOnce", "rolling"]
"""How requests move to a new model; `rolling` exchanges instances in batches, without a second fleet."""


class ServerlessSettings(Settings):
    """`endpoint.serverless`: used by the mode `serverless`."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(
        default=2048, description="Memory of one instance of the model."
    )
    max_concurrency: int = Field(default=10, ge=1, le=200, description="Requests at once.")
    provisioned_concurrency: int | None = Field(
        default=None, ge=1, le=200, description="Of these, how many are kept warm, and paid for."
    )

    @model_validator(mode="after")
    def _warm_within_the_most(self) -> Self:
        if self.provisioned_concurrency is not None and self.provisioned_concurrency > self.max_concurrency:
            raise ValueError(f"provisionedConcurrency of at most maxConcurrency, {self.max_concurrency}")
        return self


class AsynchronousSettings(Settings):
    """`endpoint.asynchronous`: used by the mode `asynchronous`."""

    least_instances: int = Field(default=0, ge=0, le=20, description="Instances without a request waiting.")
    concurrent_per_instance: int = Field(
        default=4, ge=1, le=1000, description="Requests at once that an instance is given."
    )
    backlog_per_instance: int = Field(
        default=5, ge=1, description="Waiting requests an instance that autoscaling aims at."
    )


class BatchSettings(Settings):
    """`endpoint.batch`: used by the mode `batch`."""

    schedule: ScheduleExpression = Field(default="cron(0 2 * * ? *)", description="When a job starts.")
    time_zone: TimeZone = Field(default="UTC", description="Time zone of the schedule.")
    record_mb: int = Field(default=6, ge=1, le=100, description="Megabytes of a request to the model.")


class ScheduledScaling(Settings):
    """Bounds of autoscaling that begin at a time."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,30}$", description="Name of the time, such as `morning`.")
    at: CronExpression = Field(description="cron(minutes hours day month weekday year).")
    time_zone: TimeZone = Field(default="UTC", description="Time zone of `at`.")
    instances: int = Field(ge=1, le=100, description="Instances at rest from then on.")
    most_instances: int = Field(ge=1, le=100, description="Instances under the highest load from then on.")

    @model_validator(mode="after")
    def _room_to_grow(self) -> Self:
        if self.most_instances < self.instances:
            raise ValueError(f"mostInstances of at least instances, {self.instances}")
        return self


class EndpointSettings(Settings):
    """`groundplan:endpoint`: how the model is served."""

    mode: Mode = Field(
        default="realTime",
        description=(
            "`realTime`: instances that wait for requests. `serverless`: memory while a request is answered. "
            "`asynchronous`: requests and answers in S3, no instance while none waits. `batch`: a transform "
            "job over what lies in S3, on a schedule."
        ),
    )
    image: ImageChoice = Field(
        default=BUILT,
        description=(
            "What serves a model that is trained from now on. `built`: the inference image of "
            "`groundplan:images`, our own server. `framework`: AWS's image. Or the URI of an image in this "
            "region's registry."
        ),
    )
    instance: InstanceType = Field(default="ml.m5.large", description="Serves; each zone has one at least.")
    instances: int = Field(
        default=2, ge=1, le=20, description="Instances at rest; outside dev two, for two zones."
    )
    most_instances: int = Field(default=4, ge=1, le=100, description="Instances under the highest load.")
    invocations_per_minute: int = Field(
        default=6000, ge=1, description="Invocations a minute and instance that autoscaling aims at."
    )
    scheduled_scaling: tuple[ScheduledScaling, ...] = Field(
        default=(), max_length=10, description="Other bounds of autoscaling by the clock."
    )
    capture_percent: int = Field(
        default=100, ge=1, le=100, description="Share of requests kept for monitoring, in mode realTime."
    )
    shift: Shift = Field(
        default="canary",
        description="How requests move to a new model: one instance first, in steps, at once, or rolling.",
    )
    canary_minutes: int = Field(
        default=5, ge=1, le=60, description="Minutes that each step of a shift is watched."
    )
    step_percent: int = Field(
        default=25, ge=10, le=50, description="Percent of the capacity that a step moves: linear, rolling."
    )
    latency_alarm_ms: int = Field(
        default=500, ge=1, description="p99 of the model's latency that takes a change back."
    )
    idle_alarm_hours: int = Field(
        default=24, ge=1, le=24, description="Hours without a request after which an alarm names the cost."
    )
    serverless: ServerlessSettings = ServerlessSettings()
    asynchronous: AsynchronousSettings = AsynchronousSettings()
    batch: BatchSettings = BatchSettings()

    @model_validator(mode="after")
    def _what_sagemaker_takes(self) -> Self:
        faults = [*self._bounds(), *self._features()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def on_instances(self) -> bool:
        """Whether an endpoint stands on instances that are paid for while it waits."""
        return self.mode in ("realTime", "asynchronous")

    @property
    def least_instances(self) -> int:
        """The lower bound of autoscaling."""
        return self.asynchronous.least_instances if self.mode == "asynchronous" else self.instances

    @property
    def scales(self) -> bool:
        """Whether autoscaling has room to move."""
        return self.on_instances and (
            self.most_instances > self.least_instances or bool(self.scheduled_scaling)
        )

    def _bounds(self) -> Sequence[str]:
        found = []
        if self.most_instances < max(self.instances, self.least_instances):
            most = max(self.instances, self.least_instances)
            found.append(f"mostInstances of at least instances, {most}")
        if self.on_instances and self.shift != "allAtOnce" and self.instances < 2:
            found.append(f"shift allAtOnce with one instance: {self.shift} moves half the instances at most")
        names = [one.name for one in self.scheduled_scaling]
        if len(set(names)) < len(names):
            found.append("each name of scheduledScaling once")
        return found

    def _features(self) -> Sequence[str]:
        """Sources: SageMaker guide, "Feature exclusions" of serverless inference; "Automatic scaling"."""
        found = []
        if self.mode != "realTime" and "capture_percent" in self.model_fields_set:
            found.append(
                f"no capturePercent in mode {self.mode}: SageMaker captures real-time requests alone"
            )
        if self.scales and self.instance.startswith("ml.t"):
            found.append(
                f"mostInstances equal to instances with {self.instance}: burstable types do not scale"
            )
        if self.mode == "serverless" and self.scheduled_scaling:
            found.append("no scheduledScaling in mode serverless: it has no instances")
        return found
