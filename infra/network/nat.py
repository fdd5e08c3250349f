"""Nat: the public subnets, and the gateways through which private ones reach the internet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.place import Place
from infra.network.tiers import subnet_block


@dataclass(frozen=True, kw_only=True)
class NatArgs:
    """What the network hands over. `zones` are those with a gateway, one at least; a private route table
    whose zone has none leads to the first."""

    place: Place
    vpc_id: pulumi.Input[str]
    cidr: str
    zones: Sequence[str]
    route_tables: Mapping[str, pulumi.Input[str]]


class Nat(pulumi.ComponentResource):
    """Gateways that let out and nothing in. No machine stands in a public subnet. Controls: EC2.9, EC2.15."""

    public_ips: Sequence[pulumi.Output[str]]
    """What the internet sees: for the allow-lists of others."""

    def __init__(self, name: str, args: NatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Nat", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        prefix = args.place.prefix
        internet = aws.ec2.InternetGateway(
            f"{name}-internet", vpc_id=args.vpc_id, tags={"Name": prefix}, opts=child
        )
        table = aws.ec2.RouteTable(
            f"{name}-public-routes", vpc_id=args.vpc_id, tags={"Name": f"{prefix}-public"}, opts=child
        )
        out = aws.ec2.Route(
            f"{name}-public-out",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.id,
            opts=child,
        )
        gateways: dict[str, aws.ec2.NatGateway] = {}
        ips: list[pulumi.Output[str]] = []
        for zone in args.zones:
            subnet = aws.ec2.Subnet(
                f"{name}-public-{zone}",
                vpc_id=args.vpc_id,
                cidr_block=subnet_block(args.cidr, "public", zone),
                availability_zone=f"{args.place.region}{zone}",
                map_public_ip_on_launch=False,
                tags={"Name": f"{prefix}-public-{zone}"},
                opts=child,
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-public-{zone}-routed", subnet_id=subnet.id, route_table_id=table.id, opts=child
            )
            address = aws.ec2.Eip(
                f"{name}-{zone}-address", domain="vpc", tags={"Name": f"{prefix}-nat-{zone}"}, opts=child
            )
            gateways[zone] = aws.ec2.NatGateway(
                f"{name}-{zone}",
                allocation_id=address.id,
                subnet_id=subnet.id,
                tags={"Name": f"{prefix}-{zone}"},
                # A gateway fails where its subnet does not lead out yet.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[out]),
            )
            ips.append(address.public_ip)
        for zone, private_table in args.route_tables.items():
            aws.ec2.Route(
                f"{name}-private-{zone}-out",
                route_table_id=private_table,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways.get(zone, gateways[args.zones[0]]).id,
                opts=child,
            )
        self.public_ips = ips
        self.register_outputs({"public_ips": ips})
