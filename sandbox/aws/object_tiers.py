"""Which lifecycle rules does S3 refuse? What it says at deploy of their days and tiers.

Source: S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle", and the answers of
PutBucketLifecycleConfiguration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_WATERFALL = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""An object moves down this list alone."""
_INFREQUENT = ("STANDARD_IA", "ONEZONE_IA")
_LEAST = 30
"""Days before a move to an infrequent tier, and in it before the next move."""


def lifecycle_failures(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """What S3 would refuse of a bucket's rules."""
    rules = inputs.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield from _of_rule(rule, f"rules[{index}]")


def _of_rule(rule: PropertyMap, path: str) -> Iterator[CheckFailure]:
    tiers = _tiers(rule)
    for place, days, tier in tiers:
        if tier in _INFREQUENT and days < _LEAST:
            yield CheckFailure(
                f"{path}.transitions[{place}].days", f"{days:g} is below {_LEAST}, the least for {tier}"
            )
    ordered = sorted(tiers, key=lambda one: _WATERFALL.index(one[2]))
    for (_, before, warm), (place, after, cold) in pairwise(ordered):
        least = before + (_LEAST if warm in _INFREQUENT else 1)
        if warm == cold:
            yield CheckFailure(f"{path}.transitions[{place}].storageClass", f"a second move to {cold}")
        elif after < least:
            yield CheckFailure(
                f"{path}.transitions[{place}].days",
                f"{after:g} is below {least:g}, the least for {cold} with {warm} after {before:g}",
            )
    expiration = rule.get("expiration")
    ends = expiration.get("days") if isinstance(expiration, dict) else None
    last = max((days for _, days, _ in tiers), default=None)
    if isinstance(ends, (int, float)) and last is not None and ends <= last:
        yield CheckFailure(
            f"{path}.expiration.days", f"{ends:g} must be more than the days of the last move, {last:g}"
        )


def _tiers(rule: PropertyMap) -> list[tuple[int, float, str]]:
    """Place in the list, days and storage class of each move by days."""
    moves = rule.get("transitions")
    found = []
    for place, move in enumerate(moves if isinstance(moves, list) else ()):
        if isinstance(move, dict):
            days, tier = move.get("days"), move.get("storageClass")
            if isinstance(days, (int, float)) and isinstance(tier, str) and tier in _WATERFALL:
                found.append((place, float(days), tier))
    return found
