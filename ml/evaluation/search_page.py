"""What did a search for hyperparameters find, and does it hold? A document and one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from ml.evaluation import html
from ml.evaluation.parallel import Way, parallel
from ml.evaluation.series import Axis, Series, chart, horizontal
from ml.evaluation.variants import Judged, Mean, over_folds
from ml.training.comparison import Outcome
from ml.training.search import Search
from ml.training.trials import Found, Trial
from ml.training.tried import DEFAULT, told


@dataclass(frozen=True)
class Confirmed:
    """The default and the best trials on folds by time.

    `holds` names the trial that is better than the default in the mean and in most of the folds: None
    where there is none, and the default stays.
    """

    figures: Mapping[str, Mean]
    by_fold: Mapping[str, Mapping[str, float]]
    holds: str | None

    @property
    def verdict(self) -> str:
        """In words."""
        default = self.figures[DEFAULT].pr_auc
        if self.holds is None:
            return f"on folds by time nothing holds against the default (pr_auc {default:.4f}): keep it"
        return (
            f"on folds by time {self.holds} holds: pr_auc {self.figures[self.holds].pr_auc:.4f} against "
            f"{default:.4f} of the default"
        )


def confirm(outcomes: Sequence[Outcome]) -> Confirmed:
    """Of the default and trials on the same folds."""
    judged = [Judged.of(outcome) for outcome in outcomes]
    by_fold: dict[str, dict[str, float]] = {}
    for one in judged:
        by_fold.setdefault(one.variant, {})[one.part] = one.after.pr_auc or 0.0
    figures, default = over_folds(judged), by_fold[DEFAULT]
    better = [
        name
        for name, values in by_fold.items()
        if figures[name].pr_auc > figures[DEFAULT].pr_auc
        and 2 * sum(values[fold] > default[fold] for fold in default) > len(default)
    ]
    return Confirmed(figures, by_fold, max(better, key=lambda name: figures[name].pr_auc, default=None))


def document(
    wanted: Search, found: Found, importance: Mapping[str, float], confirmed: Confirmed | None
) -> dict[str, Any]:
    """`tuning.json`; `best` are hyperparameters as a training job takes them."""
    return {
        "search": wanted.kind,
        "seed": wanted.base.seed,
        "space": {name: asdict(span) for name, span in wanted.space.items()},
        "default": _plain(found.default),
        "best": _plain(found.best),
        "trials": [_plain(trial) for trial in found.trials],
        "importance": dict(importance),
        "confirmed": None
        if confirmed is None
        else {
            "holds": confirmed.holds,
            "verdict": confirmed.verdict,
            "mean_over_folds": {name: asdict(one) for name, one in confirmed.figures.items()},
            "pr_auc_by_fold": {name: dict(values) for name, values in confirmed.by_fold.items()},
        },
    }


def page(
    question: str,
    wanted: Search,
    found: Found,
    importance: Mapping[str, float],
    confirmed: Confirmed | None,
) -> str:
    """One HTML page, its plots in SVG."""
    title = f"{question} Hyperparameters searched"
    body = [
        f"<h1>{escape(title)}</h1><p>{len(found.trials)} trials, {wanted.kind} search, seed "
        f"{wanted.base.seed}. Judged by the validation PR-AUC of the best round.</p>",
        _tiles(found, confirmed),
        _confirmation(confirmed),
        html.section("History", "", _history(found)),
        html.section("Importance", "Share in being among the better trials (PED-ANOVA).", _bars(importance)),
        html.section("All at once", "A trial a line; orange the better half.", _parallel(wanted, found)),
        html.section("One by one", "The value by each hyperparameter.", _slices(wanted, found)),
        html.section("Trials", "", _table(found)),
    ]
    return html.document(title, "".join(body))


def _plain(trial: Trial) -> dict[str, Any]:
    kept = asdict(trial)
    del kept["system"], kept["curve"]
    return kept


def _tiles(found: Found, confirmed: Confirmed | None) -> str:
    name = "the default" if found.best is found.default else f"trial {found.best.number + 1}"
    tiles = [
        html.tile(f"{found.best.value:.4f}", name, "best validation PR-AUC"),
        html.tile(f"{found.default.value:.4f}", "", "of the default"),
        html.tile(str(sum(trial.pruned for trial in found.trials)), "", "trials cut short"),
    ]
    if confirmed is not None:
        tiles.append(html.tile(confirmed.holds or "none", "", "holds on folds by time"))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _confirmation(confirmed: Confirmed | None) -> str:
    if confirmed is None:
        return ""
    folds = list(confirmed.by_fold[DEFAULT])
    rows = [
        [name, f"{one.pr_auc:.4f}", f"{one.auc:.4f}", f"{one.brier:.4f}"]
        + [f"{confirmed.by_fold[name][fold]:.4f}" for fold in folds]
        for name, one in confirmed.figures.items()
    ]
    head = ["", "PR-AUC", "ROC-AUC", "Brier", *(f"PR-AUC {fold}" for fold in folds)]
    return html.section("On folds by time", confirmed.verdict, html.table(head, rows, left=(0,)))


def _history(found: Found) -> str:
    numbers = [trial.number + 1 for trial in found.trials]
    best: list[float] = []
    for trial in found.trials:
        best.append(max([trial.value, *best[-1:]]))
    cut = [trial for trial in found.trials if trial.pruned]
    ends = [1.0, float(max(numbers, default=1))]
    series = [
        Series("best so far", numbers, best, colour=0),
        Series("default", ends, [found.default.value] * 2, colour=7),
        Series(
            "trial", [one.number + 1 for one in found.ranked], [one.value for one in found.ranked], 1, False
        ),
        Series("cut short", [one.number + 1 for one in cut], [one.value for one in cut], 5, False),
    ]
    return chart([one for one in series if one.x], Axis("trial"), Axis("validation PR-AUC"))


def _bars(importance: Mapping[str, float]) -> str:
    if not importance:
        return "<p>Too few trials ran to their end to say.</p>"
    return horizontal(list(importance), list(importance.values()), x="share")


def _parallel(wanted: Search, found: Found) -> str:
    ended = found.ranked
    if not ended:
        return ""
    ways = [
        Way([*(one.parameters[name] for name in wanted.space), one.value], place < (len(ended) + 1) // 2)
        for place, one in enumerate(ended)
    ]
    axes = [Axis(name, span.low, span.high, span.log) for name, span in wanted.space.items()]
    return parallel([*axes, Axis("PR-AUC")], ways)


def _slices(wanted: Search, found: Found) -> str:
    drawn = []
    for name, span in wanted.space.items():
        kinds = [("trial", [one for one in found.trials if not one.pruned], 0)]
        kinds.append(("cut short", [one for one in found.trials if one.pruned], 5))
        series = [
            Series(
                kind, [one.parameters[name] for one in trials], [one.value for one in trials], colour, False
            )
            for kind, trials, colour in kinds
            if trials
        ]
        axis = Axis(name, span.low, span.high, span.log)
        drawn.append(f"<figure><h3>{escape(name)}</h3>{chart(series, axis, Axis('PR-AUC'))}</figure>")
    return f'<div class="two">{"".join(drawn)}</div>'


def _table(found: Found) -> str:
    rows = [
        [
            "default" if one.number < 0 else str(one.number + 1),
            f"{'good:' if one is found.best else ''}{one.value:.4f}",
            str(one.rounds),
            "cut short" if one.pruned else "",
            f"{one.seconds:.1f}",
            told(one),
        ]
        for one in (found.default, *found.trials)
    ]
    head = ["trial", "PR-AUC", "best round", "", "seconds", "hyperparameters"]
    return html.table(head, rows, left=(0, 5))
