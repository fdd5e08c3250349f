"""REST API: signed requests, checked and handed to the endpoint by API Gateway itself."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.log_group import log_group
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.serving.invocations_api import STAGE, InvocationsApiArgs, access_log

_JSON = "application/json"
ACCESS_LOG = access_log(
    caller="$context.identity.userArn",
    route="$context.httpMethod $context.resourcePath",
    refused_by="$context.error.responseType",
)


class RestApi(pulumi.ComponentResource):
    """`POST /invocations` for callers whose own policies allow `execute-api:Invoke`."""

    url: pulumi.Output[str]
    stage_arn: pulumi.Output[str]
    stage_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: InvocationsApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:RestApi", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation = args.settings, args.foundation
        place = foundation.place

        def role(purpose: str, description: str, statements: pulumi.Input[list[Statement]]) -> Role:
            return Role(
                f"{name}-{purpose}",
                RoleArgs(
                    purpose=purpose,
                    description=description,
                    service="apigateway.amazonaws.com",
                    statements=statements,
                    boundary_arn=foundation.boundary_arn,
                    place=place,
                ),
                opts=child,
            )

        caller = role(
            "front-door-calls",
            "Hands requests on to the endpoint",
            args.asks,
        )
        writer = role("front-door-logs", "Writes the logs of APIs", [write_logs(place)])
        logging = aws.apigateway.Account(f"{name}-logging", cloudwatch_role_arn=writer.arn, opts=child)
        api = aws.apigateway.RestApi(
            f"{name}-api",
            name=args.api_name,
            description="The front door of the endpoint, for signed requests",
            endpoint_configuration={"types": "REGIONAL"},
            opts=child,
        )
        log_group(
            f"{name}-execution-log",
            # API Gateway names it; made first, so that it is encrypted and ends.
            name=pulumi.Output.concat("API-Gateway-Execution-Logs_", api.id, "/", STAGE),
            foundation=foundation,
            opts=child,
        )
        schema = request_schema(settings.most_instances)
        model = aws.apigateway.Model(
            f"{name}-request",
            rest_api=api.id,
            name="Request",
            content_type=_JSON,
            schema=schema,
            opts=child,
        )
        validator = aws.apigateway.RequestValidator(
            f"{name}-validator",
            rest_api=api.id,
            name="body",
            validate_request_body=True,
            validate_request_parameters=True,
            opts=child,
        )
        resource = aws.apigateway.Resource(
            f"{name}-invocations",
            rest_api=api.id,
            parent_id=api.root_resource_id,
            path_part="invocations",
            opts=child,
        )
        where: dict[str, Any] = {"rest_api": api.id, "resource_id": resource.id, "http_method": "POST"}
        method = aws.apigateway.Method(
            f"{name}-post",
            **where,
            authorization="AWS_IAM",
            request_models={_JSON: model.name},
            request_validator_id=validator.id,
            opts=child,
        )
        uri = pulumi.Output.from_input(args.endpoint_name).apply(lambda known: integration_uri(place, known))
        integration = aws.apigateway.Integration(
            f"{name}-endpoint",
            **where,
            type="AWS",
            integration_http_method="POST",
            uri=uri,
            credentials=caller.arn,
            # What is no JSON is refused with 415.
            passthrough_behavior="NEVER",
            request_templates={_JSON: "$input.body"},
            timeout_milliseconds=29_000,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[method]),
        )
        answers: list[pulumi.Resource] = []
        for status, pattern in (("200", None), ("400", r"4\d{2}"), ("502", r"5\d{2}")):
            told = aws.apigateway.MethodResponse(
                f"{name}-{status}",
                **where,
                status_code=status,
                response_models={_JSON: "Empty"},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[method]),
            )
            answers.append(
                aws.apigateway.IntegrationResponse(
                    f"{name}-{status}-of-endpoint",
                    **where,
                    status_code=status,
                    selection_pattern=pattern,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[told, integration]),
                )
            )
        deployment = aws.apigateway.Deployment(
            f"{name}-deployment",
            rest_api=api.id,
            triggers={
                "content": pulumi.Output.all(uri, model.schema).apply(
                    lambda known: hashlib.sha256(json.dumps(known).encode()).hexdigest()
                )
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=answers),
        )
        stage = aws.apigateway.Stage(
            f"{name}-stage",
            rest_api=api.id,
            deployment=deployment.id,
            stage_name=STAGE,
            xray_tracing_enabled=True,
            access_log_settings={"destination_arn": args.log_group_arn, "format": ACCESS_LOG},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logging]),
        )
        aws.apigateway.MethodSettings(
            f"{name}-limits",
            rest_api=api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings={
                "metrics_enabled": True,
                "logging_level": "ERROR",
                # Requests hold data of people: their content is captured by the endpoint, encrypted.
                "data_trace_enabled": False,
                "throttling_rate_limit": settings.rate_per_second,
                "throttling_burst_limit": settings.burst,
            },
            opts=child,
        )
        self.url = pulumi.Output.concat(stage.invoke_url, "/invocations")
        self.stage_arn = stage.arn
        self.stage_name = stage.stage_name
        self.register_outputs({"url": self.url, "stage_arn": self.stage_arn, "stage_name": self.stage_name})


def integration_uri(place: Place, endpoint: str) -> str:
    """How API Gateway names SageMaker's InvokeEndpoint: service, subdomain, path."""
    path = f"endpoints/{endpoint}/invocations"
    return f"arn:{place.partition}:apigateway:{place.region}:runtime.sagemaker:path/{path}"


def request_schema(most_instances: int) -> str:
    """What a request must look like before it costs anything: JSON Schema, draft 4."""
    return json.dumps(
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "required": ["instances"],
            "properties": {
                "instances": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": most_instances,
                    "items": {"type": "object"},
                }
            },
            "additionalProperties": False,
        }
    )


def write_logs(place: Place) -> Statement:
    """Writes the logs of APIs, whose groups API Gateway names."""
    return Statement(
        sid="WriteLogsOfApis",
        actions=[
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
        resources=[
            arn
            for group in ("API-Gateway-Execution-Logs_*", f"/aws/apigateway/{place.prefix}-*")
            for arn in place.log_group_arns(group)
        ],
    )
