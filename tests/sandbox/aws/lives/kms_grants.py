"""The lives of `kms/grant` and `kms/keyPolicy`."""

from __future__ import annotations

from lives.life import Life, a_key, a_role, policy

_ROOT = {"AWS": "arn:aws:iam::123456789012:root"}

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
    Life(
        "aws:kms/keyPolicy:KeyPolicy",
        lambda make: {
            "keyId": a_key(make)["keyId"],
            "policy": policy({"Principal": _ROOT, "Action": "kms:*", "Resource": "*"}),
        },
        {"policy": policy({"Principal": _ROOT, "Action": ["kms:Put*", "kms:Get*"], "Resource": "*"})},
        {"keyId": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        gone_after_delete=False,
    ),
]
