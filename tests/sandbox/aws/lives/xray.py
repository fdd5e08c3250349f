"""The life of `xray/group`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:xray/group:Group",
        lambda _: {"groupName": "slow", "filterExpression": "responsetime > 5"},
        {"insightsConfiguration": {"insightsEnabled": True}, "tags": {"a": "b"}},
        {"groupName": "other"},
    ),
]
