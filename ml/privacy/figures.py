"""What may be told of people in numbers? Counts and means with noise that hides whether anyone is among them.

Noise is of Laplace, drawn by OpenDP from the system's own randomness on whole numbers, so that no digit of a
floating-point number tells (Mironov, 2012). A seed would undo the guarantee: there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
from ibis.expr.types import Table

from ml.integration.engines import Engine
from ml.privacy.declared import Budget, Figure
from ml.quality.contract import Source

_STEPS = 2**20
"""Into how many steps a column's range is cut before it is summed: a millionth of it, far below the noise."""
_ALL = ""


class NoBounds(ValueError):
    """A mean of a column whose contract knows no bounds: one value could say everything."""

    def __init__(self, figure: Figure) -> None:
        super().__init__(
            f"The figure {figure.name}: the contract of {figure.source}.{figure.column} has no minimum and "
            "maximum; allowed: a number with both, since the noise is measured by them. State them."
        )


@dataclass(frozen=True)
class Told:
    """A figure as it may be told: by group, None where the group is too small."""

    name: str
    kind: str
    values: Mapping[str, float | None]
    scale: float
    """Of the noise of the counts (Laplace): two thirds of them are within 1.1 of it."""


def told(engine: Engine, table: Table, source: Source, figure: Figure, budget: Budget) -> Told:
    """The figure of a source's table, with noise for its epsilon and delta. Raises NoBounds."""
    rows = _bounded(table, source, figure)
    if figure.kind == "mean":
        return _mean(engine, rows, source, figure, budget)
    counts = {group: count for group, count, _ in _sums(engine, rows, figure, None)}
    if figure.by and not figure.groups:
        return _of_hidden_groups(counts, figure, budget)
    groups = figure.groups or (_ALL,)
    noisy, scale = _noisy([counts.get(group, 0) for group in groups], figure.rows_each, figure.epsilon)
    values = {group: _large(count, budget) for group, count in zip(groups, noisy, strict=True)}
    return Told(figure.name, figure.kind, values, scale)


def _bounded(table: Table, source: Source, figure: Figure) -> Table:
    """The rows that count: of one person no more than the figure says, the first by the source's key."""
    if not figure.person:
        return table
    order = [table[name] for name in source.key or (source.columns[0].name,)]
    place = ibis.row_number().over(group_by=figure.person, order_by=order)
    numbered = table.filter(table[figure.person].notnull()).mutate(_place=place)
    return numbered.filter(numbered._place < figure.rows_each)


def _sums(engine: Engine, rows: Table, figure: Figure, steps: Any | None) -> list[tuple[str, int, int]]:
    """For each group its rows, and the sum of `steps` over them."""
    group = rows[figure.by].cast("string") if figure.by else ibis.literal(_ALL)
    found = rows.mutate(_group=group, _steps=ibis.literal(0) if steps is None else steps)
    summed = found.group_by("_group").aggregate(rows=found.count(), steps=found._steps.sum())
    return [
        (str(name), int(count), int(total or 0))
        for name, count, total in engine.rows(summed)
        if name is not None
    ]


def _mean(engine: Engine, rows: Table, source: Source, figure: Figure, budget: Budget) -> Told:
    """Half of the epsilon for the rows, half for the sum around the middle of the range."""
    column = source.column(figure.column)
    if column.minimum is None or column.maximum is None or column.maximum <= column.minimum:
        raise NoBounds(figure)
    middle, step = (column.minimum + column.maximum) / 2, (column.maximum - column.minimum) / _STEPS
    known = rows.filter(rows[figure.column].notnull())
    clamped = known[figure.column].cast("float64").clip(column.minimum, column.maximum)
    steps = ((clamped - middle) / step).round().cast("int64")
    found = {name: (count, total) for name, count, total in _sums(engine, known, figure, steps)}
    groups = figure.groups or (_ALL,)
    exact = [found.get(group, (0, 0)) for group in groups]
    half = figure.epsilon / 2
    counts, scale = _noisy([count for count, _ in exact], figure.rows_each, half)
    sums, _ = _noisy([total for _, total in exact], figure.rows_each * (_STEPS // 2), half)
    values: dict[str, float | None] = {}
    for group, count, total in zip(groups, counts, sums, strict=True):
        mean = middle + step * total / max(count, 1)
        kept = min(max(mean, column.minimum), column.maximum)
        values[group] = kept if _large(count, budget) is not None else None
    return Told(figure.name, figure.kind, values, scale)


def _large(count: int, budget: Budget) -> float | None:
    return float(count) if count >= budget.smallest else None


def _noisy(exact: Sequence[int], sensitivity: int, epsilon: float) -> tuple[list[int], float]:
    """Whole numbers with noise. One person changes their sum of differences by `sensitivity` at most."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l1_distance(T=dp.i64)
    scale = dp.binary_search_param(
        lambda scale: dp.m.make_laplace(*space, scale=scale), d_in=sensitivity, d_out=epsilon
    )
    found: list[int] = dp.m.make_laplace(*space, scale=scale)(list(exact))
    return found, float(scale)


def _of_hidden_groups(counts: Mapping[str, int], figure: Figure, budget: Budget) -> Told:
    """Counts of groups that are themselves a secret: one is told from a threshold on alone."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = (
        dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=dp.i64)),
        dp.l01inf_distance(dp.absolute_distance(T=dp.i64)),
    )
    each = figure.rows_each
    # One person is in so many groups at most, with so many rows in all and in one.
    change = (each, each, each)
    scale = each / figure.epsilon
    threshold = dp.binary_search_param(
        lambda threshold: dp.m.make_laplace_threshold(*space, scale=scale, threshold=threshold),
        d_in=change,
        d_out=(figure.epsilon, figure.delta),
        T=int,
    )
    noisy = dp.m.make_laplace_threshold(*space, scale=scale, threshold=threshold)(dict(counts))
    values = {group: _large(count, budget) for group, count in sorted(noisy.items())}
    return Told(figure.name, figure.kind, values, scale)
