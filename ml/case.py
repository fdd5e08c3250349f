"""What does a use case declare? All that the jobs need to know of it; they know nothing else of it.

A use case is a package with a module `case` that holds one `CASE`, such as `ml.flights.case`. That module
imports nothing that a job would first have to install: what computes is imported within its functions.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.container import JobFailed
from ml.integration.declared import CleaningRule, Reference
from ml.privacy.declared import Budget, Figure
from ml.quality.contract import Source
from ml.quality.declared import QualityRule
from ml.training.schema import Feature
from ml.training.space import SPACE, Span

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from ml.integration.engines import Engine
    from ml.streaming.happening import Happening

Compute = Callable[["Engine", Mapping[str, "Table"]], "Table"]
"""From the sources' tables, by name, to a row a question: identity, period, features, label, segments."""

LeftOut = Callable[[Mapping[str, "Table"]], Mapping[str, "Table"]]
"""From the tables to the rows that are no questions, by why: they are counted in the report."""

WriteExamples = Callable[["Engine", "Table", Mapping[str, "Table"], Path], int]
"""From the rows of the test set and the tables to a file of examples (JSON lines); gives how many."""

Happenings = Callable[["Engine", Mapping[str, "Table"], date, int, int], "Iterator[Happening]"]
"""From the tables, a first day, a number of days and of weeks to move all by, to events in order of time."""

PERIOD = "period"
"""The column that says when a row was asked: a whole number that grows, such as 201301 for a month."""


class NoSuchCase(JobFailed):
    """There is no use case of that name."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"{name!r} is no use case: {why}. Allowed: a package with a module `case` that holds `CASE`, "
            "such as ml.flights; docs/guides/your-own-model.md shows how to make one."
        )


class TooFewPeriods(JobFailed):
    """The data covers too little time to train, to validate and to test apart."""

    def __init__(self, known: Sequence[int]) -> None:
        super().__init__(
            f"The data covers {len(known)} periods ({', '.join(map(str, known)) or 'none'}); allowed: three "
            "at least, so that training, validation and test each have one of their own."
        )


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What an error costs, in one unit of the owner's choice: they decide the threshold."""

    missed: float
    """A positive that was not foretold."""
    false_alarm: float
    """A negative that was foretold as a positive."""
    unit: str = "units"


@dataclass(frozen=True, kw_only=True)
class Periods:
    """Which periods train, which stop early and calibrate, and which test: in this order of time."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    @classmethod
    def of(cls, known: Sequence[int]) -> Periods:
        """The last sixth tests, the sixth before validates, at least one period each: of a year's months two,
        two and eight. Raises TooFewPeriods.
        """
        ordered = tuple(sorted(set(known)))
        if len(ordered) < 3:
            raise TooFewPeriods(ordered)
        part = max(1, len(ordered) // 6)
        return cls(train=ordered[: -2 * part], validation=ordered[-2 * part : -part], test=ordered[-part:])

    def items(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The sets by name, in order of time."""
        return (("train", self.train), ("validation", self.validation), ("test", self.test))


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a person must say in a model card, since no figure does."""

    intended: str
    not_intended: str
    limits: tuple[str, ...]
    owner: str


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """What the jobs know of a use case."""

    name: str
    """As the package's last part: also the folder of its data."""
    question: str
    """What is asked, as the title of a page."""
    event: str
    """What the probability is of, as said after "the risk of"."""
    about: str
    """When it is asked, and what was left out: one or two sentences for whoever reads a page."""
    sources: tuple[Source, ...]
    features: tuple[Feature, ...]
    label: str
    identity: tuple[str, ...]
    """Columns that together name a row, and order the files."""
    costs: Costs
    compute: Compute
    moment: str | None = None
    """Column that says when a row is about, in whole minutes since 1970 (UTC): folds by time are cut by it,
    and monitoring compares days. Without one nothing is known of how much days differ by themselves."""
    label_after: int = 0
    """How many minutes after its moment a row's label is known at the latest: what is closer to
    the rows that judge than this could not have been learned from."""
    group: str | None = None
    """Column that says whom or what a row is about, so that folds keep it on one side."""
    search: Mapping[str, Span] = field(default_factory=lambda: SPACE)
    """What a search for hyperparameters may try."""
    segments: Mapping[str, str] = field(default_factory=dict)
    """What a segment is called → its column: results are told for each of its values."""
    clusters: tuple[str, ...] = ()
    """Columns that together name rows which depend on each other, such as a day: intervals are by them."""
    card: Card | None = None
    cleaning: tuple[CleaningRule, ...] = ()
    references: tuple[Reference, ...] = ()
    quality: tuple[QualityRule, ...] = ()
    """What must hold of the sources beyond their contracts, and how much it matters."""
    personal_features: Mapping[str, str] = field(default_factory=dict)
    """Features that are about persons, and why the model needs each; any other such is refused."""
    figures: tuple[Figure, ...] = ()
    """What is told about people in numbers, with noise, by the job Tell."""
    budget: Budget | None = None
    """How much the figures may tell in all."""
    left_out: LeftOut | None = None
    write_examples: WriteExamples | None = None
    happenings: Happenings | None = None
    """What happened on some days, for a replay; a use case with a module `stream` has it."""
    find_sources: Callable[[], Path] | None = None
    """Where the sources are if nobody says."""


def load(name: str) -> UseCase:
    """The use case of a package, such as `ml.flights`. Raises NoSuchCase."""
    try:
        module: Any = importlib.import_module(f"{name}.case")
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.case".startswith(error.name):
            raise
        raise NoSuchCase(name, f"there is no module {error.name}") from None
    case = getattr(module, "CASE", None)
    if not isinstance(case, UseCase):
        raise NoSuchCase(name, f"{name}.case holds no CASE of the type UseCase")
    return case
