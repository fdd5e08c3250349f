"""Regions and accounts by provider: each explicit provider works in its own, against a real sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from aws_driver import Driver, urn_of

from sandbox.aws.configuration import WrongAccountError
from sandbox.aws.provider import AwsProvider

QUEUE = "aws:sqs/queue:Queue"
ROLE = "aws:iam/role:Role"
HOME, OTHER, THIRD = "123456789012", "222233334444", "555566667777"
PROVIDER_URN = urn_of("pulumi:providers:aws", "explicit")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
        ],
    }
)
Explicit = Callable[..., Driver]


@pytest.fixture
def explicit(endpoint_url: str) -> Iterator[Explicit]:
    """Providers with configurations of their own, as a program makes them."""
    made: list[AwsProvider] = []

    def begin(**configuration: Any) -> Driver:
        provider = AwsProvider(endpoint_url, access_key=f"AKIA0000{HOME}", secret_key="sandbox")
        checked = provider.check_config(PROVIDER_URN, {}, configuration)
        assert not checked.failures, checked.failures
        provider.configure(checked.inputs)
        made.append(provider)
        return Driver(provider)

    yield begin
    for provider in made:
        provider.close()


def queues(endpoint_url: str, region: str, account: str) -> list[str]:
    client = boto3.client(
        "sqs",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=f"AKIA0000{account}",
        aws_secret_access_key="sandbox",
    )
    return [url.rpartition("/")[2] for url in client.list_queues().get("QueueUrls", [])]


def caller(driver: Driver) -> Any:
    return driver.provider.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}).properties


def assumed(*arns: str) -> str:
    """The configuration's `assumeRoles`, as the SDK sends it."""
    return json.dumps([{"roleArn": arn, "sessionName": "deploy"} for arn in arns])


def test_each_provider_works_in_its_own_region(explicit: Explicit, endpoint_url: str) -> None:
    here, there = explicit(region="us-east-1"), explicit(region="ap-southeast-2")
    first = here.make(QUEUE, "twin", {"name": "twin"})
    second = there.make(QUEUE, "twin", {"name": "twin"})
    assert first.outputs["arn"] == f"arn:aws:sqs:us-east-1:{HOME}:twin"
    assert second.outputs["arn"] == f"arn:aws:sqs:ap-southeast-2:{HOME}:twin"
    here.delete(first)
    assert queues(endpoint_url, "us-east-1", HOME) == []
    assert queues(endpoint_url, "ap-southeast-2", HOME) == ["twin"]
    there.delete(second)


def test_a_resources_own_region_wins_over_its_providers(explicit: Explicit, endpoint_url: str) -> None:
    driver = explicit(region="us-east-1")
    made = driver.make(QUEUE, "afar", {"name": "afar", "region": "eu-central-1"})
    assert queues(endpoint_url, "eu-central-1", HOME) == ["afar"]
    assert driver.read(made).id == made.id
    driver.delete(made)
    assert queues(endpoint_url, "eu-central-1", HOME) == []


def test_each_provider_sets_its_own_default_tags(explicit: Explicit) -> None:
    plain = explicit(region="us-east-1")
    tagged = explicit(region="us-east-1", defaultTags={"tags": {"Team": "data", "Stage": "test"}})
    bare = plain.make(QUEUE, "plain", {"name": "plain"})
    assert bare.outputs["tagsAll"] == {}
    plain.delete(bare)
    made = tagged.make(QUEUE, "tagged", {"name": "tagged", "tags": {"Stage": "mine"}})
    assert made.outputs["tagsAll"] == {"Team": "data", "Stage": "mine"}
    assert tagged.read(made).inputs["tagsAll"] == {"Team": "data", "Stage": "mine"}
    tagged.delete(made)


def test_an_access_key_leads_to_its_account(explicit: Explicit, endpoint_url: str) -> None:
    driver = explicit(region="us-east-1", accessKey=f"AKIA0000{OTHER}", secretKey="any")
    made = driver.make(QUEUE, "keyed", {"name": "keyed"})
    assert made.outputs["arn"] == f"arn:aws:sqs:us-east-1:{OTHER}:keyed"
    assert "keyed" not in queues(endpoint_url, "us-east-1", HOME)
    driver.delete(made)


def test_a_role_that_is_assumed_leads_to_its_account(explicit: Explicit, endpoint_url: str) -> None:
    driver = explicit(region="us-east-1", assumeRoles=assumed(f"arn:aws:iam::{OTHER}:role/team/Deployer"))
    made = driver.make(QUEUE, "lent", {"name": "lent"})
    assert made.outputs["arn"] == f"arn:aws:sqs:us-east-1:{OTHER}:lent"
    assert queues(endpoint_url, "us-east-1", OTHER) == ["lent"]
    assert caller(driver)["accountId"] == OTHER
    assert caller(driver)["arn"] == f"arn:aws:sts::{OTHER}:assumed-role/Deployer/deploy"
    driver.delete(made)


def test_of_roles_that_are_assumed_one_from_the_other_the_last_one_counts(explicit: Explicit) -> None:
    hub, spoke = f"arn:aws:iam::{OTHER}:role/hub", f"arn:aws:iam::{THIRD}:role/spoke"
    assert caller(explicit(region="us-east-1", assumeRoles=assumed(hub, spoke)))["accountId"] == THIRD
    web = json.dumps({"roleArn": hub, "webIdentityToken": "token"})
    assert caller(explicit(region="us-east-1", assumeRoleWithWebIdentity=web))["accountId"] == OTHER


def test_members_are_known_as_python_writes_them_too(explicit: Explicit) -> None:
    # The SDK sends a dict's keys as they were typed.
    role = {"role_arn": f"arn:aws:iam::{OTHER}:role/Deployer", "session_name": "ci"}
    driver = explicit(
        region="us-east-1", assumeRoles=json.dumps([role]), ignoreTags=json.dumps({"key_prefixes": ["x:"]})
    )
    assert caller(driver)["arn"] == f"arn:aws:sts::{OTHER}:assumed-role/Deployer/ci"
    made = driver.make(
        ROLE, "marked", {"name": "marked", "assumeRolePolicy": TRUST, "tags": {"x:by": "hand"}}
    )
    assert "tags" not in driver.read(made).inputs or driver.read(made).inputs["tags"] == {}
    driver.delete(made)


def test_roles_of_the_same_name_in_two_accounts_are_two(explicit: Explicit) -> None:
    home = explicit(region="us-east-1")
    other = explicit(region="us-east-1", assumeRoles=assumed(f"arn:aws:iam::{OTHER}:role/admin"))
    first = home.make(ROLE, "shared", {"name": "shared", "assumeRolePolicy": TRUST})
    second = other.make(ROLE, "shared", {"name": "shared", "assumeRolePolicy": TRUST})
    assert first.outputs["arn"] == f"arn:aws:iam::{HOME}:role/shared"
    assert second.outputs["arn"] == f"arn:aws:iam::{OTHER}:role/shared"
    other.delete(second)
    assert home.read(first).id == "shared"
    home.delete(first)


def test_the_accounts_that_are_allowed_are_those_of_the_role(explicit: Explicit) -> None:
    roles = assumed(f"arn:aws:iam::{OTHER}:role/admin")
    explicit(region="us-east-1", assumeRoles=roles, allowedAccountIds=json.dumps([OTHER]))
    with pytest.raises(WrongAccountError, match=f"account {OTHER} is not allowed"):
        explicit(region="us-east-1", assumeRoles=roles, allowedAccountIds=json.dumps([HOME]))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ('[{"roleArn":"arn:aws:iam::1:role/short"}]', "assumeRoles[0].roleArn"),
        ('[{"roleArn":"arn:aws:iam::222233334444:user/somebody"}]', "assumeRoles[0].roleArn"),
        (
            '[{"roleArn":"arn:aws:iam::222233334444:role/a","sessionName":"no spaces"}]',
            "assumeRoles[0].sessionName",
        ),
        ('["arn:aws:iam::222233334444:role/a"]', "assumeRoles[0]"),
        ('{"roleArn":"arn:aws:iam::222233334444:role/a"}', "assumeRoles"),
    ],
)
def test_a_role_that_nobody_could_assume_is_refused(endpoint_url: str, given: str, path: str) -> None:
    found = AwsProvider(endpoint_url).check_config(PROVIDER_URN, {}, {"assumeRoles": given})
    assert [failure.property for failure in found.failures] == [path]


def test_another_key_or_role_replaces_nothing_but_another_region_does(endpoint_url: str) -> None:
    provider = AwsProvider(endpoint_url)
    old = {"region": "us-east-1", "accessKey": "AKIAOLD"}
    rotated = provider.diff_config(PROVIDER_URN, old, {**old, "accessKey": "AKIANEW"})
    assert rotated.changes
    assert not rotated.replaces
    assert list(provider.diff_config(PROVIDER_URN, old, {**old, "region": "eu-west-1"}).replaces) == [
        "region"
    ]
