"""The page that shows how a model fares: one HTML file with plots in SVG, nothing loaded from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from ml.evaluation.plots import Line, plot, rounded_up
from ml.monitoring.assessment import Assessment, Interval, date
from ml.monitoring.baseline import Baseline, Reference
from ml.monitoring.bins import Counts, Floats
from ml.monitoring.plots import Band, Cell, heat_map, pairs, series

SHOWN_DAYS = 400
_WORST = 6
_STYLE = """
:root { --ink: #1c2430; --soft: #5d6b7c; --line: #d9e0e8; --paper: #ffffff; --wash: #f4f7fa;
  --a: #1769aa; --b: #c8501e; --good: #2e7d4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --soft: #9fb0c2; --line: #33404f;
  --paper: #141a21; --wash: #1c242d; --a: #5cb0f0; --b: #f28f5f; --good: #6cc48f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 40px 24px 64px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 0 0 2px; } h3 { font-size: 15px; margin: 0 0 4px; font-weight: 600; }
p { margin: 0 0 12px; color: var(--soft); max-width: 76ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px;
  margin: 24px 0 12px; }
.tile { background: var(--wash); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 26px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 14px; } .tile.bad b { color: var(--b); }
.tile.well b { color: var(--good); }
section { margin-top: 40px; } .scroll { overflow-x: auto; } .wide { min-width: 640px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
  gap: 28px 32px; }
.two { display: grid; grid-template-columns: minmax(0, 440px) minmax(0, 1fr); gap: 36px;
  align-items: start; }
@media (max-width: 760px) { .two { grid-template-columns: 1fr; } }
figure { margin: 0; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg text.value { fill: var(--ink); }
svg text.small { font-size: 10.5px; }
.axis { stroke: var(--line); stroke-width: 1; fill: none; } .a { stroke: var(--a); } .b { stroke: var(--b); }
.fill-a { fill: var(--a); } .fill-b { fill: var(--b); }
.stroke { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.lasting { stroke: var(--b); stroke-width: .6; } .shade { fill: var(--b); opacity: .1; }
.between { fill: var(--a); opacity: .18; }
.guide { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; fill: none; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 4px 9px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
tr.bad td { color: var(--b); } .key { display: inline-block; width: .8em; height: .8em; border-radius: 2px;
  margin: 0 .3em 0 .6em; vertical-align: -.05em; } .key.a { background: var(--a); }
.key.b { background: var(--b); }
"""


def page(found: Assessment, baseline: Baseline, *, title: str) -> str:
    """The whole page."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{_lead(found, baseline)}</p>
<div class="tiles">{_tiles(found)}</div>
{_drift(found, baseline)}
{_worst(found, baseline)}
{_prediction(found, baseline)}
{_quality(found, baseline)}
{_missing(found)}
{_table(found)}
</body></html>
"""


def _lead(found: Assessment, baseline: Baseline) -> str:
    first, last = date(found.days[0]), date(found.days[-1])
    responsible = found.drifted
    said = {
        "ok": "The requests look like what the model learned from.",
        "watch": "Something is further away than it normally is, but not for long enough to count.",
        "recovered": "What had drifted has come back.",
        "quiet": "Too little was asked to say anything of this day.",
        "drifted": f"The requests have drifted: {', '.join(responsible[:5])}"
        + (f" and {len(responsible) - 5} more" if len(responsible) > 5 else "")
        + ".",
    }[found.verdict]
    return escape(
        f"{said} {first} to {last} (UTC), against {baseline.rows:,} rows of {baseline.days} days that the "
        "model learned from."
    )


def _tiles(found: Assessment) -> str:
    drift, prediction = found.features.lasting[-1].max(), found.prediction.lasting[-1, 0]
    concept, missing = found.concept_known[-1], found.missing[-1]
    tiles = [
        (found.verdict, f"the verdict on {date(found.days[-1])}", found.verdict in ("drifted",)),
        (f"{drift:.2f}", "drift that has lasted; above 1 it counts", drift > 1),
        (f"{prediction:.2f}", "drift of the probability; above 1 it counts", prediction > 1),
        (f"{concept:.2f}" if concept else "none", "concept drift; above 1 it counts", concept > 1),
        (f"{missing:.1%}", "of the due outcomes are missing", False),
        (f"{found.predictions[-1]:,}", "predictions on the last day", False),
    ]
    return "".join(
        f'<div class="tile{" bad" if bad else ""}"><b>{escape(value)}</b><span>{escape(label)}</span></div>'
        for value, label, bad in tiles
    )


def _drift(found: Assessment, baseline: Baseline) -> str:
    chosen = slice(max(0, len(found.days) - SHOWN_DAYS), None)
    dates = [date(day) for day in found.days[chosen]]
    verdicts = found.features.verdict[chosen]
    relative, lasting = found.features.relative[chosen], found.features.drifted[chosen]
    index, bound = found.features.psi[chosen], found.features.bound[chosen]
    quiet = np.array([verdict == "quiet" for verdict in verdicts])
    order = np.argsort(-np.where(quiet[:, None], 0, relative).max(axis=0), kind="stable")
    rows = [
        (
            found.drifts[feature].name,
            [
                Cell(
                    relative=math.nan if quiet[place] else float(relative[place, feature]),
                    told=f"{found.drifts[feature].name}, {dates[place]}: {index[place, feature]:.3f}, bound "
                    f"{bound[place, feature]:.3f}",
                    marked=bool(lasting[place, feature]),
                )
                for place in range(len(dates))
            ],
        )
        for feature in order
    ]
    largest = np.where(quiet, np.nan, relative.max(axis=1))
    longest = baseline.features.normal.longest
    return f"""<section><h2>Drift of the features</h2>
<p>By day, of the {
        longest
    } days up to it: how far each feature is from what the model learned from (population
stability index), relative to how far {
        longest
    } days normally are. Blue up to that bound, orange above it; outlined
once it has lasted.</p>
<div class="scroll"><div class="wide">{heat_map(rows, dates)}</div></div></section>
<section><h2>The furthest feature</h2>
<p>Relative to its bound, by day. Shaded: days of the verdict drifted.</p>
<div class="scroll"><div class="wide">{
        series(
            [Band(largest.tolist())],
            dates,
            y="relative to the bound",
            limit=1.0,
            shaded=[verdict == "drifted" for verdict in verdicts],
        )
    }</div></div></section>"""


def _worst(found: Assessment, baseline: Baseline) -> str:
    relative = found.features.relative[-1]
    reference = baseline.features
    figures = []
    for place in np.argsort(-relative)[:_WORST]:
        one = found.drifts[place]
        begin = reference.begin[place]
        part = slice(begin, begin + reference.bins[place].count)
        figures.append(
            f"<figure><h3>{escape(one.name)}: {one.psi:.2f} (bound "
            f"{found.features.bound[-1, place]:.2f})</h3>"
            f"{_shares(reference, int(place), found.window[part])}</figure>"
        )
    return f"""<section><h2>Then and now</h2>
<p>The six features that are furthest, relative to their bounds, in the last window:
<span class="key a"></span>what the model learned from, <span class="key b"></span>now. Bins are tenths of the
former.</p>
<div class="plots">{"".join(figures)}</div></section>"""


def _shares(reference: Reference, place: int, now: Counts) -> str:
    bins, begin = reference.bins[place], reference.begin[place]
    before = reference.counts[begin : begin + bins.count]
    labels = bins.labels()
    used = [number for number in range(bins.count) if before[number] or now[number]]
    return pairs(
        [labels[number] for number in used],
        (before[used] / max(before.sum(), 1)).tolist(),
        (now[used] / max(now.sum(), 1)).tolist(),
    )


def _prediction(found: Assessment, baseline: Baseline) -> str:
    chosen = slice(max(0, len(found.days) - SHOWN_DAYS), None)
    dates = [date(day) for day in found.days[chosen]]
    mean = np.array([one.said / one.rows if one.rows else np.nan for one in found.sums[chosen]])
    true = np.array([one.positives / one.rows if one.rows else np.nan for one in found.sums[chosen]])
    drifted = found.prediction.drifted[chosen, 0].tolist()
    alert = (
        f" From a probability of {baseline.threshold:.3g} on something is done: "
        f"{_last(found.alert_rate):.1%} of the last day's predictions, {baseline.alert_rate:.1%} in "
        "validation."
        if baseline.threshold is not None
        else ""
    )
    return f"""<section><h2>What the model says, and what came true</h2>
<p><span class="key a"></span>Mean probability and <span class="key b"></span>share that came true, by day, of
predictions whose outcome is known. Shaded: days on which the probability's distribution had drifted.{
        escape(alert)
    }</p>
<div class="scroll"><div class="wide">{
        series(
            [Band(true.tolist(), "b"), Band(mean.tolist(), "a")],
            dates,
            y="of predictions",
            percent=True,
            shaded=drifted,
        )
    }</div></div></section>"""


def _quality(found: Assessment, baseline: Baseline) -> str:
    before, now = baseline.performance, found.now
    chosen = slice(max(0, len(found.days) - SHOWN_DAYS), None)
    dates = [date(day) for day in found.days[chosen]]
    parts = []
    if "calibration" in found.concept:
        stream = found.concept["calibration"]
        drifted = np.any([one.drifted for one in found.concept.values()], axis=0)[chosen]
        parts.append(
            "<p>By day, how many more came true than was said, in standard deviations of such a day "
            "(<span class='key a'></span>its fourteen days' mean). Shaded: river's Page-Hinkley test has "
            "found a change that has not gone away.</p><div class='scroll'><div class='wide'>"
            + series(
                [
                    Band(stream.residual[chosen].tolist(), "b", dots=True),
                    Band(_rolling(stream.residual, 14)[chosen].tolist(), "a"),
                ],
                dates,
                y="standard deviations",
                shaded=drifted.tolist(),
            )
            + "</div></div>"
        )
    if now is not None:
        top = rounded_up(max([*now.said, *now.came_true, *before.said, *before.came_true, 0.01]))
        drawing = plot(
            [
                Line(list(before.said), list(before.came_true), "a", dots=True),
                Line(list(now.said), list(now.came_true), "b", dots=True),
            ],
            guide=((0, 0), (top, top)),
            x="probability said",
            y="share that came true",
            top=top,
        )
        rows = [
            ("Brier score", f"{before.brier:.4f}", _told(now.brier, "{:.4f}")),
            ("came true less said", "0", _told(now.gap, "{:+.2%}")),
            (
                "PR-AUC",
                "–" if before.pr_auc is None else f"{before.pr_auc:.3f}",
                "–" if now.pr_auc is None else _told(now.pr_auc, "{:.3f}"),
            ),
            ("rows", f"{before.rows:,}", f"{now.rows:,}"),
        ]
        listed = "".join(
            f"<tr><td>{name}</td><td>{then}</td><td>{since}</td></tr>" for name, then, since in rows
        )
        parts.append(
            f"<div class='two'><figure><h3>Calibration: <span class='key a'></span>validation, "
            f"<span class='key b'></span>the last 28 days</h3>{drawing}</figure><div><h3>Figures, with 95 % "
            "intervals over days</h3><table><thead><tr><th></th><th>validation</th><th>last 28 days</th>"
            f"</tr></thead><tbody>{listed}</tbody></table></div></div>"
        )
    if not parts:
        parts.append("<p>No outcome is known yet.</p>")
    return f"<section><h2>Is it still right?</h2>{''.join(parts)}</section>"


def _missing(found: Assessment) -> str:
    chosen = slice(max(0, len(found.days) - SHOWN_DAYS), None)
    dates = [date(day) for day in found.days[chosen]]
    shares = [one.share if one.due else math.nan for one in found.due[chosen]]
    delays = [one.delay / 60 for one in found.sums if not math.isnan(one.delay)]
    usual = f" Half of the outcomes come within {np.median(delays):.1f} hours." if delays else ""
    segments = "".join(
        f"<figure><h3>By {escape(name)}</h3><div class='scroll'><table><thead><tr><th></th><th>due</th>"
        "<th>missing</th></tr></thead><tbody>"
        + "".join(
            f"<tr><td>{escape(value)}</td><td>{one.due:,}</td><td>{one.share:.1%}</td></tr>"
            for value, one in sorted(values.items(), key=lambda pair: -pair[1].share)
        )
        + "</tbody></table></div></figure>"
        for name, values in found.segments.items()
    )
    return f"""<section><h2>Missing outcomes</h2>
<p>Share of a day's predictions that have no outcome {found.delay_days} days later.{escape(usual)}</p>
<div class="scroll"><div class="wide">{series([Band(shares)], dates, y="missing", percent=True)}</div></div>
<div class="plots" style="margin-top:20px">{segments}</div></section>"""


def _table(found: Assessment) -> str:
    rows = "".join(
        f'<tr class="{"bad" if found.features.drifted[-1, place] else ""}"><td>{escape(one.name)}</td>'
        f"<td>{one.psi:.3f}</td><td>{found.features.bound[-1, place]:.3f}</td>"
        f"<td>{found.features.relative[-1, place]:.2f}</td><td>{found.features.lasting[-1, place]:.2f}</td>"
        f"<td>{one.jensen_shannon:.3f}</td><td>{one.largest_gap:.3f}</td><td>{one.missing_before:.1%}</td>"
        f"<td>{one.missing:.1%}</td><td>{one.new:.1%}</td></tr>"
        for place, one in sorted(
            enumerate(found.drifts), key=lambda pair: -found.features.relative[-1, pair[0]]
        )
    )
    head = "".join(
        f"<th>{title}</th>"
        for title in (
            "feature",
            "PSI",
            "bound",
            "relative",
            "lasting",
            "Jensen-Shannon",
            "largest gap",
            "missing then",
            "missing now",
            "new values",
        )
    )
    return f"""<section><h2>Every feature</h2>
<p>The last window. The largest gap is between cumulative distributions (the KS statistic); of categories it
is the total variation.</p>
<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"""


def _rolling(values: Floats, days: int) -> Floats:
    found = np.full(len(values), np.nan)
    for place in range(len(values)):
        part = values[max(0, place + 1 - days) : place + 1]
        known = part[~np.isnan(part)]
        found[place] = known.mean() if len(known) else np.nan
    return found


def _last(values: Floats) -> float:
    known: Sequence[float] = values[~np.isnan(values)].tolist()
    return known[-1] if known else 0.0


def _told(one: Interval, form: str) -> str:
    return f"{form.format(one.value)} ({form.format(one.low)} to {form.format(one.high)})"
