"""The page that shows how good a model is: one HTML file with plots in SVG, nothing loaded from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from ml.evaluation.metrics import Metrics
from ml.evaluation.plots import Line, bars, plot, rounded_up
from ml.evaluation.report import Evaluation

_STYLE = """
:root { --ink: #1c2430; --soft: #5d6b7c; --line: #d9e0e8; --paper: #ffffff; --wash: #f4f7fa; 
  --a: #1769aa; --b: #c8501e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --soft: #9fb0c2; --line: #33404f; 
  --paper: #141a21; --wash: #1c242d; --a: #5cb0f0; --b: #f28f5f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 40px 24px 64px; background: var(--paper); 
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 0 0 2px; }
p { margin: 0 0 12px; color: var(--soft); max-width: 70ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 24px 0 36px; }
.tile { background: var(--wash); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 28px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 14px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr));
  gap: 40px 36px; }
figure { margin: 0; display: flex; flex-direction: column; } figure p { flex: 1; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg text.value { fill: var(--ink); }
.axis { stroke: var(--line); stroke-width: 1; } .a { stroke: var(--a); } .b { stroke: var(--b); }
.fill-a { fill: var(--a); } .fill-b { fill: var(--b); } .stroke { fill: none; stroke-width: 2; }
.guide { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; fill: none; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
section { margin-top: 40px; } .scroll { overflow-x: auto; }
"""


def page(evaluation: Evaluation, *, title: str, about: str) -> str:
    """The whole page; `title` says what is predicted, `about` on which rows the figures stand."""
    metrics = evaluation.metrics
    tiles = "".join(
        f'<div class="tile"><b>{value}</b><span>{escape(label)}</span></div>'
        for value, label in (
            (_figure(metrics.pr_auc), f"PR-AUC; guessing gives {metrics.prevalence:.3f}"),
            (_figure(metrics.auc), "ROC-AUC; guessing gives 0.500"),
            (f"{metrics.calibration_error:.2%}", "calibration error: mean gap between said and true"),
            (
                _figure(metrics.brier),
                f"Brier score; the mean gives {metrics.prevalence * (1 - metrics.prevalence):.3f}",
            ),
            (f"{metrics.rows:,}", "rows never used in training"),
        )
    )
    segments = "".join(
        f"<section><h2>By {escape(name)}</h2>{_table(name, groups)}</section>"
        for name, groups in evaluation.segments.items()
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1><p>{escape(about)}</p>
<div class="tiles">{tiles}</div>
<div class="plots">{"".join(_figures(evaluation))}</div>
{segments}
</body></html>
"""


def _figures(evaluation: Evaluation) -> Sequence[str]:
    metrics, curve, roc = evaluation.metrics, evaluation.precision_recall, evaluation.roc
    top = rounded_up(max(max(part.said, part.came_true) for part in evaluation.bins))
    calibrated = Line(
        [part.said for part in evaluation.bins], [part.came_true for part in evaluation.bins], "a", dots=True
    )
    return [
        _titled(
            "Precision and recall",
            "Of the flagged, how many were right, as more and more are found. Dashed: guessing.",
            plot(
                [Line(curve.x.tolist(), curve.y.tolist(), "a")],
                guide=((0, metrics.prevalence), (1, metrics.prevalence)),
                x="share of positives found",
                y="share of flagged that were right",
            ),
        ),
        _titled(
            "ROC",
            "Positives found against negatives flagged in error. Dashed: guessing.",
            plot(
                [Line(roc.x.tolist(), roc.y.tolist(), "a")],
                guide=((0, 0), (1, 1)),
                x="share of negatives flagged",
                y="share of positives found",
            ),
        ),
        _titled(
            "Calibration",
            "What was said against what came true, in ten parts of equal count. Dashed: perfect.",
            plot(
                [calibrated],
                guide=((0, 0), (top, top)),
                x="probability said",
                y="share that came true",
                top=top,
            ),
        ),
        _titled(
            "What the model says",
            "Share of rows by probability, on a logarithmic scale: positives orange, negatives blue.",
            bars(
                *_histograms(evaluation),
                x="probability said",
            ),
        ),
    ]


def _histograms(evaluation: Evaluation) -> tuple[list[float], list[float]]:
    """Shares of negatives and of positives in twenty parts of the probability."""
    edges = np.linspace(0, 1, 21)
    found = [np.histogram(evaluation.said[evaluation.labels == label], edges)[0] for label in (0, 1)]
    negative, positive = (counts / max(counts.sum(), 1) for counts in found)
    return negative.tolist(), positive.tolist()


def _titled(title: str, about: str, drawing: str) -> str:
    return f"<figure><h2>{escape(title)}</h2><p>{escape(about)}</p>{drawing}</figure>"


def _table(name: str, groups: Mapping[str, Metrics]) -> str:
    rows = "".join(
        f"<tr><td>{escape(group)}</td><td>{found.rows:,}</td><td>{found.prevalence:.1%}</td>"
        f"<td>{_figure(found.pr_auc)}</td><td>{_figure(found.auc)}</td><td>{found.brier:.4f}</td>"
        f"<td>{found.calibration_error:.2%}</td></tr>"
        for group, found in groups.items()
    )
    head = "".join(
        f"<th>{escape(title)}</th>"
        for title in (name, "rows", "positive", "PR-AUC", "ROC-AUC", "Brier", "calibration error")
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
