"""What the use case declares: what is asked, of which source, with which features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ml.case import Costs, UseCase
from ml.phishing.contracts import SIGNS, SITES
from ml.training.schema import Feature

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from ml.integration.engines import Engine

FEATURES = (
    Feature(name="popularity", kind="category"),
    *(Feature(name=name, kind="number") for name in SIGNS if name != "is_popular"),
    Feature(name="age_of_domain", kind="number"),
    Feature(name="ip_in_url", kind="number"),
)


def _compute(engine: Engine, tables: Mapping[str, Table]) -> Table:
    from ml.phishing.preparation import compute

    return compute(engine, tables)


def _examples(engine: Engine, tests: Table, tables: Mapping[str, Table], path: Path) -> int:
    from ml.phishing.preparation import write_examples

    return write_examples(engine, tests, tables, path)


CASE = UseCase(
    name="phishing",
    question="Is this website a phishing site?",
    event="being a phishing site",
    about="Asked when a website is first seen; websites stand in the order in which they came.",
    sources=(SITES,),
    features=FEATURES,
    label="phishing",
    identity=("number",),
    costs=Costs(missed=20.0, false_alarm=1.0, unit="minutes of an analyst"),
    compute=_compute,
    segments={"popularity": "popularity"},
    write_examples=_examples,
)
