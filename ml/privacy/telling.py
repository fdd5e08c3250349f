"""The figures of a use case, told once: read, judge, spend the budget, add noise, write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ml.case import UseCase
from ml.container import JobFailed, write_json
from ml.integration.engines import Engine, open_engine
from ml.integration.loading import load
from ml.privacy.figures import told
from ml.privacy.ledger import spend
from ml.quality.judging import judge
from ml.quality.reading import parts_of


class NothingToTell(JobFailed):
    """The use case declares no figures."""

    def __init__(self, case: str) -> None:
        super().__init__(
            f"The use case {case} declares no figures; allowed: `figures` and a `budget` in its CASE "
            "(docs/privacy.md)."
        )


def run(case: UseCase, *, raw: Path, out: Path, ledger: Path, say: Callable[[str], None] = print) -> None:
    """Writes `figures.json`. What is told is in the ledger before it is computed: a run that ends in between
    has spent it. Raises NothingToTell, BudgetSpent, and what reading and judging raise.
    """
    if case.budget is None or not case.figures:
        raise NothingToTell(case.name)
    engine = open_engine("duckdb")
    try:
        loaded = load(engine, case.sources, str(raw))
        judged = judge(engine, loaded.tables, case.sources, case.quality, screened=loaded.aside)
        spent = spend(ledger, _digest(engine, case, raw), case.figures, case.budget)
        sources = {source.name: source for source in case.sources}
        figures = [
            told(engine, judged.tables[one.source], sources[one.source], one, case.budget)
            for one in case.figures
        ]
    finally:
        engine.close()
    document = {
        "figures": [asdict(one) for one in figures],
        "spent": {
            "epsilon": sum(one.epsilon for one in spent),
            "delta": sum(one.delta for one in spent),
        },
        "budget": asdict(case.budget),
    }
    write_json(out / "figures.json", document)
    say(f"told {len(figures)} figures; spent: epsilon {document['spent']['epsilon']:g}")  # type: ignore[index]


def _digest(engine: Engine, case: UseCase, raw: Path) -> str:
    """The SHA-256 of the sources that figures are told of, in hexadecimal."""
    whole = hashlib.sha256()
    told = {figure.source for figure in case.figures}
    for source in sorted((one for one in case.sources if one.name in told), key=lambda one: one.name):
        for part in parts_of(engine.files, source, str(raw)):
            with Path(part.path).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
            whole.update(part.label.as_posix().encode() + b"\0" + digest)
    return whole.hexdigest()
