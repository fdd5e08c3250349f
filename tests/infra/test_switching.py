"""Does switching any setting, one at a time, leave every store of data where it is?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from mocked import REGION, build
from switches import EVERYTHING, Switch, switches

from infra.foundation.place import Place
from infra.platform import Platform
from infra.settings.loading import SettingsError, read_settings
from sandbox.aws.provider import AwsProvider
from sandbox.engine.diffs import ignoring

ROOT = Path(__file__).parents[2]
MARK = "groundplan:"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/3"


def _given(environment: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What an environment's own file says, with a release, and more over it."""
    config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{environment}.yaml").read_text())["config"]
    of_file = {key.removeprefix(MARK): one for key, one in config.items() if key.startswith(MARK)}
    return {**of_file, "release": {"modelPackageArn": PACKAGE}, **(more or {})}


STACKS = {
    "dev": ("dev", _given("dev")),
    "staging": ("staging", _given("staging")),
    "prod": ("prod", _given("prod")),
    "dev with every part": ("dev", _given("dev", EVERYTHING)),
}
"""The environments as they are, and one in which the settings of optional parts do something."""
ALWAYS = {"aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:sagemaker/modelPackageGroup:ModelPackageGroup"}
"""Stores that no setting takes away."""
STORES = ALWAYS | {
    "aws:amp/workspace:Workspace",
    "aws:backup/vault:Vault",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:dynamodb/table:Table",
    "aws:ecr/repository:Repository",
    "aws:glue/catalogDatabase:CatalogDatabase",
    "aws:glue/catalogTable:CatalogTable",
    "aws:grafana/workspace:Workspace",
    "aws:kinesis/stream:Stream",
    "aws:kms/replicaKey:ReplicaKey",
    "aws:msk/cluster:Cluster",
    "aws:msk/serverlessCluster:ServerlessCluster",
    "aws:sagemaker/featureGroup:FeatureGroup",
    "aws:secretsmanager/secret:Secret",
    "aws:sqs/queue:Queue",
}
"""Stores that may go with the part that they belong to, but are never made anew beside it."""

BY_NAME = {
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:iam/role:Role",
    "aws:lambda/function:Function",
    "aws:scheduler/schedule:Schedule",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
}
"""Types that AWS knows by a name that each component gives by itself."""

REFUSED = {
    "dev": {"streaming.consumer.parallel"},
    "staging": {"parking.enabled", "streaming.consumer.parallel"},
    "prod": {"parking.enabled", "streaming.consumer.parallel"},
    "dev with every part": {
        "deployment.repository",
        "frontDoor.audience",
        "frontDoor.issuer",
        "images.fromStack",
        "notifications.chatApplication.slack",
        "streaming.consumer.parallel",
        "streaming.flink.enabled",
    },
}
"""Settings that cannot be another thing beside the others of the stack, such as parking outside dev."""


@dataclass(frozen=True)
class Made:
    """The stores of a platform by type and name: their inputs, and what the engine never changes of them."""

    stores: Mapping[tuple[str, str], dict[str, Any]]
    ignored: Mapping[tuple[str, str], list[str]]


def _platform(environment: str, given: dict[str, Any]) -> Made:
    chosen = read_settings(environment, given)
    ignored: dict[tuple[str, str], list[str]] = {}

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        ignored[args.type_, args.name] = [_camel(one) for one in args.opts.ignore_changes or []]

    def program() -> dict[str, Any]:
        pulumi.runtime.register_stack_transformation(note)
        return Platform(chosen, Place.of_this_stack()).exports

    made = build(program, stack=environment).made
    return Made({(kind, name): inputs for kind, name, inputs in made if kind in STORES}, ignored)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _lost(before: Made, after: Made) -> list[str]:
    """The stores that a switch would take away though they always stand."""
    gone = before.stores.keys() - after.stores.keys()
    # What stands in the second region is of an optional part, that region.
    return [f"{one[1]} is gone" for one in gone if one[0] in ALWAYS and not before.stores[one].get("region")]


def _replaced(before: Made, after: Made, provider: AwsProvider) -> list[str]:
    """The stores that a change would make anew."""
    replaced: list[str] = []
    for (kind, name), inputs in before.stores.items():
        if (kind, name) in after.stores:
            urn = f"urn:pulumi:dev::groundplan::{kind}::{name}"
            ignored = after.ignored[kind, name]
            news, _ = ignoring(after.stores[kind, name], inputs, ignored)
            change = provider.diff(urn, name, inputs, inputs, news, ignored)
            replaced += [f"{name} is replaced for {path}" for path in change.replaces]
    return replaced


def _switched(
    environment: str, given: dict[str, Any], base: Made, one: Switch, provider: AwsProvider
) -> list[str]:
    try:
        after = _platform(environment, one.over(given))
    except SettingsError:
        return []  # refused by name: nothing is touched
    # What only the switch brought in, such as the replicas in a second region, goes with it on the way back.
    return [*_lost(base, after), *_replaced(base, after, provider), *_replaced(after, base, provider)]


def _provider() -> AwsProvider:
    provider = AwsProvider("http://127.0.0.1:9")  # Diff makes no request
    provider.configure({"region": REGION})
    return provider


@pytest.mark.parametrize("stack", STACKS)
def test_every_setting_has_another_value_that_it_can_be_switched_to(stack: str) -> None:
    environment, given = STACKS[stack]
    every = switches(environment, given)
    refused = set()
    for one in every:
        try:
            assert read_settings(environment, one.over(given)) != read_settings(environment, given), one
        except SettingsError:
            refused.add(one.path)
    allowed = {one.path for one in every} - refused
    assert refused - allowed <= REFUSED[stack]


def test_a_platform_of_every_part_names_nothing_twice_and_protects_what_counts_as_a_store() -> None:
    protected = set()

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        if args.opts.protect:
            protected.add(args.type_)

    def program() -> dict[str, Any]:
        pulumi.runtime.register_stack_transformation(note)
        chosen = read_settings("prod", _given("prod", EVERYTHING))
        return Platform(chosen, Place.of_this_stack()).exports

    made = build(program, stack="prod").made
    names = Counter((kind, one["name"], one.get("region")) for kind, _, one in made if kind in BY_NAME)
    assert [one for one, times in names.items() if times > 1] == []
    assert len(protected) > 5
    assert protected <= STORES


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_second_region_and_protection_come_and_go_around_the_stores(environment: str) -> None:
    given, provider = _given(environment), _provider()
    base = _platform(environment, given)
    chosen = [one for one in switches(environment, given) if one.path in ("recovery.region", "protected")]
    assert len(chosen) == 3
    assert [lost for one in chosen for lost in _switched(environment, given, base, one, provider)] == []


@pytest.mark.soak
@pytest.mark.parametrize("stack", STACKS)
def test_no_setting_replaces_a_store_when_it_is_switched_and_back(stack: str) -> None:
    environment, given = STACKS[stack]
    base, provider = _platform(environment, given), _provider()
    found = {
        f"{one.path} = {one.value}": lost
        for one in switches(environment, given)
        if (lost := _switched(environment, given, base, one, provider))
    }
    assert found == {}
