"""HTTP API: requests with a token of an OpenID provider, handed to the endpoint by a function."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.foundation.function import Function, FunctionArgs
from infra.serving.invocations_api import STAGE, InvocationsApiArgs, access_log

ACCESS_LOG = access_log(
    caller="$context.authorizer.claims.sub",
    route="$context.routeKey",
    refused_by="$context.error.message",
)


class HttpApi(pulumi.ComponentResource):
    """`POST /invocations` for callers with a token that the issuer signed for the audience."""

    url: pulumi.Output[str]
    api_id: pulumi.Output[str]
    stage_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: InvocationsApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:HttpApi", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose="front-door",
                description="Hands requests with a token on to the endpoint",
                foundation=args.foundation,
                statements=args.asks,
                environment={"ENDPOINT": args.endpoint_name, "MOST_INSTANCES": str(settings.most_instances)},
                timeout_seconds=29,
                memory_mb=256,
            ),
            opts=child,
        )
        api = aws.apigatewayv2.Api(
            f"{name}-api",
            name=args.api_name,
            description="The front door of the endpoint, for tokens",
            protocol_type="HTTP",
            opts=child,
        )
        authorizer = aws.apigatewayv2.Authorizer(
            f"{name}-tokens",
            api_id=api.id,
            name="tokens",
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": settings.issuer, "audiences": list(settings.audience)},
            opts=child,
        )
        integration = aws.apigatewayv2.Integration(
            f"{name}-to-function",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.arn,
            payload_format_version="2.0",
            timeout_milliseconds=30_000,
            opts=child,
        )
        route = aws.apigatewayv2.Route(
            f"{name}-post",
            api_id=api.id,
            route_key="POST /invocations",
            authorization_type="JWT",
            authorizer_id=authorizer.id,
            target=pulumi.Output.concat("integrations/", integration.id),
            opts=child,
        )
        stage = aws.apigatewayv2.Stage(
            f"{name}-stage",
            api_id=api.id,
            name=STAGE,
            auto_deploy=True,
            access_log_settings={"destination_arn": args.log_group_arn, "format": ACCESS_LOG},
            default_route_settings={
                "throttling_rate_limit": settings.rate_per_second,
                "throttling_burst_limit": settings.burst,
                "detailed_metrics_enabled": True,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[route]),
        )
        aws.lambda_.Permission(
            f"{name}-may-call",
            statement_id="front-door",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(api.execution_arn, f"/{STAGE}/POST/invocations"),
            opts=child,
        )
        self.url = pulumi.Output.concat(stage.invoke_url, "/invocations")
        self.api_id = api.id
        self.stage_name = stage.name
        self.register_outputs({"url": self.url, "api_id": self.api_id, "stage_name": self.stage_name})
