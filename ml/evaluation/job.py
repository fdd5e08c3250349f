"""An evaluation job, for any use case: run the archived model on a test set, judge it, write its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.case import PERIOD, UseCase
from ml.container import JobFailed, write_json
from ml.evaluation import gates
from ml.evaluation.archived import Archived, ask
from ml.evaluation.bootstrap import Integers, Resamples, draw
from ml.evaluation.card import Made, card
from ml.evaluation.comparison import Comparison, Contender, compare
from ml.evaluation.report import Evaluation, Judged, NothingToEvaluate, document, evaluate
from ml.training import data


class PeriodsUsed(JobFailed):
    """Rows that are to judge a model are of periods that have been used for it."""

    def __init__(self, used: frozenset[int], by: str) -> None:
        named = ", ".join(map(str, sorted(used)))
        super().__init__(
            f"The rows hold periods that the model was {by}: {named}. What it has seen says nothing of how "
            "it will do; give a folder without these."
        )


class PeriodsUnknown(JobFailed):
    """The model does not say on which periods it was made."""

    def __init__(self) -> None:
        super().__init__(
            "manifest.json of the model lists no `periods`, so nobody can say which months it has not seen: "
            "train it anew."
        )


_FITTED = "trained, stopped or calibrated on"


@dataclass(frozen=True)
class _Rows:
    """What the rows of a folder say beside the features."""

    segments: dict[str, npt.NDArray[np.str_]]
    clusters: Integers | None
    periods: Integers


def run(
    case: UseCase,
    *,
    model: Path,
    test: Path,
    out: Path,
    champion: Path | None = None,
    external: Path | None = None,
    asked: gates.Limits | None = None,
) -> Judged:
    """Writes `evaluation.json` and the model card `evaluation.html`; a failed gate is told, not raised.

    The probabilities come from the handlers that serve the model. Raises PeriodsUsed, JobFailed, BrokenModel
    or NothingToEvaluate.
    """
    archived = ask(model, test, case.label, case.costs)
    rows = _read(case, test)
    seen = frozenset(rows.periods.tolist()) & (archived.knew or frozenset())
    if seen:
        raise PeriodsUsed(seen, _FITTED)
    found, resamples = _evaluate(case, archived, rows)
    limits = asked or gates.Limits()
    comparison, why = _compare(case, archived, rows, resamples, champion, test, limits.champion_margin)
    outside = None
    if external is not None:
        outside = _external(case, model, external, frozenset(found.periods))
    judged = Judged(
        evaluation=found,
        comparison=comparison,
        no_comparison=why,
        external=outside,
        gates=gates.judge(limits, _measured(found, comparison, why, outside, archived)),
    )
    _write(case, judged, archived, out, "evaluation")
    scores = found.scores
    assert scores.pr_auc is not None  # noqa: S101 – NothingToEvaluate was raised else
    assert scores.auc is not None  # noqa: S101
    print(
        f"test-pr_auc={scores.pr_auc.value:.4f} test-auc={scores.auc.value:.4f} "
        f"test-brier={scores.brier.value:.4f} "
        f"test-calibration_error={scores.calibration_error.value:.4f} rows={scores.rows}",
        flush=True,
    )
    for gate in judged.gates:
        print(_line(gate), flush=True)
    return judged


def run_external(case: UseCase, *, model: Path, rows: Path, out: Path, used: frozenset[int]) -> Judged:
    """Writes `external.json` and `external.html`: the model on periods that neither its manifest lists nor
    `used` names. Raises PeriodsUsed, PeriodsUnknown, JobFailed, BrokenModel or NothingToEvaluate.
    """
    found = _external(case, model, rows, used)
    archived = ask(model, rows, case.label, case.costs)
    judged = Judged(evaluation=found, no_comparison="an external validation compares nothing")
    _write(case, judged, archived, out, "external")
    return judged


def _external(case: UseCase, model: Path, folder: Path, used: frozenset[int]) -> Evaluation:
    archived, rows = ask(model, folder, case.label, case.costs), _read(case, folder)
    periods = frozenset(rows.periods.tolist())
    if archived.knew is None:
        raise PeriodsUnknown
    if periods & archived.knew:
        raise PeriodsUsed(periods & archived.knew, _FITTED)
    if periods & used:
        raise PeriodsUsed(periods & used, "judged by")
    return _evaluate(case, archived, rows)[0]


def _evaluate(case: UseCase, archived: Archived, rows: _Rows) -> tuple[Evaluation, Resamples]:
    resamples = draw(archived.labels, rows.clusters)
    found = evaluate(
        archived.labels,
        archived.said,
        rows.segments,
        threshold=archived.threshold,
        costs=case.costs,
        resamples=resamples,
        periods=tuple(sorted(set(rows.periods.tolist()))),
    )
    return found, resamples


def _compare(
    case: UseCase,
    model: Archived,
    rows: _Rows,
    resamples: Resamples,
    champion: Path | None,
    test: Path,
    margin: float | None,
) -> tuple[Comparison | None, str]:
    """The comparison, or why there is none: a champion that cannot answer must not keep out its successor."""
    if champion is None:
        return None, "no champion was given"
    if champion.is_dir() and not any(
        (champion / name).exists() for name in ("model.tar.gz", "contract.json")
    ):
        return None, "no model of this group has been approved yet"
    try:
        theirs = ask(champion, test, case.label, case.costs)
    except (JobFailed, ValueError) as error:
        return None, f"the champion cannot answer for these rows: {error}"
    # What the champion was fitted on flatters it.
    fresh = ~np.isin(rows.periods, sorted(theirs.knew or ()))
    labels = model.labels[fresh]
    if not len(labels) or labels.min() == labels.max():
        return None, "the champion was trained on the periods of the test set"
    found = compare(
        labels,
        Contender(model.said[fresh], model.threshold),
        Contender(theirs.said[fresh], theirs.threshold),
        case.costs,
        resamples.of(fresh),
        margin=margin,
        left_out=int((~fresh).sum()),
    )
    return found, ""


def _measured(
    found: Evaluation,
    comparison: Comparison | None,
    why: str,
    external: Evaluation | None,
    archived: Archived,
) -> gates.Measured:
    if found.scores.pr_auc is None or found.scores.auc is None:
        raise NothingToEvaluate("The test set has labels of one class alone; it needs both.")
    judged = [
        group.scores.auc.value
        for groups in found.segments.values()
        for group in groups
        if group.worse is not None and group.scores.auc is not None
    ]
    outside = external.scores.auc if external is not None else None
    absent = {
        "segment": "no segment has rows enough to be judged",
        "champion": why,
        "latency": "the archive has no compression.json that says",
        "external": "no months that nobody has used were given",
    }
    return gates.Measured(
        pr_auc=found.scores.pr_auc.value,
        auc=found.scores.auc.value,
        calibration_error=found.scores.calibration_error.value,
        segment_auc=min(judged, default=None),
        champion_low=comparison.differences["pr_auc"].gain.low if comparison else None,
        megabytes=archived.megabytes,
        milliseconds=archived.milliseconds,
        external_auc=outside.value if outside is not None else None,
        absent=absent,
    )


def _read(case: UseCase, folder: Path) -> _Rows:
    kinds, names = list(case.segments.values()), list(case.clusters)
    found = data.columns(folder, [*kinds, *names, PERIOD])
    clusters = found[len(kinds) : len(kinds) + len(names)]
    return _Rows(
        segments={
            name: np.array(_ordered(values)) for name, values in zip(case.segments, found, strict=False)
        },
        clusters=_numbered(clusters) if clusters else None,
        periods=np.asarray(found[-1], dtype=np.int64),
    )


def _numbered(columns: list[npt.NDArray[Any]]) -> Integers:
    """A number for each row: the same where all the columns are."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, place = np.unique(np.ma.getdata(column), return_inverse=True)
        number = number * len(values) + place.reshape(-1)
    return number


def _write(case: UseCase, judged: Judged, archived: Archived, out: Path, name: str) -> None:
    write_json(out / f"{name}.json", document(judged))
    made = Made(
        archived.manifest, archived.features, archived.megabytes, archived.milliseconds, archived.variant
    )
    (out / f"{name}.html").write_text(card(case, judged, made), encoding="utf-8")


def _line(gate: gates.Gate) -> str:
    if gate.passed is None:
        return f"gate {gate.name}: not judged, {gate.why}"
    return f"gate {gate.name}: " + ("passed" if gate.passed else f"failed, {gate.shortfall}")


def _ordered(values: npt.NDArray[Any]) -> list[str]:
    """Groups as text; whole numbers padded, so that month 9 stands before month 10."""
    return [f"{value:02d}" if isinstance(value, int) else str(value) for value in values.tolist()]


def used_in(document: Mapping[str, Any]) -> frozenset[int]:
    """The periods that an `evaluation.json` was made on."""
    return frozenset(int(period) for period in document.get("dataset", {}).get("periods", ()))
