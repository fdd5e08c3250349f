"""Network: private subnets in several zones that reach AWS's services and nothing else."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated

import pulumi
import pulumi_aws as aws
from pydantic import AfterValidator, Field

from infra.foundation.foundation import Foundation
from infra.network.flow_logs import FlowLogs, FlowLogsArgs
from infra.network.gateways import Gateways, GatewaysArgs, InterfaceService
from infra.network.placement import Placement
from infra.settings.block import Settings

_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _private_range(value: str) -> str:
    try:
        network = IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"an IPv4 range such as 10.20.0.0/16 ({error})") from None
    if not any(network.subnet_of(private) for private in _PRIVATE) or not 16 <= network.prefixlen <= 20:
        raise ValueError(f"a range of /16 to /20 within {', '.join(map(str, _PRIVATE))} (RFC 1918)")
    return value


class NetworkSettings(Settings):
    """`groundplan:network`: the VPC."""

    cidr: Annotated[str, AfterValidator(_private_range)] = Field(
        default="10.20.0.0/16", description="The VPC's range of private addresses."
    )
    zones: tuple[Annotated[str, Field(pattern="^[a-f]$")], ...] = Field(
        default=("a", "b"),
        min_length=2,
        max_length=4,
        description="Letters of the availability zones, two at least.",
    )
    interfaces: tuple[InterfaceService, ...] = Field(
        default=(), description="Services that get an interface endpoint: each costs by the hour and zone."
    )


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What the rest of the platform hands to the network."""

    settings: NetworkSettings
    foundation: Foundation


class Network(pulumi.ComponentResource):
    """A VPC without a way to the internet: private subnets, endpoints, flow logs, a closed default group.

    Controls: EC2.2, EC2.6, EC2.10, EC2.13, EC2.15, CIS AWS 3.7 and 5.5, PCI DSS 1.2.8 and 10.2.1.
    """

    vpc_id: pulumi.Output[str]
    workloads: Placement
    """Where jobs and endpoints stand: private subnets, and the group that lets HTTPS out and nothing in."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Network", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        prefix = place.prefix

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.settings.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": prefix},
            opts=child,
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-closed", vpc_id=vpc.id, ingress=[], egress=[], opts=child
        )
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(foundation=args.foundation, vpc_id=vpc.id),
            opts=child,
        )

        subnets: list[pulumi.Output[str]] = []
        tables: list[pulumi.Output[str]] = []
        for zone, block in subnet_blocks(args.settings):
            subnet = aws.ec2.Subnet(
                f"{name}-private-{zone}",
                vpc_id=vpc.id,
                cidr_block=block,
                availability_zone=f"{place.region}{zone}",
                map_public_ip_on_launch=False,
                tags={"Name": f"{prefix}-private-{zone}"},
                opts=child,
            )
            table = aws.ec2.RouteTable(
                f"{name}-private-{zone}-routes",
                vpc_id=vpc.id,
                tags={"Name": f"{prefix}-private-{zone}"},
                opts=child,
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-private-{zone}-routed", subnet_id=subnet.id, route_table_id=table.id, opts=child
            )
            subnets.append(subnet.id)
            tables.append(table.id)

        workloads = aws.ec2.SecurityGroup(
            f"{name}-workloads",
            name=f"{prefix}-workloads",
            description="Jobs and endpoints: HTTPS out, nothing in",
            vpc_id=vpc.id,
            tags={"Name": f"{prefix}-workloads"},
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-workloads-https",
            security_group_id=workloads.id,
            description="AWS services; the route tables lead to nothing but their endpoints",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            opts=child,
        )
        Gateways(
            f"{name}-gateways",
            GatewaysArgs(
                services=args.settings.interfaces,
                place=place,
                vpc_id=vpc.id,
                subnet_ids=subnets,
                route_table_ids=tables,
                client_group_id=workloads.id,
            ),
            opts=child,
        )

        self.vpc_id = vpc.id
        self.workloads = Placement(vpc_id=vpc.id, subnet_ids=subnets, security_group_id=workloads.id)
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.workloads.subnet_ids,
                "workload_group_id": self.workloads.security_group_id,
            }
        )


def subnet_blocks(settings: NetworkSettings) -> list[tuple[str, str]]:
    """Zone letter and range of each subnet, a sixteenth of the VPC's range, placed by the letter.

    A zone that is added or taken away so moves no other subnet.
    """
    blocks = list(IPv4Network(settings.cidr).subnets(prefixlen_diff=4))
    return [(zone, str(blocks["abcdef".index(zone)])) for zone in settings.zones]
