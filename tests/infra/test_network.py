"""Do the tiers stand where they should, reach what they need and let nothing else through?"""

from ipaddress import IPv4Network
from itertools import combinations
from typing import Any, get_args

import pytest
from mocked import Build, build, foundation

from infra.network.network import Network, NetworkArgs, NetworkSettings
from infra.network.regions import recovery_faults, zone_faults
from infra.network.services import ACTIONS, InterfaceService, Part, services_in_use
from infra.network.tiers import LETTERS, Tier, incoming, subnet_block
from infra.settings.loading import SettingsError, read_settings
from infra.settings.parts import parts_in_network

SUBNET = "aws:ec2/subnet:Subnet"


def _network(*, parts: tuple[Part, ...] = ("jobs",), preview: bool = False, **given: Any) -> Build:
    def program() -> dict[str, Any]:
        args = NetworkArgs(settings=NetworkSettings(**given), foundation=foundation(), parts=parts)
        made = Network("network", args)
        return {
            "vpc": made.vpc_id,
            "workloads": made.workloads.subnet_ids,
            "workload group": made.workloads.security_group_id,
            "isolated": made.isolated.subnet_ids,
            "store group": made.isolated.security_group_id,
        }

    return build(program, preview=preview)


def _tiers(made: Build) -> dict[str, str]:
    return {name: one["cidrBlock"] for name, one in made.of(SUBNET).items()}


@pytest.mark.parametrize("cidr", ["10.20.0.0/16", "192.168.16.0/20"])
def test_no_two_subnets_overlap_whatever_the_zones(cidr: str) -> None:
    blocks = [IPv4Network(subnet_block(cidr, tier, zone)) for tier in get_args(Tier) for zone in LETTERS]
    assert all(block.subnet_of(IPv4Network(cidr)) for block in blocks)
    assert not [pair for pair in combinations(blocks, 2) if pair[0].overlaps(pair[1])]


def test_a_zone_that_is_added_moves_no_other_subnet() -> None:
    two, three = _tiers(_network(zones=("a", "c"))), _tiers(_network(zones=("a", "b", "c")))
    assert two["network-private-a"] == "10.20.0.0/20"
    assert two["network-private-c"] == "10.20.32.0/20"
    assert two.items() < three.items()


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("perZone", 3)])
def test_public_subnets_hold_a_gateway_each_and_come_with_nat_alone(
    nat: str, gateways: int, preview: bool
) -> None:
    made = _network(nat=nat, zones=("a", "b", "c"), preview=preview)
    public = [name for name in made.of(SUBNET) if "-public-" in name]
    assert len(public) == len(made.of("aws:ec2/natGateway:NatGateway")) == gateways
    assert len(made.of("aws:ec2/eip:Eip")) == gateways
    assert len(made.of("aws:ec2/internetGateway:InternetGateway")) == min(gateways, 1)
    out = [name for name, one in made.of("aws:ec2/route:Route").items() if "natGatewayId" in one]
    assert len(out) == (3 if gateways else 0)
    assert not [one for one in made.of(SUBNET).values() if one["mapPublicIpOnLaunch"]]


def test_isolated_subnets_have_no_route_and_no_gateway() -> None:
    made = _network(nat="perZone")
    assert len(made.outputs["isolated"]) == len(made.outputs["workloads"]) == 2
    assert not [name for name in made.of("aws:ec2/route:Route") if "isolated" in name]
    for endpoint in made.of("aws:ec2/vpcEndpoint:VpcEndpoint").values():
        assert not [table for table in endpoint.get("routeTableIds", []) if "isolated" in table]


def test_default_groups_are_closed_and_stores_let_nobody_in_by_themselves() -> None:
    made = _network()
    (closed,) = made.of("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").values()
    assert closed["ingress"] == closed["egress"] == []
    rules = made.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    rules |= made.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert {(rule["ipProtocol"], rule["fromPort"], rule["toPort"]) for rule in rules.values()} == {
        ("tcp", 443, 443)
    }
    stores = made.outputs["store group"]
    assert not [rule for rule in rules.values() if rule["securityGroupId"] == stores]
    assert stores != made.outputs["workload group"]


def test_the_acl_lets_no_remote_administration_in_from_anywhere() -> None:
    for rule in incoming("10.20.0.0/16"):
        if rule["cidr_block"] == "0.0.0.0/0":
            ports = range(int(str(rule["from_port"])), int(str(rule["to_port"])) + 1)
            assert 22 not in ports
            assert 3389 not in ports
    (acl,) = _network().of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl").values()
    assert {rule["protocol"] for rule in (*acl["ingress"], *acl["egress"])} == {"tcp"}


def test_s3_and_dynamodb_have_gateways_whatever_the_settings() -> None:
    endpoints = _network(interfaces_in_use=False).of("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {one["serviceName"] for one in endpoints.values()} == {
        "com.amazonaws.us-east-1.s3",
        "com.amazonaws.us-east-1.dynamodb",
    }
    assert all("123456789012" in one["policy"] for one in endpoints.values())


def test_interfaces_are_those_of_the_services_in_use_and_those_named_with_a_policy_each() -> None:
    made = _network(parts=("features",), interfaces=("athena",))
    found = {
        one["serviceName"].split(".", 3)[3]: one
        for one in made.of("aws:ec2/vpcEndpoint:VpcEndpoint").values()
        if one["vpcEndpointType"] == "Interface"
    }
    assert set(found) == {"sagemaker.featurestore-runtime", "athena"}
    assert '"athena:*"' in found["athena"]["policy"]
    assert all(one["privateDnsEnabled"] and len(one["subnetIds"]) == 2 for one in found.values())


def test_services_in_use_come_once_and_in_one_order() -> None:
    assert services_in_use([]) == ()
    parts = get_args(Part)
    every = services_in_use(parts)
    assert len(every) == len(set(every))
    assert services_in_use(reversed(parts), every) == every
    assert set(ACTIONS) == set(get_args(InterfaceService))


def test_development_pays_for_no_interface_and_production_has_what_it_calls() -> None:
    dev, prod = read_settings("dev", {}), read_settings("prod", {})
    assert (dev.network.interfaces_in_use, dev.network.nat) == (False, "none")
    assert "sagemaker.api" in services_in_use(parts_in_network(prod))
    assert prod.network.interfaces_in_use


@pytest.mark.parametrize(
    ("region", "zones", "told"),
    [
        ("us-east-2", ["a", "d"], "zones of us-east-2: a, b, c"),
        ("ca-central-1", ["a", "c"], "zones of ca-central-1: a, b, d"),
        ("us-west-1", ["a", "b", "c"], "two zones: us-west-1 shows no account more"),
    ],
)
def test_zones_that_a_region_has_not_are_told(region: str, zones: list[str], told: str) -> None:
    assert list(zone_faults(region, zones)) == [told]
    with pytest.raises(SettingsError) as failure:
        read_settings("dev", {"network": {"zones": zones}}, region=region)
    assert f"allowed: {told}" in str(failure.value)


def test_zones_that_a_region_has_are_taken() -> None:
    assert list(zone_faults("us-east-1", ["d", "e", "f"])) == []
    assert list(zone_faults("eu-central-1", ["a", "b", "c"])) == []


def test_a_second_region_is_another_one_of_the_same_partition() -> None:
    assert list(recovery_faults("us-east-1", "us-west-2")) == []
    assert "another region" in next(recovery_faults("us-east-1", "us-east-1"))
    assert "same partition" in next(recovery_faults("us-east-1", "cn-north-1"))
    with pytest.raises(SettingsError, match=r"recovery.region: given \"us-east-1\"; allowed: another"):
        read_settings("dev", {"recovery": {"region": "us-east-1"}}, region="us-east-1")
    with pytest.raises(SettingsError, match="allowed: a region of AWS, or none"):
        read_settings("dev", {"recovery": {"region": "us-east-9"}})


def test_a_zone_stands_once_in_the_list() -> None:
    with pytest.raises(SettingsError, match="each zone once"):
        read_settings("dev", {"network": {"zones": ["a", "a"]}})
