"""How much of a stack is used in a month? A file of units, by the ids of prices."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from ops.cost.prices import prices
from ops.errors import UsageError

_FORM = (
    "a line each: a price's id and its units a month, such as `logs-gb: 12` or `sagemaker:ml.m5.xlarge: 3`; "
    "groundplan cost STACK --json names the ids"
)


def read_usage(path: Path) -> dict[str, float]:
    """The units of a usage file. Raises `UsageError` with every line that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read: {error}", _FORM) from error
    if not isinstance(content, Mapping):
        raise UsageError(f"{path} holds no units", _FORM)
    wrong = [fault for id, units in content.items() if (fault := _fault(str(id), units))]
    if wrong:
        raise UsageError(f"{path}: " + "; ".join(wrong), _FORM)
    return {str(id): float(units) for id, units in content.items()}


def _fault(id: str, units: Any) -> str:
    known = prices()
    if known.find(id) is None:
        every = [*known.by_id, *(one.id for kind in known.instances.values() for one in kind.values())]
        close = get_close_matches(id, every, n=1)
        return f"no price is called '{id}'" + (f"; was {close[0]} meant?" if close else "")
    if isinstance(units, bool) or not isinstance(units, int | float) or units < 0:
        return f"{id}: given {units!r}; allowed: a number from 0 on"
    return ""
