"""Grafana: a managed workspace that reads the platform's metrics and logs, behind the company's sign-on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings


class GrafanaSettings(Settings):
    """`groundplan:monitoring.grafana`: Amazon Managed Grafana."""

    enabled: bool = Field(
        default=False,
        description="Whether there is a Grafana workspace; each active editor costs 9 USD a month.",
    )
    sign_on: tuple[Literal["AWS_SSO", "SAML"], ...] = Field(
        default=("AWS_SSO",),
        min_length=1,
        description="How people sign in, chosen once: later it is changed in the workspace's own settings. "
        "IAM Identity Center or SAML must be set up in the account.",
    )
    version: Literal["9.4", "10.4"] = Field(default="10.4", description="Grafana's version.")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.sign_on)) < len(self.sign_on):
            raise ValueError("each way to sign on once")
        return self


@dataclass(frozen=True, kw_only=True)
class GrafanaArgs:
    """What the monitoring hands over."""

    settings: GrafanaSettings
    foundation: Foundation
    prometheus_arn: pulumi.Output[str] | None = None


class Grafana(pulumi.ComponentResource):
    """A workspace whose role reads metrics, alarms, the platform's logs, and Prometheus if there is one."""

    endpoint: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: GrafanaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Grafana", name, opts=opts)
        place = args.foundation.place
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="grafana",
                description="What Grafana may read",
                service="grafana.amazonaws.com",
                statements=pulumi.Output.from_input(args.prometheus_arn).apply(
                    lambda arn: reading_statements(place, arn)
                ),
                boundary_arn=args.foundation.boundary_arn,
                place=place,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        workspace = aws.grafana.Workspace(
            f"{name}-workspace",
            name=place.prefix,
            description=f"Metrics and logs of {place.prefix}",
            account_access_type="CURRENT_ACCOUNT",
            authentication_providers=list(args.settings.sign_on),
            permission_type="CUSTOMER_MANAGED",
            role_arn=role.arn,
            data_sources=["CLOUDWATCH", *(["PROMETHEUS"] if args.prometheus_arn is not None else [])],
            grafana_version=args.settings.version,
            # The provider would make the workspace anew, without the dashboards that people drew in it.
            opts=args.foundation.holding_data(self, ignore_changes=["authentication_providers"]),
        )
        self.endpoint = workspace.endpoint
        self.role_arn = role.arn
        self.register_outputs({"endpoint": self.endpoint, "role_arn": self.role_arn})


def reading_statements(place: Place, prometheus_arn: str | None) -> list[Statement]:
    """Reads alone: https://docs.aws.amazon.com/grafana/latest/userguide/security_iam_id-based-policy-examples.html"""
    groups = [
        place.arn("logs", f"log-group:{pattern}")
        for pattern in (
            f"/aws/lambda/{place.prefix}-*",
            "/aws/sagemaker/*",
            f"/{place.project}/{place.stack}/*",
        )
    ]
    statements = [
        Statement(
            sid="ReadMetrics",
            actions=["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"],
            resources=["*"],
            any_resource_because="metrics have no ARNs, and their list is the account's",
        ),
        Statement(
            sid="ReadLogs",
            actions=[
                "logs:GetLogEvents",
                "logs:GetLogGroupFields",
                "logs:GetQueryResults",
                "logs:StartQuery",
            ],
            resources=groups,
        ),
    ]
    if prometheus_arn is not None:
        statements.append(
            Statement(
                sid="QueryPrometheus",
                actions=["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"],
                resources=[prometheus_arn],
            )
        )
    return statements
