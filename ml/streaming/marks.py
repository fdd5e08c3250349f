"""When does an event count, and what does a question see? Marks, the same as `ml/features/rolling.py`'s.

All moments are minutes since 1970 (UTC).
"""

from datetime import UTC, datetime

RESOLUTION = 10
"""Minutes. An event counts from the next mark on, a question looks at the last mark: never the other way."""


def known_from(moment: float) -> int:
    """The mark from which an event at `moment` counts as known."""
    return int(-(-moment // RESOLUTION)) * RESOLUTION


def asked_at(moment: float) -> int:
    """The last mark at or before `moment`."""
    return int(moment // RESOLUTION) * RESOLUTION


def minutes(moment: datetime) -> float:
    """Minutes since 1970 of a moment with a zone; a whole number where it is one."""
    seconds = moment.timestamp()
    whole, rest = divmod(seconds, 60)
    return int(whole) if rest == 0 else seconds / 60


def iso(moment: float) -> str:
    """As the feature store takes it: ISO 8601 in UTC with milliseconds."""
    told = datetime.fromtimestamp(round(moment * 60, 3), UTC)
    return told.strftime("%Y-%m-%dT%H:%M:%S.") + f"{told.microsecond // 1000:03d}Z"
