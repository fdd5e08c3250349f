"""API Gateway, HTTP and WebSocket APIs: who may call them, and how they reach into a VPC."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject
from sandbox.aws.types.apigatewayv2 import find_in_api, gateway_tags, part_of
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_AUTHORIZER_NAMES = {
    "identitySources": "IdentitySource",
    "jwtConfiguration.audiences": "Audience",
}
_CHANGED = (
    "authorizerCredentialsArn",
    "authorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds",
    "authorizerType",
    "authorizerUri",
    "enableSimpleResponses",
    "identitySources",
    "jwtConfiguration",
    "name",
)


def _check_authorizer(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind, ttl = inputs.get("authorizerType"), inputs.get("authorizerResultTtlInSeconds")
    if kind == "JWT":
        if inputs.get("jwtConfiguration") is None:
            yield CheckFailure("jwtConfiguration", "is required for JWT and was not given")
        if not inputs.get("identitySources"):
            yield CheckFailure("identitySources", "is required for JWT and was not given")
        if inputs.get("authorizerUri") is not None:
            yield CheckFailure("authorizerUri", "cannot be given for JWT")
    if kind == "REQUEST" and inputs.get("authorizerUri") is None:
        yield CheckFailure("authorizerUri", "is required for REQUEST and was not given")
    if isinstance(ttl, (int, float)) and not 0 <= ttl <= 3600:
        yield CheckFailure("authorizerResultTtlInSeconds", f"{ttl:g} is out of range: allowed is 0 to 3600")


AUTHORIZER = ResourceType(
    type="aws:apigatewayv2/authorizer:Authorizer",
    service="apigatewayv2",
    tier="native",
    create=Call(operation="CreateAuthorizer", names=_AUTHORIZER_NAMES),
    id=answered("AuthorizerId"),
    read=reading("apigatewayv2", "GetAuthorizer", part_of("AuthorizerId")),
    delete=Call(operation="DeleteAuthorizer", sends=(), adds=part_of("AuthorizerId")),
    steps=(
        Step(
            on=_CHANGED,
            do=Call(
                operation="UpdateAuthorizer",
                sends=_CHANGED,
                names=_AUTHORIZER_NAMES,
                adds=part_of("AuthorizerId"),
            ),
            at_create=False,
        ),
    ),
    outputs={
        "authorizerResultTtlInSeconds": lambda s: s.inputs.get("authorizerResultTtlInSeconds") or 0,
    },
    echoes={"name": "Name", "authorizerType": "AuthorizerType", "authorizerUri": "AuthorizerUri"},
    find=find_in_api(
        "GetAuthorizers", "AuthorizerId", lambda s, item: bool(item["Name"] == s.inputs["name"])
    ),
    auto_name=AutoName(prefix_property=None, limit=128),
    unordered=("jwtConfiguration.audiences",),
    checks=_check_authorizer,
)


def _find_link(subject: Subject, taken: frozenset[str]) -> str | None:
    for link in pages(subject, "apigatewayv2", "GetVpcLinks", "Items"):
        if link["Name"] == subject.inputs["name"] and link["VpcLinkId"] not in taken:
            return str(link["VpcLinkId"])
    return None


VPC_LINK = ResourceType(
    type="aws:apigatewayv2/vpcLink:VpcLink",
    service="apigatewayv2",
    tier="native",
    create=Call(operation="CreateVpcLink"),
    id=answered("VpcLinkId"),
    read=reading("apigatewayv2", "GetVpcLink", lambda s: {"VpcLinkId": s.id}),
    delete=Call(operation="DeleteVpcLink", sends=(), adds=lambda s: {"VpcLinkId": s.id}),
    steps=(
        Step(
            on=("name",),
            do=Call(operation="UpdateVpcLink", sends=("name",), adds=lambda s: {"VpcLinkId": s.id}),
            at_create=False,
        ),
    ),
    outputs={"arn": lambda s: f"arn:{s.cloud.partition}:apigateway:{s.cloud.region}::/vpclinks/{s.id}"},
    echoes={"name": "Name", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"},
    find=_find_link,
    auto_name=AutoName(prefix_property=None, limit=128),
    tags=gateway_tags(lambda s: f"/vpclinks/{s.id}"),
    unordered=("subnetIds", "securityGroupIds"),
)

TYPES = (AUTHORIZER, VPC_LINK)
