"""The lives of the types of `dynamodb`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:dynamodb/table:Table",
        lambda _: {
            "attributes": [{"name": "id", "type": "S"}],
            "hashKey": "id",
            "billingMode": "PAY_PER_REQUEST",
            "pointInTimeRecovery": {"enabled": True},
        },
        {"ttl": {"enabled": True, "attributeName": "expires"}},
        {"hashKey": "other", "attributes": [{"name": "other", "type": "S"}]},
        by_code=frozenset(
            {"attributes", "globalSecondaryIndexes", "hashKey", "localSecondaryIndexes", "rangeKey"}
        ),
    ),
]
