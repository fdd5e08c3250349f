"""What do AWS Budgets (plain text) and Cost Anomaly Detection (JSON) say?

Sources: messages that AWS Budgets sent; AWS Cost Management user guide, "Creating an Amazon SNS topic for
anomaly notifications".
"""

import re
from typing import Any

from .notice import Body, Notice

_LINE = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+): (?P<value>.+)$", re.MULTILINE)
_BUDGETS = "https://console.aws.amazon.com/billing/home#/budgets"
_MOST_CAUSES = 5


def budget(text: str, stack: str) -> Notice | None:
    """What a budget's text says; None for a text that is none."""
    facts = {match["name"]: match["value"].strip() for match in _LINE.finditer(text)}
    if "Budget Name" not in facts or "Budgeted Amount" not in facts:
        return None
    forecast = facts.get("Alert Type", "").upper().startswith("FORECAST")
    amount = facts.get("Forecasted Amount" if forecast else "Actual Amount", "?")
    limit = facts["Budgeted Amount"]
    share = _share(amount, limit)
    spent = "is forecast to cost" if forecast else "has cost"
    of_limit = "" if share is None else f", {share} % of the budget"
    threshold = facts.get("Alert Threshold", "?").lstrip("<>= ")
    return Notice(
        mood="bad" if not forecast and share is not None and share >= 100 else "caution",
        heading=f"{stack} {spent} {amount} this month{of_limit}",
        texts=(f"The budget is {limit} a month; the alert was set at {threshold}.",),
        facts=(("Budget", facts["Budget Name"]), ("Alert", facts.get("Alert Type", "?"))),
        links=(("Open AWS Budgets", _BUDGETS),),
    )


def anomaly(body: Body) -> Notice:
    """What an anomaly says: how much more than expected, of what, since when."""
    impact = body.get("impact") or {}
    facts = [
        ("Expected", _dollars(impact.get("totalExpectedSpend"))),
        ("Actual", _dollars(impact.get("totalActualSpend"))),
        ("Since", str(body.get("anomalyStartDate") or "")[:10]),
        ("Monitor", str(body.get("monitorName") or body.get("monitorArn") or "")),
    ]
    more = impact.get("totalImpactPercentage")
    by = f" ({more:,.0f} % more)" if isinstance(more, int | float) else ""
    causes = [one for one in body.get("rootCauses") or () if isinstance(one, dict)]
    link = str(body.get("anomalyDetailsLink") or "")
    return Notice(
        mood="caution",
        heading=f"Unusual cost: {_dollars(impact.get('totalImpact'))} above what was expected{by}",
        texts=tuple(_cause(one) for one in causes[:_MOST_CAUSES])
        or (str(body.get("dimensionalValue") or ""),),
        facts=tuple((label, value) for label, value in facts if value),
        links=(("Open the anomaly", link),) if link.startswith("https://") else (),
    )


def _cause(one: dict[str, Any]) -> str:
    parts = [one.get("service"), one.get("usageType"), one.get("region"), one.get("linkedAccount")]
    return " · ".join(str(part) for part in parts if part)


def _dollars(amount: Any) -> str:
    return f"${amount:,.2f}" if isinstance(amount, int | float) else ""


def _share(amount: str, limit: str) -> int | None:
    """What percentage of the limit the amount is, rounded down: 99.9 % is not the whole."""
    try:
        whole = float(limit.strip("$").replace(",", ""))
        return int(float(amount.strip("$").replace(",", "")) * 100 / whole) if whole else None
    except ValueError:
        return None
