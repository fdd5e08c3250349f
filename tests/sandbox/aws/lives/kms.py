"""The lives of the types of `kms`."""

from __future__ import annotations

from lives.life import Life, a_key

LIVES = [
    Life(
        "aws:kms/key:Key", lambda _: {"description": "raw", "enableKeyRotation": True}, {"description": "new"}
    ),
    Life(
        "aws:kms/alias:Alias",
        lambda make: {"name": "alias/raw", "targetKeyId": a_key(make)["keyId"]},
        None,
        {"name": "alias/other"},
    ),
]
