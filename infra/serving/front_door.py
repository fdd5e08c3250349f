"""Front door: an API before the endpoint, for callers who hold no role of the account, or a token."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.serving.faults import faults_share
from infra.serving.front_door_settings import FrontDoorSettings
from infra.serving.http_api import HttpApi
from infra.serving.invocations_api import InvocationsApiArgs
from infra.serving.rest_api import RestApi
from infra.serving.web_acl import WebAcl, WebAclArgs


@dataclass(frozen=True, kw_only=True)
class FrontDoorArgs:
    """What the rest of the platform hands to the front door."""

    settings: FrontDoorSettings
    foundation: Foundation
    topics: Topics
    endpoint_name: pulumi.Input[str]


class FrontDoor(pulumi.ComponentResource):
    """`POST <url>/invocations`, throttled, logged, watched; by signed requests or by tokens.

    Signed requests (`iam`) meet a REST API, whose stage AWS WAF can stand before and which calls SageMaker by
    itself. Tokens (`jwt`) need an HTTP API, which WAF attaches to nowhere, and a function behind it.

    Controls: APIGateway.1, .3, .4, .8 and .9, checkov 59, 76, 95, 120 and 309.
    """

    url: pulumi.Output[str]

    def __init__(self, name: str, args: FrontDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:FrontDoor", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation = args.settings, args.foundation
        api_name = f"{foundation.place.prefix}-front-door"
        group = log_group(
            f"{name}-log", name=f"/aws/apigateway/{api_name}", foundation=foundation, opts=child
        )
        api = InvocationsApiArgs(
            api_name=api_name,
            settings=settings,
            foundation=foundation,
            endpoint_name=args.endpoint_name,
            log_group_arn=group.arn,
        )
        dimensions: dict[str, pulumi.Input[str]]
        if settings.authorisation == "iam":
            rest = RestApi(f"{name}-rest", api, opts=child)
            if settings.waf:
                WebAcl(
                    f"{name}-waf",
                    WebAclArgs(
                        foundation=foundation,
                        stage_arn=rest.stage_arn,
                        requests_per_address=settings.requests_per_address,
                    ),
                    opts=child,
                )
            self.url, faults, refusals = rest.url, "5XXError", "4XXError"
            dimensions = {"ApiName": api_name, "Stage": rest.stage_name}
        else:
            http = HttpApi(f"{name}-http", api, opts=child)
            self.url, faults, refusals = http.url, "5xx", "4xx"
            dimensions = {"ApiId": http.api_id, "Stage": http.stage_name}
        alarm(
            f"{name}-faults",
            name=f"{api_name}-faults",
            says="More than one in a hundred requests to the front door is answered with 5XX.",
            runbook="front-door-faults",
            severity="critical",
            topics=args.topics,
            foundation=foundation,
            opts=child,
            **faults_share(
                faults,
                namespace="AWS/ApiGateway",
                dimensions=dimensions,
                above=0.01,
                period=60,
                periods=3,
                of_them=2,
            ),
        )
        alarm(
            f"{name}-refusals",
            name=f"{api_name}-refusals",
            says="More than half of the requests to the front door are refused with 4XX.",
            runbook="front-door-refusals",
            severity="warning",
            topics=args.topics,
            foundation=foundation,
            opts=child,
            **faults_share(
                refusals,
                namespace="AWS/ApiGateway",
                dimensions=dimensions,
                above=0.5,
                period=300,
                periods=3,
                of_them=3,
            ),
        )
        self.register_outputs({"url": self.url})
