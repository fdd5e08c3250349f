"""The lives of API Gateway's authorizers and VPC links."""

from __future__ import annotations

from lives.life import Life, Make, a_group, a_subnet
from sandbox.engine.values import PropertyMap


def _jwt(make: Make) -> PropertyMap:
    api = make("aws:apigatewayv2/api:Api", "api", {"protocolType": "HTTP"})
    return {
        "apiId": api["id"],
        "authorizerType": "JWT",
        "identitySources": ["$request.header.Authorization"],
        "jwtConfiguration": {"audiences": ["front"], "issuer": "https://issuer.example.com"},
    }


LIVES = [
    Life(
        "aws:apigatewayv2/authorizer:Authorizer",
        _jwt,
        {"jwtConfiguration": {"audiences": ["front", "back"], "issuer": "https://issuer.example.com"}},
        {"apiId": "other"},
        importable=False,
    ),
    Life(
        "aws:apigatewayv2/vpcLink:VpcLink",
        lambda make: {
            "subnetIds": [a_subnet(make)["id"]],
            "securityGroupIds": [a_group(make)["id"]],
        },
        {"name": "renamed", "tags": {"a": "b"}},
        {"subnetIds": ["subnet-0123456789abcdef0"]},
    ),
]
