"""Flow logs: what went through the network, kept encrypted."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """What the network hands to its flow logs."""

    foundation: Foundation
    vpc_id: pulumi.Input[str]


class FlowLogs(pulumi.ComponentResource):
    """Accepted and refused traffic of a VPC, in a log group. Controls: EC2.6, CIS AWS 3.7."""

    log_group: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:FlowLogs", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        group_name = f"/{place.project}/{place.stack}/flow-logs"
        group = log_group(f"{name}-group", name=group_name, foundation=foundation, opts=child)
        role = Role(
            f"{name}-writer",
            RoleArgs(
                purpose="flow-logs",
                description="Writes the VPC's flow logs",
                service="vpc-flow-logs.amazonaws.com",
                statements=[
                    Statement(
                        sid="WriteFlowLogs",
                        actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                        resources=place.log_group_arns(group_name),
                    )
                ],
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-all",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            opts=child,
        )
        self.log_group = group.name
        self.register_outputs({"log_group": self.log_group})
