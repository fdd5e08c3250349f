"""How does the model get better with more data? Figures, a verdict and one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

import numpy as np

from ml.evaluation import html
from ml.evaluation.metrics import average_precision
from ml.evaluation.series import Axis, Series, chart
from ml.training.learning_curves import Point

_WORTH = 0.01
"""The least gain of a doubling that counts, as a share of the PR-AUC."""

_SURE = 2.0
"""Standard errors by which a gain must be above 0."""


@dataclass(frozen=True)
class Measured:
    """A point's PR-AUC on the rows that it learned from and on those that judge."""

    kind: Literal["rows", "periods"]
    rows: int
    periods: int
    draw: int
    learned: float
    judged: float

    @classmethod
    def of(cls, point: Point) -> Measured:
        return cls(
            kind=point.kind,
            rows=point.rows,
            periods=point.periods,
            draw=point.draw,
            learned=average_precision(*point.learned),
            judged=average_precision(*point.judged),
        )


@dataclass(frozen=True)
class Verdict:
    """What the last doubling brought in PR-AUC, the mean over draws and its standard error."""

    gain: float
    error: float
    helps: bool

    @property
    def words(self) -> str:
        """In a sentence."""
        told = (
            f"the last doubling of the rows brought {self.gain:+.4f} PR-AUC (standard error {self.error:.4f})"
        )
        return f"more data {'would' if self.helps else 'would not'} help: {told}"


def verdict(measured: Sequence[Measured]) -> Verdict | None:
    """More would help if the last doubling did: by a hundredth of the PR-AUC, and more than chance.

    None where two draws of a half and of the whole were not to be had.
    """
    drawn = [one for one in measured if one.kind == "rows"]
    sizes = sorted({one.rows for one in drawn})
    if len(sizes) < 2:
        return None
    value = {(one.rows, one.draw): one.judged for one in drawn}
    draws = sorted({one.draw for one in drawn})
    gains = np.array([value[sizes[-1], draw] - value[sizes[-2], draw] for draw in draws])
    if len(gains) < 2:
        return None
    error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
    whole = float(np.mean([value[sizes[-1], draw] for draw in draws]))
    gain = float(gains.mean())
    return Verdict(gain, error, gain > _WORTH * whole and gain > _SURE * error)


def document(measured: Sequence[Measured], judged_on: str, found: Verdict | None) -> dict[str, Any]:
    """`curves.json`."""
    return {
        "judged_on": judged_on,
        "points": [asdict(one) for one in measured],
        "verdict": None if found is None else asdict(found) | {"words": found.words},
    }


def page(question: str, measured: Sequence[Measured], judged_on: str, found: Verdict | None) -> str:
    """One HTML page, its plots in SVG."""
    title = f"{question} Learning curves"
    words = "too little to tell" if found is None else found.words
    rows = [one for one in measured if one.kind == "rows"]
    history = [one for one in measured if one.kind == "periods"]
    body = [
        f"<h1>{escape(title)}</h1><p>Judged on period {escape(judged_on)}; {escape(words)}.</p>",
        html.section(
            "By rows",
            "Rows drawn of all periods. A gap between the lines is what the model knows by heart.",
            chart(_lines(rows, by_periods=False), Axis("rows to learn from", log=True), Axis("PR-AUC", 0)),
        ),
        html.section(
            "By history",
            "All rows of the last periods before the one that stops.",
            chart(_lines(history, by_periods=True), Axis("periods", 0), Axis("PR-AUC", 0)) if history else "",
        ),
        html.section("Figures", "", _table(measured)),
    ]
    return html.document(title, "".join(body))


def _lines(measured: Sequence[Measured], *, by_periods: bool) -> list[Series]:
    def size(one: Measured) -> int:
        return one.periods if by_periods else one.rows

    sizes = sorted({size(one) for one in measured})

    def line(name: str, colour: int, field: Literal["learned", "judged"]) -> Series:
        means = [
            float(np.mean([getattr(one, field) for one in measured if size(one) == each])) for each in sizes
        ]
        return Series(name, [float(each) for each in sizes], means, colour, marked=True)

    return [line("rows that judge", 0, "judged"), line("rows learned from", 1, "learned")]


def _table(measured: Sequence[Measured]) -> str:
    rows = [
        [
            one.kind,
            f"{one.rows:,}",
            str(one.periods),
            str(one.draw + 1),
            f"{one.judged:.4f}",
            f"{one.learned:.4f}",
        ]
        for one in measured
    ]
    return html.table(["by", "rows", "periods", "draw", "PR-AUC", "on rows learned from"], rows, left=(0,))
