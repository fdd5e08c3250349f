"""The lives of the types of `accessanalyzer`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:accessanalyzer/analyzer:Analyzer",
        lambda _: {
            "analyzerName": "unused",
            "type": "ACCOUNT_UNUSED_ACCESS",
            "configuration": {"unusedAccess": {"unusedAccessAge": 90}},
        },
        {"tags": {"a": "b"}},
        {"analyzerName": "other"},
    ),
]
