"""Network: tiers of subnets in several zones, and what they reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Literal

import pulumi
import pulumi_aws as aws
from pydantic import AfterValidator, Field, field_validator

from infra.foundation.foundation import Foundation
from infra.network.flow_logs import FlowLogs, FlowLogsArgs
from infra.network.gateways import Gateways, GatewaysArgs
from infra.network.nat import Nat, NatArgs
from infra.network.placement import Placement
from infra.network.services import InterfaceService, Part, services_in_use
from infra.network.tiers import Tier, incoming, outgoing, subnet_block
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
        max_length=3,
        description="Letters of the availability zones, two or three.",
    )
    nat: Literal["none", "single", "perZone"] = Field(
        default="none",
        description="NAT gateways, for jobs that need the internet: each costs by the hour, and by what goes "
        "through it.",
    )
    interfaces_in_use: bool = Field(
        default=True,
        description="Whether every service that the settings use gets an interface endpoint: each costs by "
        "the hour and zone.",
    )
    interfaces: tuple[InterfaceService, ...] = Field(
        default=(), description="Services that get an interface endpoint besides."
    )

    @field_validator("zones")
    @classmethod
    def _each_once(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(zones)) != len(zones):
            raise ValueError("each zone once")
        return zones

    @property
    def gateway_zones(self) -> tuple[str, ...]:
        """The zones with a NAT gateway."""
        return {"none": (), "single": self.zones[:1], "perZone": self.zones}[self.nat]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What the rest of the platform hands to the network."""

    settings: NetworkSettings
    foundation: Foundation
    parts: Sequence[Part] = ()
    """What stands in the network: it says which services are called from there."""


class Network(pulumi.ComponentResource):
    """A VPC whose subnets reach AWS's services and, without NAT, nothing else.

    Controls: EC2.2, EC2.6, EC2.10, EC2.13, EC2.15, EC2.21, CIS AWS 3.7, 5.2, 5.5, PCI DSS 1.2.8, 10.2.1.
    """

    vpc_id: pulumi.Output[str]
    workloads: Placement
    """Where jobs and endpoints stand: private subnets, and the group that lets HTTPS out and nothing in."""
    isolated: Placement
    """Where data stores stand: subnets without a way out, and a group that lets nothing through by itself."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Network", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, place = args.settings, args.foundation.place
        prefix = place.prefix

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=settings.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": prefix},
            opts=child,
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-closed", vpc_id=vpc.id, ingress=[], egress=[], opts=child
        )
        aws.ec2.DefaultNetworkAcl(
            f"{name}-acl",
            default_network_acl_id=vpc.default_network_acl_id,
            ingress=incoming(settings.cidr),
            egress=outgoing(settings.cidr),
            tags={"Name": prefix},
            # Every subnet is in it by itself.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnet_ids"]),
        )
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(foundation=args.foundation, vpc_id=vpc.id),
            opts=child,
        )

        private, tables = self._tier(name, "private", settings, prefix, place.region, vpc.id)
        isolated, _ = self._tier(name, "isolated", settings, prefix, place.region, vpc.id)
        if settings.gateway_zones:
            Nat(
                f"{name}-nat",
                NatArgs(
                    place=place,
                    vpc_id=vpc.id,
                    cidr=settings.cidr,
                    zones=settings.gateway_zones,
                    route_tables=tables,
                ),
                opts=child,
            )

        workloads = self._group(
            name, "workloads", "Jobs and endpoints: HTTPS out, nothing in", prefix, vpc.id
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-workloads-https",
            security_group_id=workloads.id,
            description="AWS services; the route tables lead to their endpoints, and out only by NAT",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            opts=child,
        )
        stores = self._group(name, "stores", "Data stores: who uses one is let in by name", prefix, vpc.id)
        Gateways(
            f"{name}-gateways",
            GatewaysArgs(
                services=services_in_use(
                    args.parts if settings.interfaces_in_use else (), settings.interfaces
                ),
                place=place,
                vpc_id=vpc.id,
                subnet_ids=private,
                route_table_ids=list(tables.values()),
                client_group_id=workloads.id,
            ),
            opts=child,
        )

        self.vpc_id = vpc.id
        self.workloads = Placement(vpc_id=vpc.id, subnet_ids=private, security_group_id=workloads.id)
        self.isolated = Placement(vpc_id=vpc.id, subnet_ids=isolated, security_group_id=stores.id)
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.workloads.subnet_ids,
                "workload_group_id": self.workloads.security_group_id,
                "isolated_subnet_ids": self.isolated.subnet_ids,
                "store_group_id": self.isolated.security_group_id,
            }
        )

    def _tier(
        self,
        name: str,
        tier: Tier,
        settings: NetworkSettings,
        prefix: str,
        region: str,
        vpc_id: pulumi.Output[str],
    ) -> tuple[list[pulumi.Output[str]], Mapping[str, pulumi.Output[str]]]:
        """A tier's subnets in the order of the zones, and their route tables by zone."""
        child = pulumi.ResourceOptions(parent=self)
        subnets: list[pulumi.Output[str]] = []
        tables: dict[str, pulumi.Output[str]] = {}
        for zone in settings.zones:
            tags = {"Name": f"{prefix}-{tier}-{zone}"}
            subnet = aws.ec2.Subnet(
                f"{name}-{tier}-{zone}",
                vpc_id=vpc_id,
                cidr_block=subnet_block(settings.cidr, tier, zone),
                availability_zone=f"{region}{zone}",
                map_public_ip_on_launch=False,
                tags=tags,
                opts=child,
            )
            table = aws.ec2.RouteTable(f"{name}-{tier}-{zone}-routes", vpc_id=vpc_id, tags=tags, opts=child)
            aws.ec2.RouteTableAssociation(
                f"{name}-{tier}-{zone}-routed", subnet_id=subnet.id, route_table_id=table.id, opts=child
            )
            subnets.append(subnet.id)
            tables[zone] = table.id
        return subnets, tables

    def _group(
        self, name: str, part: str, description: str, prefix: str, vpc_id: pulumi.Output[str]
    ) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{name}-{part}",
            name=f"{prefix}-{part}",
            description=description,
            vpc_id=vpc_id,
            tags={"Name": f"{prefix}-{part}"},
            opts=pulumi.ResourceOptions(parent=self),
        )
