"""What does a unit cost? The prices of `prices.yaml`, each with its source and its date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_FILE: Final = Path(__file__).with_name("prices.yaml")


@dataclass(frozen=True)
class Price:
    """The price of one unit in US dollars. `free` units a month cost an account nothing."""

    id: str
    what: str
    unit: str
    usd: float
    source: str
    """AWS's own page for this price."""
    as_of: date
    """The date of the text that the price was read in, or is known from."""
    read: str = ""
    """The text that it was read in; empty: known from AWS's documentation, and not read again."""
    free: float = 0.0


@dataclass(frozen=True)
class Prices:
    """The whole list."""

    region: str
    hours: float
    """Hours of a month: 730, as AWS's calculator counts them."""
    by_id: Mapping[str, Price]
    instances: Mapping[str, Mapping[str, Price]]
    """By kind (`sagemaker`, `msk`) and instance type, a price an hour."""

    def instance(self, kind: str, type: str) -> Price | None:
        """The price of an instance an hour; None where the list lacks its type."""
        return self.instances[kind].get(type)

    def find(self, id: str) -> Price | None:
        """A price by its id; instances are `sagemaker:ml.m5.large`."""
        kind, colon, type = id.partition(":")
        return self.instance(kind, type) if colon and kind in self.instances else self.by_id.get(id)


@cache
def prices() -> Prices:
    """The prices, read once."""
    content: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    by_id = {id: Price(id=id, **one) for id, one in content["prices"].items()}
    instances = {
        kind: {
            type: Price(
                id=f"{kind}:{type}",
                what=f"{told['what']} {type}",
                unit="hour",
                usd=usd,
                source=told["source"],
                as_of=told["as_of"],
                read=told.get("read", ""),
            )
            for type, usd in told["usd"].items()
        }
        for kind, told in content["instances"].items()
    }
    return Prices(content["region"], float(content["hours_a_month"]), by_id, instances)
