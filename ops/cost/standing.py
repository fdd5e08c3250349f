"""What does a resource cost though nobody uses it? One rule a type, with how many units it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.cost.item import Item, Stack
from ops.cost.prices import prices

_A_DAY: Final = 24
"""Hours that a shard keeps records for without a charge."""
_FAST_SECONDS: Final = 60


@dataclass(frozen=True)
class Count:
    """Units of a price. Those by the hour are counted in hours of a month."""

    price: str
    units: float
    note: str = ""


Rule = Callable[[Item, Stack], Iterator[Count]]


def _each(price: str) -> Rule:
    """One unit a month for each resource."""
    return lambda item, stack: iter([Count(price, 1)])


def _hourly(price: str) -> Rule:
    """One unit for each hour of the month."""
    return lambda item, stack: iter([_hours(price)])


def _hours(price: str, number: float = 1, note: str = "") -> Count:
    return Count(price, number * prices().hours, note)


def _secret(item: Item, stack: Stack) -> Iterator[Count]:
    yield Count("secret", 1 + len(item.list("replicas")))


def _interface(item: Item, stack: Stack) -> Iterator[Count]:
    if item.get("vpcEndpointType") == "Interface":
        # A plan may not know the subnets yet, but how many there are.
        zones = len(item.list("subnetIds")) or 1
        yield _hours("interface-hour", zones, f"in {zones} zone{'s' if zones > 1 else ''}")


def _alarm(item: Item, stack: Stack) -> Iterator[Count]:
    queries = item.list("metricQueries")
    metrics = (
        [one.get("metric") or {} for one in queries if one.get("metric")] if queries else [item.properties]
    )
    fast = sum(1 for one in metrics if 0 < float(one.get("period") or _FAST_SECONDS) < _FAST_SECONDS)
    if fast:
        yield Count("alarm-fast", fast)
    # An expression that reads metrics by itself counts as one.
    if fast < max(len(metrics), 1):
        yield Count("alarm", max(len(metrics), 1) - fast)


def _stream(item: Item, stack: Stack) -> Iterator[Count]:
    if item.get("streamModeDetails", "streamMode") == "ON_DEMAND":
        yield _hours("stream-hour")
        return
    shards = item.number("shardCount", default=1)
    yield _hours("shard-hour", shards)
    if item.number("retentionPeriod", default=_A_DAY) > _A_DAY:
        yield _hours("shard-retention-hour", shards)


def _fan_out(item: Item, stack: Stack) -> Iterator[Count]:
    shards = [one.number("shardCount", default=1) for one in stack.of("kinesis/stream")]
    yield _hours("fan-out-hour", shards[0] if len(shards) == 1 else 1)


def _msk(item: Item, stack: Stack) -> Iterator[Count]:
    brokers = item.number("numberOfBrokerNodes", default=1)
    kind = item.get("brokerNodeGroupInfo", "instanceType")
    yield _hours(f"msk:{kind}", brokers)
    size = item.number("brokerNodeGroupInfo", "storageInfo", "ebsStorageInfo", "volumeSize")
    if size:
        yield Count("msk-storage", size * brokers)


def _flink(item: Item, stack: Stack) -> Iterator[Count]:
    if item.get("startApplication") is not True:
        return
    told = ("applicationConfiguration", "flinkApplicationConfiguration", "parallelismConfiguration")
    units = item.number(*told, "parallelism", default=1) / item.number(*told, "parallelismPerKpu", default=1)
    yield _hours("kpu-hour", units + 1, "one of them for orchestration")


def _acl(item: Item, stack: Stack) -> Iterator[Count]:
    yield Count("waf-acl", 1)
    if item.list("rules"):
        yield Count("waf-rule", len(item.list("rules")))


def _rule_group(item: Item, stack: Stack) -> Iterator[Count]:
    yield Count("waf-rule", 1 + len(item.list("rules")))


def _macie(item: Item, stack: Stack) -> Iterator[Count]:
    yield Count("macie-bucket", len(stack.of("s3/bucket")))


def _inspector(item: Item, stack: Stack) -> Iterator[Count]:
    if "LAMBDA" in item.list("resourceTypes"):
        yield Count("inspector-function", len(stack.of("lambda/function")))


def _analyzer(item: Item, stack: Stack) -> Iterator[Count]:
    if str(item.get("type")).endswith("_UNUSED_ACCESS"):
        yield Count("unused-access", len(stack.of("iam/role")))


def _endpoint(item: Item, stack: Stack) -> Iterator[Count]:
    for variant in _variants(item, stack):
        kind = variant.get("instanceType")
        if kind:
            number = float(variant.get("initialInstanceCount") or 1)
            if stack.parked:
                yield Count(f"sagemaker:{kind}", 0, "parked")
                continue
            yield _hours(f"sagemaker:{kind}", number)
            if variant.get("volumeSizeInGb"):
                yield Count("sagemaker-volume", float(variant["volumeSizeInGb"]) * number)


def _variants(item: Item, stack: Stack) -> list[Mapping[str, Any]]:
    """Variants and shadows of the endpoint's configuration, told by its name or by being the only one."""
    known = stack.of("sagemaker/endpointConfiguration")
    named = [one for one in known if one.get("name") == item.get("endpointConfigName")]
    chosen = named or (known if len(known) == 1 else [])
    return [
        variant
        for one in chosen
        for variant in (*one.list("productionVariants"), *one.list("shadowProductionVariants"))
        if isinstance(variant, Mapping)
    ]


def _notebook(item: Item, stack: Stack) -> Iterator[Count]:
    yield _hours(f"sagemaker:{item.get('instanceType')}")


def _tracking_server(item: Item, stack: Stack) -> Iterator[Count]:
    size = {"Small": 1, "Medium": 2, "Large": 4}.get(str(item.get("trackingServerSize")), 1)
    yield _hours("mlflow-small-hour", size)


def _table(item: Item, stack: Stack) -> Iterator[Count]:
    if item.get("billingMode") != "PAY_PER_REQUEST":
        yield _hours("dynamodb-write-hour", item.number("writeCapacity", default=1))
        yield _hours("dynamodb-read-hour", item.number("readCapacity", default=1))


def _concurrency(item: Item, stack: Stack) -> Iterator[Count]:
    yield _hours("concurrency", item.number("provisionedConcurrentExecutions", default=1), "of 1 GB each")


def _budget_action(item: Item, stack: Stack) -> Iterator[Count]:
    # Several actions of one budget count once.
    first = next(
        one for one in stack.of("budgets/budgetAction") if one.get("budgetName") == item.get("budgetName")
    )
    if first is item:
        yield Count("budget-action", 1)


STANDING: Final[Mapping[str, Rule]] = {
    "ec2/natGateway": _hourly("nat-hour"),
    "ec2/eip": _hourly("ipv4-hour"),
    "ec2/vpcEndpoint": _interface,
    "kms/key": _each("kms-key"),
    "kms/replicaKey": _each("kms-key"),
    "secretsmanager/secret": _secret,
    "cloudwatch/metricAlarm": _alarm,
    "cloudwatch/compositeAlarm": _each("alarm-composite"),
    "cloudwatch/dashboard": _each("dashboard"),
    "kinesis/stream": _stream,
    "kinesis/streamConsumer": _fan_out,
    "msk/serverlessCluster": _hourly("msk-serverless-hour"),
    "msk/cluster": _msk,
    "kinesisanalyticsv2/application": _flink,
    "wafv2/webAcl": _acl,
    "wafv2/ruleGroup": _rule_group,
    "budgets/budgetAction": _budget_action,
    "route53/zone": _each("hosted-zone"),
    "macie2/account": _macie,
    "inspector2/enabler": _inspector,
    "accessanalyzer/analyzer": _analyzer,
    "eks/cluster": _hourly("eks-hour"),
    "lb/loadBalancer": _hourly("load-balancer-hour"),
    "sagemaker/endpoint": _endpoint,
    "sagemaker/notebookInstance": _notebook,
    "sagemaker/mlflowTrackingServer": _tracking_server,
    "dynamodb/table": _table,
    "lambda/provisionedConcurrencyConfig": _concurrency,
}
"""By type, what stands on the bill each month."""
