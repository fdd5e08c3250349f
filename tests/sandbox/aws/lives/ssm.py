"""The lives of the types of `ssm`."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:ssm/parameter:Parameter",
        lambda _: {"name": "/groundplan/x", "type": "String", "value": "1"},
        {"value": "2"},
        {"name": "/groundplan/y"},
    ),
]
