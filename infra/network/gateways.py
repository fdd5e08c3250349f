"""Gateways: the endpoints through which the network reaches AWS's services, and those alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.place import Place
from infra.foundation.policy import Statement, document
from infra.network.services import ACTIONS, InterfaceService


@dataclass(frozen=True, kw_only=True)
class GatewaysArgs:
    """What the network hands to its endpoints."""

    services: Sequence[InterfaceService]
    place: Place
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]
    client_group_id: pulumi.Input[str]


class Gateways(pulumi.ComponentResource):
    """S3 and DynamoDB through gateways, which cost nothing; interfaces for services in use, which do.

    Controls: EC2.10; every endpoint has a policy, so that nobody carries data to another account.
    """

    s3_endpoint_id: pulumi.Output[str]

    def __init__(self, name: str, args: GatewaysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Gateways", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        prefix, region = args.place.prefix, args.place.region
        s3 = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=args.route_table_ids,
            policy=document(*s3_statements(args.place)),
            tags={"Name": f"{prefix}-s3"},
            opts=child,
        )
        aws.ec2.VpcEndpoint(
            f"{name}-dynamodb",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{region}.dynamodb",
            vpc_endpoint_type="Gateway",
            route_table_ids=args.route_table_ids,
            policy=document(dynamodb_statement(args.place)),
            tags={"Name": f"{prefix}-dynamodb"},
            opts=child,
        )
        if args.services:
            group = aws.ec2.SecurityGroup(
                f"{name}-interfaces",
                name=f"{prefix}-interfaces",
                description="Interface endpoints: HTTPS from jobs and endpoints",
                vpc_id=args.vpc_id,
                tags={"Name": f"{prefix}-interfaces"},
                opts=child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-interfaces-https",
                security_group_id=group.id,
                description="HTTPS from jobs and endpoints",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                referenced_security_group_id=args.client_group_id,
                opts=child,
            )
            for service in args.services:
                aws.ec2.VpcEndpoint(
                    f"{name}-{service.replace('.', '-')}",
                    vpc_id=args.vpc_id,
                    service_name=f"com.amazonaws.{region}.{service}",
                    vpc_endpoint_type="Interface",
                    private_dns_enabled=True,
                    subnet_ids=args.subnet_ids,
                    security_group_ids=[group.id],
                    policy=document(interface_statement(service, args.place)),
                    tags={"Name": f"{prefix}-{service}"},
                    opts=child,
                )
        self.s3_endpoint_id = s3.id
        self.register_outputs({"s3_endpoint_id": self.s3_endpoint_id})


def s3_statements(place: Place) -> list[Statement]:
    """S3 for the account's own buckets, and for reading the buckets that hold the layers of AWS's images.

    Source: Amazon ECR guide, "Minimum Amazon S3 bucket permissions for Amazon ECR".
    """
    return [
        Statement(
            sid="BucketsOfThisAccount",
            principals="*",
            actions=["s3:*"],
            resources=["*"],
            any_resource_because="the condition admits the buckets of this account only",
            conditions={"StringEquals": {"aws:ResourceAccount": place.account}},
        ),
        Statement(
            sid="LayersOfImages",
            principals="*",
            actions=["s3:GetObject"],
            resources=[f"arn:{place.partition}:s3:::prod-{place.region}-starport-layer-bucket/*"],
        ),
    ]


def dynamodb_statement(place: Place) -> Statement:
    """DynamoDB for the account's own tables."""
    return Statement(
        sid="TablesOfThisAccount",
        principals="*",
        actions=["dynamodb:*"],
        resources=["*"],
        any_resource_because="the condition admits the tables of this account only",
        conditions={"StringEquals": {"aws:ResourceAccount": place.account}},
    )


def interface_statement(service: InterfaceService, place: Place) -> Statement:
    """The service's actions, by principals of this account."""
    return Statement(
        sid="PrincipalsOfThisAccount",
        principals="*",
        actions=[ACTIONS[service]],
        resources=["*"],
        any_resource_because="the endpoint serves one service; the roles' policies name its resources",
        conditions={"StringEquals": {"aws:PrincipalAccount": place.account}},
    )
