"""The life of `kms/grant`."""

from __future__ import annotations

from lives.life import Life, a_key, a_role

LIVES = [
    Life(
        "aws:kms/grant:Grant",
        lambda make: {
            "keyId": a_key(make)["keyId"],
            "granteePrincipal": a_role(make)["arn"],
            "name": "jobs",
            "operations": ["Decrypt", "GenerateDataKey"],
            "constraints": [{"encryptionContextEquals": {"team": "ml"}}],
        },
        None,
        {"operations": ["Decrypt"]},
    ),
]
