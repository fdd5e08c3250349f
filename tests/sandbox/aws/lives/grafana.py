"""The lives of the types of `grafana`."""

from __future__ import annotations

from lives.life import Life, a_role

LIVES = [
    Life(
        "aws:grafana/workspace:Workspace",
        lambda make: {
            "accountAccessType": "CURRENT_ACCOUNT",
            "authenticationProviders": ["AWS_SSO"],
            "permissionType": "SERVICE_MANAGED",
            "roleArn": a_role(make, "grafana")["arn"],
            "dataSources": ["CLOUDWATCH", "PROMETHEUS"],
        },
        {"description": "service and model quality", "tags": {"a": "b"}},
        {"authenticationProviders": ["SAML"]},
    ),
]
