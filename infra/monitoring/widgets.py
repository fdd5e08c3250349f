"""What is a dashboard made of? Widgets as CloudWatch's dashboard body wants them, laid out row by row.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_WIDTH = 24
"""Units of a dashboard's grid."""

Widget = Mapping[str, Any]
"""A widget without its place."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A metric in a graph; `expression` instead of a metric computes one of others, by their `id`."""

    label: str = ""
    namespace: str = ""
    metric: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    stat: str = "Sum"
    period: int = 60
    expression: str = ""
    id: str = ""
    shown: bool = True
    region: str = ""
    right: bool = False

    def body(self) -> list[Any]:
        """The line as a dashboard's `metrics` has it."""
        told: dict[str, Any] = {"stat": self.stat, "period": self.period}
        if self.expression:
            told = {"expression": self.expression, "period": self.period}
        for name, value in (("label", self.label), ("id", self.id), ("region", self.region)):
            if value:
                told[name] = value
        if not self.shown:
            told["visible"] = False
        if self.right:
            told["yAxis"] = "right"
        if self.expression:
            return [told]
        place = [part for pair in self.dimensions.items() for part in pair]
        return [self.namespace, self.metric, *place, told]


def graph(
    title: str,
    lines: Sequence[Line],
    *,
    region: str,
    limits: Mapping[str, float] | None = None,
    stacked: bool = False,
    unit: str = "",
) -> Widget:
    """Lines over time, with horizontal limits (label → value)."""
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "stacked": stacked,
        "region": region,
        "metrics": [line.body() for line in lines],
    }
    if limits:
        properties["annotations"] = {
            "horizontal": [{"label": label, "value": value} for label, value in limits.items()]
        }
    if unit:
        properties["yAxis"] = {"left": {"label": unit, "showUnits": False, "min": 0}}
    return {"type": "metric", "height": 6, "properties": properties}


def text(markdown: str, height: int = 2) -> Widget:
    """Words and links."""
    return {"type": "text", "height": height, "properties": {"markdown": markdown}}


def states(title: str, alarm_arns: Sequence[str]) -> Widget:
    """How alarms stand."""
    return {"type": "alarm", "height": 3, "properties": {"title": title, "alarms": list(alarm_arns)}}


def links(pages: Mapping[str, str]) -> str:
    """Markdown of links: label → URL."""
    return " · ".join(f"[{label}]({url})" for label, url in pages.items())


def laid_out(*rows: Sequence[Widget]) -> str:
    """A dashboard's body: the widgets of a row share its width."""
    placed, top = [], 0
    for row in rows:
        if not row:
            continue
        width, height = _WIDTH // len(row), max(int(widget["height"]) for widget in row)
        placed += [
            {**widget, "x": place * width, "y": top, "width": width, "height": height}
            for place, widget in enumerate(row)
        ]
        top += height
    return json.dumps({"start": "-P1D", "widgets": placed}, sort_keys=True)
