"""What do all models of settings have in common?"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from infra.settings.instance_families import of_a_known_family


class Misfit(ValueError):
    """A setting that another one rules out: its path without the namespace, its value, what is allowed."""

    def __init__(self, path: str, given: object, allowed: str) -> None:
        super().__init__(f"{path}: given {given}; allowed: {allowed}")
        self.path = path
        self.given = given
        self.allowed = allowed


class MisfitsError(ValueError):
    """All that does not go together between blocks; a validator of the whole raises it."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        super().__init__("; ".join(map(str, misfits)))
        self.misfits = tuple(misfits)


class Settings(BaseModel):
    """A block of settings: camelCase in the stack's file, nothing unknown, no value bent to fit."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, populate_by_name=True
    )


InstanceType = Annotated[
    str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"), AfterValidator(of_a_known_family)
]
"""An instance type of SageMaker, such as `ml.m5.large`; the provider knows which there are for what."""

TagValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
"""The key or the value of a tag, such as a team's name."""

RetentionDays = Literal[
    30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The days that CloudWatch Logs can keep events for, from a month on."""
