"""The lives of the types of `macie2`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:macie2/account:Account",
        lambda _: {"findingPublishingFrequency": "SIX_HOURS", "status": "ENABLED"},
        {"findingPublishingFrequency": "ONE_HOUR"},
    ),
]
