"""What may be searched for, and how far? The settings of tuning."""

from collections.abc import Mapping
from math import prod
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.block import Settings

_COMBINATIONS = 500

Hyperparameter = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]


class TunedRange(Settings):
    """One hyperparameter's range: `minimum` and `maximum`, whole numbers or not, or `values` to try."""

    minimum: int | float | None = Field(default=None, description="Least value.")
    maximum: int | float | None = Field(default=None, description="Greatest value.")
    scale: Literal["auto", "linear", "logarithmic"] = Field(
        default="auto", description="How the values are spread: `logarithmic` for such as a learning rate."
    )
    values: tuple[int | float | str, ...] = Field(
        default=(), max_length=30, description="Values to try, in place of a range."
    )

    @model_validator(mode="after")
    def _values_or_bounds(self) -> Self:
        if (self.minimum is None) != (self.maximum is None) or bool(self.values) == (
            self.minimum is not None
        ):
            raise ValueError("either minimum and maximum, or values")
        if self.minimum is not None and self.maximum is not None:
            if self.minimum >= self.maximum:
                raise ValueError(f"a maximum above the minimum, {self.minimum}")
            if self.scale == "logarithmic" and self.minimum <= 0:
                raise ValueError("a minimum above 0 on a logarithmic scale")
        return self

    @property
    def whole(self) -> bool:
        """Whether the range is of whole numbers."""
        return isinstance(self.minimum, int) and isinstance(self.maximum, int)


SEARCH: Mapping[str, TunedRange] = {
    "eta": TunedRange(minimum=0.02, maximum=0.3, scale="logarithmic"),
    "max_depth": TunedRange(minimum=4, maximum=9),
    "min_child_weight": TunedRange(minimum=1.0, maximum=60.0, scale="logarithmic"),
    "subsample": TunedRange(minimum=0.6, maximum=1.0),
}
"""What is searched where the settings name nothing: around the training program's own defaults."""

GRID: Mapping[str, TunedRange] = {
    "eta": TunedRange(values=(0.05, 0.1, 0.2)),
    "max_depth": TunedRange(values=(4, 6, 8)),
}
"""The same for a grid: nine trainings."""


class TuningSettings(Settings):
    """`groundplan:training.tuning`: the search for hyperparameters; the model is trained by the best."""

    strategy: Literal["none", "grid", "random", "bayesian"] = Field(
        default="none", description="How to search; `none` trains with the fixed hyperparameters."
    )
    jobs: int = Field(
        default=12, ge=1, le=500, description="Trainings of a search, at most; a grid tries all its values."
    )
    parallel: int = Field(
        default=3, ge=1, le=100, description="Trainings at a time; fewer let a Bayesian search learn more."
    )
    early_stopping: bool = Field(
        default=True, description="Whether trainings that fall behind the others are stopped."
    )
    ranges: dict[Hyperparameter, TunedRange] = Field(
        default_factory=dict,
        max_length=30,
        description="Hyperparameter → `minimum` and `maximum` (and `scale`), or `values`. Without any: eta, "
        "max_depth, min_child_weight and subsample in usual bounds.",
    )

    @property
    def searched(self) -> Mapping[str, TunedRange]:
        """The ranges in effect; none where nothing is searched."""
        if self.strategy == "none":
            return {}
        return self.ranges or (GRID if self.strategy == "grid" else SEARCH)

    @model_validator(mode="after")
    def _a_grid_has_values(self) -> Self:
        # SageMaker's grid search knows categorical parameters alone.
        bounded = sorted(name for name, one in self.searched.items() if not one.values)
        if self.strategy == "grid" and bounded:
            raise ValueError(
                f"values alone in the ranges of a grid; {', '.join(bounded)} has a minimum and a maximum"
            )
        combinations = prod(len(one.values) for one in self.searched.values())
        if self.strategy == "grid" and combinations > _COMBINATIONS:
            raise ValueError(f"{_COMBINATIONS} combinations of a grid's values at most")
        return self

    @model_validator(mode="after")
    def _no_more_at_a_time_than_at_all(self) -> Self:
        if self.strategy in {"random", "bayesian"} and self.parallel > self.jobs:
            raise ValueError(f"parallel of jobs at most, {self.jobs}")
        return self
