"""What is served? The champion, and who is measured against it."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.block import Settings

CHAMPION = "champion"
_SHARES = 100
_MOST_CHALLENGERS = 4

PackageArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/"
        r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(/[0-9]{1,9})?$"
    ),
]
"""ARN of a model package."""


class ChallengerSettings(Settings):
    """A model that answers a share of the requests beside the champion (A/B)."""

    model_package_arn: PackageArn = Field(description="ARN of the approved model package.")
    weight: int = Field(ge=1, le=99, description="Percent of the requests that it answers.")


class ShadowSettings(Settings):
    """A model that gets copies of requests; its answers reach nobody."""

    model_package_arn: PackageArn = Field(description="ARN of the model package.")
    sample_percent: int = Field(default=100, ge=1, le=100, description="Percent of the requests copied.")


class ReleaseSettings(Settings):
    """`groundplan:release`: what is served."""

    model_package_arn: PackageArn = Field(description="ARN of the approved model package: the champion.")
    challengers: tuple[ChallengerSettings, ...] = Field(
        default=(), max_length=_MOST_CHALLENGERS, description="Models beside it, each with its percentage."
    )
    shadow: ShadowSettings | None = Field(default=None, description="A model that gets copies of requests.")
    instances: Mapping[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="Variant → instances that it had scaled to when it was released; `deploy` writes it.",
    )

    @model_validator(mode="after")
    def _champion_keeps_a_share(self) -> Self:
        given = sum(one.weight for one in self.challengers)
        if given >= _SHARES:
            raise ValueError(f"weights that leave the champion a percent: {given} given, 99 at most together")
        if self.challengers and self.shadow is not None:
            raise ValueError("challengers or a shadow: SageMaker takes a shadow beside one variant alone")
        return self

    @property
    def champion_weight(self) -> int:
        """Percent of the requests that the champion answers."""
        return _SHARES - sum(one.weight for one in self.challengers)
