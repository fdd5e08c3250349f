"""The lives of the types of `securityhub`."""

from __future__ import annotations

from lives.life import Life

_STANDARD = "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"

LIVES = [
    Life(
        "aws:securityhub/account:Account",
        lambda _: {"enableDefaultStandards": False},
        {"autoEnableControls": False},
        {"enableDefaultStandards": True},
    ),
    Life(
        "aws:securityhub/standardsSubscription:StandardsSubscription",
        lambda _: {"standardsArn": _STANDARD},
        None,
        {"standardsArn": _STANDARD.replace("1.0.0", "2.0.0")},
    ),
]
