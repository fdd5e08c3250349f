"""The lives of IAM's identity providers, password policy and service-linked roles."""

from __future__ import annotations

from lives.life import Life

LIVES = [
    Life(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda _: {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["6938fd4d98bab03faadb97b34396831e3780aea1"],
        },
        {"clientIdLists": ["sts.amazonaws.com", "other"], "tags": {"a": "b"}},
        {"url": "https://example.com"},
    ),
    Life(
        "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
        lambda _: {
            "minimumPasswordLength": 14,
            "requireSymbols": True,
            "requireNumbers": True,
            "requireUppercaseCharacters": True,
            "requireLowercaseCharacters": True,
            "passwordReusePrevention": 24,
        },
        {"maxPasswordAge": 90},
    ),
    Life(
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        lambda _: {"awsServiceName": "config.amazonaws.com", "description": "Reads the account"},
        {"description": "Reads the account's set-up", "tags": {"a": "b"}},
        {"awsServiceName": "autoscaling.amazonaws.com"},
    ),
]
