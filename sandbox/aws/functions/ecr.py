"""ECR: repositories, and the credentials to push to them."""

from __future__ import annotations

import base64
from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap, Secret


def _token(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("ecr", "GetAuthorizationToken")["authorizationData"][0]
    user, _, password = base64.b64decode(found["authorizationToken"]).decode().partition(":")
    return {
        "authorizationToken": Secret(found["authorizationToken"]),
        "expiresAt": found["expiresAt"].isoformat(),
        "id": cloud.region,
        "password": Secret(password),
        "proxyEndpoint": found["proxyEndpoint"],
        "region": cloud.region,
        "registryId": arguments.get("registryId"),
        "userName": user,
    }


def _credentials(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("ecr", "GetAuthorizationToken")["authorizationData"][0]
    return {
        "authorizationToken": found["authorizationToken"],
        "expiresAt": found["expiresAt"].isoformat(),
        "id": arguments["registryId"],
        "proxyEndpoint": found["proxyEndpoint"],
        "region": cloud.region,
        "registryId": arguments["registryId"],
    }


FUNCTIONS: Final[Functions] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _token,
    "aws:ecr/getCredentials:getCredentials": _credentials,
}
