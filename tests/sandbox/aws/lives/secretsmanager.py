"""The lives of the types of `secretsmanager`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:secretsmanager/secret:Secret",
        lambda _: {"description": "webhook", "recoveryWindowInDays": 7},
        {"description": "new"},
        {"name": "other"},
    ),
    Life(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda make: {
            "secretId": make("aws:secretsmanager/secret:Secret", "webhook", {})["arn"],
            "secretString": "https://example.com/hook",
        },
        None,
        {"secretString": "https://example.com/other"},
        gone_after_delete=False,
        by_code=frozenset({"secretStringWoVersion", "secretBinary", "secretStringWo", "secretString"}),
    ),
]
