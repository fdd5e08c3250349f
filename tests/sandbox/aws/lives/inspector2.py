"""The lives of the types of `inspector2`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:inspector2/enabler:Enabler",
        lambda _: {"accountIds": ["123456789012"], "resourceTypes": ["ECR", "EC2"]},
        None,
        {"resourceTypes": ["ECR", "LAMBDA"]},
    ),
]
