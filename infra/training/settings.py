"""What may an operator choose of training? Machines, search, times, and what a model must reach."""

from typing import Self

from pydantic import Field, model_validator

from infra.packaging.image_choice import BUILT, FRAMEWORK, ImageChoice
from infra.settings.block import InstanceType, Settings
from infra.settings.schedules import ScheduleExpression, TimeZone
from infra.training.gate_settings import GateSettings
from infra.training.instances import has_accelerator
from infra.training.tuning_settings import TuningSettings


class TrainingSettings(Settings):
    """`groundplan:training`: the machines of the pipeline, and what a model must reach."""

    image_tag: str = Field(
        default="3.2-0",
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Tag of AWS's image `sagemaker-xgboost`, where it is chosen.",
    )
    image: ImageChoice = Field(
        default=FRAMEWORK,
        description=(
            "What runs the jobs. `framework`: AWS's image. `built`: the training image of "
            "`groundplan:images`. Or the URI of an image in this region's registry."
        ),
    )
    processing_instance: InstanceType = Field(default="ml.m5.xlarge", description="Prepares and evaluates.")
    training_instance: InstanceType = Field(default="ml.g5.xlarge", description="Trains.")
    gpu_instances: tuple[InstanceType, ...] = Field(
        default=(
            "ml.g4dn.xlarge",
            "ml.g5.xlarge",
            "ml.g5.2xlarge",
            "ml.g6.xlarge",
            "ml.g6.2xlarge",
        ),
        max_length=20,
        description="The instance types with an accelerator that jobs may ask for; any other is refused.",
    )
    instances: int = Field(
        default=1,
        ge=1,
        le=32,
        description="Instances that train one model together, each on its share of the rows.",
    )
    spot: bool = Field(default=True, description="Whether to train on spot instances, with checkpoints.")
    max_run_minutes: int = Field(default=60, ge=5, le=7200, description="Minutes until a job is stopped.")
    max_wait_minutes: int = Field(
        default=120, ge=5, le=14400, description="Minutes for a spot job with its wait for a machine."
    )
    keep_alive_minutes: int = Field(
        default=0,
        ge=0,
        le=360,
        description="Minutes in which a job's machines wait, paid for, for the next job (a warm pool): on "
        "demand alone.",
    )
    tuning: TuningSettings = TuningSettings()
    schedule: ScheduleExpression | None = Field(
        default=None,
        description="When the pipeline runs by itself, as EventBridge Scheduler writes it: "
        "`cron(0 3 ? * SUN *)`, `rate(7 days)`.",
    )
    timezone: TimeZone = Field(
        default="UTC", description="Time zone of the schedule, such as `Europe/Berlin`."
    )
    minimum_pr_auc: float = Field(
        default=0.31, gt=0, lt=1, description="PR-AUC below which no model is registered."
    )
    minimum_auc: float = Field(
        default=0.75, gt=0, lt=1, description="ROC-AUC below which no model is registered."
    )
    gates: GateSettings = GateSettings()
    hyperparameters: dict[str, int | float | str] = Field(
        default_factory=dict, description="Arguments of the training program beside its defaults."
    )

    @model_validator(mode="after")
    def _wait_covers_run(self) -> Self:
        if self.spot and self.max_wait_minutes < self.max_run_minutes:
            raise ValueError(f"maxWaitMinutes of at least maxRunMinutes, {self.max_run_minutes}")
        return self

    @model_validator(mode="after")
    def _warm_pools_are_on_demand(self) -> Self:
        # SageMaker: "managed warm pools" are not supported with managed spot training.
        if self.spot and self.keep_alive_minutes:
            raise ValueError("keepAliveMinutes of 0 with spot instances, or spot: false")
        return self

    @model_validator(mode="after")
    def _accelerators_are_of_the_list(self) -> Self:
        for setting, given in (
            ("trainingInstance", self.training_instance),
            ("processingInstance", self.processing_instance),
        ):
            if has_accelerator(given) and given not in self.gpu_instances:
                known = ", ".join(self.gpu_instances) or "none"
                raise ValueError(f"{setting} without an accelerator, or one of gpuInstances: {known}")
        return self

    @model_validator(mode="after")
    def _external_limits_have_rows(self) -> Self:
        if self.gates.minimum_external_auc is not None and self.gates.external_data is None:
            raise ValueError("gates.externalData with gates.minimumExternalAuc")
        return self

    @model_validator(mode="after")
    def _searches_have_a_toolkit(self) -> Self:
        # A tuning job's trainings have no entrypoint: the toolkit in AWS's image starts their script.
        if self.image == BUILT and self.tuning.searched:
            raise ValueError(f"image {FRAMEWORK} with tuning.strategy: the built image starts no trainings")
        return self

    @model_validator(mode="after")
    def _tuned_or_fixed(self) -> Self:
        both = sorted(self.tuning.searched.keys() & self.hyperparameters.keys())
        if both:
            raise ValueError(
                f"a hyperparameter fixed by hyperparameters, or searched by tuning.ranges; both name "
                f"{', '.join(both)}"
            )
        return self
