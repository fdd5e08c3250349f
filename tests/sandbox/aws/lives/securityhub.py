"""The lives of the types of `securityhub`."""

from __future__ import annotations

from lives.life import Life, Make
from sandbox.engine.values import PropertyMap

_STANDARD = "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"


def _within_hub(make: Make, inputs: PropertyMap) -> PropertyMap:
    make("aws:securityhub/account:Account", "hub", {})
    return inputs


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
    Life(
        "aws:securityhub/actionTarget:ActionTarget",
        lambda make: _within_hub(
            make, {"identifier": "ToChat", "name": "to chat", "description": "sends a finding to the team"}
        ),
        {"description": "sends it to the chat"},
        {"identifier": "Other"},
    ),
    Life(
        "aws:securityhub/productSubscription:ProductSubscription",
        lambda make: _within_hub(
            make, {"productArn": "arn:aws:securityhub:eu-west-1::product/aws/guardduty"}
        ),
        None,
        {"productArn": "arn:aws:securityhub:eu-west-1::product/aws/macie"},
    ),
]
