"""The estimate: what is counted of each resource, what use adds, and what the command says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.cost.instance_prices import HOURLY_USD
from ops.cost.estimate import Estimate, estimate
from ops.cost.free import FREE
from ops.cost.item import Item, Stack, priced
from ops.cost.prices import prices
from ops.cost.standing import STANDING
from ops.cost.usage import read_usage
from ops.cost.used import USED
from ops.errors import UsageError
from sandbox.aws.provider import types
from sandbox.engine.state import Resource
from sandbox.engine.values import UNKNOWN, Secret

OF_OTHERS = frozenset({"alb", "autoscaling", "batch", "cloudfront", "ecs", "rds", "redshift"})
"""Services of the sandbox that this platform has no use for."""
MACHINES = frozenset({"ebs/volume", "ec2/instance", "ec2/launchConfiguration", "ec2/volumeAttachment"})
MACHINES_OF_OTHERS = frozenset({"eks/fargateProfile", "eks/nodeGroup"})


def one(type: str, called: str = "it", /, **properties: Any) -> Item:
    return Item(f"urn:pulumi:dev::p::aws:{type}:X::{called}", type, properties)


def of(*items: Item, parked: bool = False, **usage: float) -> Estimate:
    return estimate(Stack(items, parked), {name.replace("_", "-"): units for name, units in usage.items()})


@pytest.mark.parametrize(
    ("items", "usd"),
    [
        ([one("ec2/natGateway"), one("ec2/eip")], 36.50),
        ([one("ec2/vpcEndpoint", vpcEndpointType="Interface", subnetIds=["a", "b", "c"])], 21.90),
        ([one("ec2/vpcEndpoint", vpcEndpointType="Interface", subnetIds="[unknown]")], 7.30),
        ([one("ec2/vpcEndpoint", vpcEndpointType="Gateway")], 0),
        ([one("kms/key"), one("kms/replicaKey")], 2),
        ([one("secretsmanager/secret", replicas=[{"region": "us-west-2"}])], 0.80),
        ([one("kinesis/stream", streamModeDetails={"streamMode": "ON_DEMAND"})], 29.20),
        ([one("kinesis/stream", shardCount=2)], 21.90),
        ([one("kinesis/stream", shardCount=1, retentionPeriod=168)], 25.55),
        ([one("msk/serverlessCluster")], 547.50),
        ([one("wafv2/webAcl", rules=[{}, {}, {}])], 8),
        ([one("cloudwatch/compositeAlarm")], 0.50),
        ([one("macie2/account"), one("s3/bucket"), one("s3/bucket", "b")], 0.20),
        ([one("dynamodb/table", billingMode="PAY_PER_REQUEST")], 0),
        (
            [
                one(
                    "kinesisanalyticsv2/application",
                    startApplication=True,
                    applicationConfiguration={
                        "flinkApplicationConfiguration": {"parallelismConfiguration": {"parallelism": 2}}
                    },
                )
            ],
            240.90,
        ),
        ([one("kinesisanalyticsv2/application")], 0),
    ],
)
def test_what_stands_costs_its_hours_or_its_month(items: list[Item], usd: float) -> None:
    assert of(*items).idle_usd == pytest.approx(usd)


def test_an_account_has_ten_alarms_and_three_dashboards_free() -> None:
    alarms = [one("cloudwatch/metricAlarm", f"a{number}") for number in range(12)]
    dashboards = [one("cloudwatch/dashboard", f"d{number}") for number in range(4)]
    assert of(*alarms[:10], *dashboards[:3]).idle_usd == 0
    assert of(*alarms, *dashboards).idle_usd == pytest.approx(0.20 + 3)


def test_an_alarm_counts_each_metric_that_it_reads() -> None:
    queries = [{"id": "a", "metric": {"period": 60}}, {"id": "b", "metric": {"period": 60}}, {"id": "c"}]
    found = of(one("cloudwatch/metricAlarm", metricQueries=queries), one("cloudwatch/metricAlarm", period=10))
    assert {row.price.id: row.units for row in found.standing} == {"alarm": 2, "alarm-fast": 1}


def endpoint(**variant: Any) -> list[Item]:
    return [
        one("sagemaker/endpoint", endpointConfigName="v1"),
        one("sagemaker/endpointConfiguration", "c", name="v1", productionVariants=[variant]),
    ]


def test_an_endpoint_costs_its_instances_unless_it_is_parked() -> None:
    made = endpoint(instanceType="ml.m5.large", initialInstanceCount=2)
    assert of(*made).idle_usd == pytest.approx(2 * 0.115 * 730)
    assert of(*made, parked=True).idle_usd == 0
    assert of(*endpoint(serverlessConfig={"memorySizeInMb": 2048})).idle_usd == 0


def test_an_instance_without_a_price_is_named() -> None:
    found = of(*endpoint(instanceType="ml.new.large", initialInstanceCount=1))
    assert dict(found.not_priced) == {"sagemaker/endpoint (sagemaker:ml.new.large)": ["it"]}


def test_a_type_without_a_rule_is_named() -> None:
    assert dict(of(one("quantum/ledger", "book")).not_priced) == {"quantum/ledger": ["book"]}


def test_use_is_added_to_what_stands() -> None:
    found = of(one("kms/key"), logs_gb=10)
    assert found.idle_usd == 1
    assert found.used_usd == pytest.approx(5)
    assert found.total_usd == pytest.approx(6)


def test_the_largest_monthly_budget_is_the_stacks() -> None:
    found = of(
        *(
            one("budgets/budget", name, budgetType="COST", timeUnit="MONTHLY", limitAmount=amount)
            for name, amount in (("all", "800"), ("team", "200"))
        )
    )
    assert found.budget_usd == 800


def test_a_state_is_priced_without_what_is_read_what_goes_and_what_is_secret() -> None:
    def made(name: str, **more: Any) -> Resource:
        inputs = {"recoveryWindowInDays": UNKNOWN, "description": Secret("marker")}
        return Resource(
            f"urn:pulumi:dev::p::t::{name}", "aws:secretsmanager/secret:Secret", True, inputs=inputs, **more
        )

    items = priced([made("a"), made("b", external=True), made("c", delete=True)])
    assert [item.name for item in items] == ["a"]
    assert "marker" not in str(items)
    assert estimate(Stack(items)).idle_usd == pytest.approx(0.40)


def test_every_price_has_a_source_at_aws_and_a_date() -> None:
    known = prices()
    for price in (
        *known.by_id.values(),
        *(one for kind in known.instances.values() for one in kind.values()),
    ):
        assert price.source.startswith("https://aws.amazon.com/"), price.id
        assert price.as_of.year >= 2023, price.id
        assert price.usd > 0, price.id


def test_every_rule_names_prices_that_are_there() -> None:
    for ids in USED.values():
        assert all(prices().find(id) for id in ids), ids


def test_every_type_that_the_sandbox_knows_is_priced_but_machines_databases_and_edges() -> None:
    known = {listing.token.removeprefix("aws:").rpartition(":")[0] for listing in types()}
    missing = known - {*STANDING, *USED, *FREE} - MACHINES - MACHINES_OF_OTHERS
    assert {type for type in missing if type.partition("/")[0] not in OF_OTHERS} == set()


def test_a_type_is_free_or_priced_and_not_both() -> None:
    assert FREE & {*STANDING, *USED} == frozenset()


def test_a_usage_file_tells_all_that_is_wrong_in_it(tmp_path: Path) -> None:
    path = tmp_path / "july.yaml"
    path.write_text("logs-gb: 12\nlog-gb: 3\nathena-tb: -1\nsagemaker:ml.m5.xlarge: 20\n")
    with pytest.raises(UsageError) as refused:
        read_usage(path)
    assert "no price is called 'log-gb'; was logs-gb meant?" in str(refused.value)
    assert "athena-tb: given -1; allowed: a number from 0 on" in str(refused.value)
    path.write_text("logs-gb: 12\nsagemaker:ml.m5.xlarge: 20\n")
    assert read_usage(path) == {"logs-gb": 12.0, "sagemaker:ml.m5.xlarge": 20.0}


def test_the_command_prices_a_state_and_fails_above_its_limit(project: Path, groundplan: Any) -> None:
    before = groundplan(project, "cost", "dev")
    assert before.status == 1
    assert "groundplan up dev" in before.err
    assert groundplan(project, "up", "dev").status == 0
    usage = project / "july.yaml"
    usage.write_text("s3-gb: 100\n")
    told = groundplan(project, "cost", "dev", "--usage", str(usage), "--limit", "2", "--json")
    assert told.status == 1
    found = json.loads(told.out)
    assert (found["idle"], found["use"], found["notPriced"]) == (0, 2.3, {})
    assert "0.30 USD above the limit" in told.err
    planned = groundplan(project, "cost", "dev", "--preview")
    assert planned.status == 0, planned.err
    assert "objects in S3 Standard" in planned.out
    assert groundplan(project, "destroy", "dev", "--yes").status == 0


def test_the_program_and_the_command_ask_the_same_price_for_an_instance() -> None:
    told = {kind: price.usd for kind, price in prices().instances["sagemaker"].items()}
    assert {kind: told.get(kind, usd) for kind, usd in HOURLY_USD.items()} == dict(HOURLY_USD)
    assert len(told.keys() & HOURLY_USD.keys()) > 20
