"""The lives of the types of `ecr`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:ecr/repository:Repository",
        lambda _: {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}},
        {"imageTagMutability": "MUTABLE"},
        {"name": "other"},
    ),
]
