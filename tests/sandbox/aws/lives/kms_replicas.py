"""The lives of replicas of multi-region keys."""

from __future__ import annotations

from lives.life import Life, Make
from sandbox.engine.values import PropertyMap


def _replica(make: Make) -> PropertyMap:
    primary = make(
        "aws:kms/key:Key", "primary", {"multiRegion": True, "description": "data", "region": "us-east-1"}
    )
    return {"primaryKeyArn": primary["arn"], "description": "data, in another region"}


LIVES = [
    Life(
        "aws:kms/replicaKey:ReplicaKey",
        _replica,
        {"description": "renamed", "tags": {"a": "b"}},
        {"primaryKeyArn": "arn:aws:kms:us-east-1:123456789012:key/mrk-1234"},
    ),
]
