"""From the source to one row a website: its features, whether it was phishing, and when it was seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ibis.expr.types import Table

from ml.case import PERIOD
from ml.integration.engines import Engine

_SITES_A_PERIOD = 125


def compute(engine: Engine, tables: Mapping[str, Table]) -> Table:
    """Everything is known when a website is seen; a period is as many websites as came one after another."""
    sites = tables["sites"]
    return sites.mutate(
        phishing=sites.is_phishing.cast("int8"),
        popularity=sites.is_popular.cases((0.0, "popular"), (0.5, "known"), else_="unknown"),
        **{PERIOD: (sites.number // _SITES_A_PERIOD).cast("int32")},
    ).drop("is_phishing", "is_popular")


def write_examples(engine: Engine, tests: Table, tables: Mapping[str, Table], path: Path) -> int:
    """A few websites to ask about, as `groundplan predict` shows them."""
    from ml.phishing.case import FEATURES

    names = [feature.name for feature in FEATURES]
    rows = engine.rows(tests.order_by("number").limit(10).select("number", "phishing", *names))
    with path.open("w", encoding="utf-8") as file:
        for number, phishing, *values in rows:
            example = {
                "request": dict(zip(names, values, strict=True)),
                "shown": f"website {number}",
                "outcome": "phishing" if phishing else "sound",
                "event": "being a phishing site",
            }
            file.write(json.dumps(example) + "\n")
    return len(rows)
