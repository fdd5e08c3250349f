"""What must a model keep to be registered, beside its PR-AUC and ROC-AUC?"""

from pydantic import Field

from infra.settings.block import Settings


class GateSettings(Settings):
    """`groundplan:training.gates`: limits that the step Evaluate holds a model against."""

    maximum_calibration_error: float = Field(
        default=0.03,
        gt=0,
        le=1,
        description="Mean gap between the probability said and the share that came true, at most.",
    )
    minimum_segment_auc: float = Field(
        default=0.6, ge=0, lt=1, description="ROC-AUC of the worst segment that has rows enough, at least."
    )
    champion_margin: float = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="By how much the PR-AUC may be below that of the newest approved model: the whole "
        "interval of the difference must lie above.",
    )
    maximum_megabytes: float | None = Field(
        default=None, gt=0, description="Size of the served model, at most."
    )
    maximum_milliseconds: float | None = Field(
        default=None,
        gt=0,
        description="Time of one row, at most, where the archive's `compression.json` tells it.",
    )
    external_data: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$",
        description="Folder in the curated zone with prepared rows of periods that no training uses, such as "
        "`flights/2014`.",
    )
    minimum_external_auc: float | None = Field(
        default=None, gt=0, lt=1, description="ROC-AUC on the rows of `externalData`, at least."
    )
