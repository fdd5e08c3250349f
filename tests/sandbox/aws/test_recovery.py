"""What a killed run left behind is found again, finished, and never made twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_driver import Driver, Made, urn_of
from lives import LIVES, Life, Make

from sandbox.aws.catalog import TYPES
from sandbox.aws.provider import AwsProvider
from sandbox.engine.values import PropertyMap


@pytest.fixture
def make(driver: Driver, request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[Made] = []

    def one(token: str, name: str, inputs: PropertyMap) -> PropertyMap:
        resource = driver.make(token, f"r{request.node.callspec.indices['life']}-{name}", inputs)
        made.append(resource)
        return resource.outputs

    yield one
    for resource in reversed(made):
        driver.delete(resource)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.type.split(":")[1])
def test_what_was_made_is_found_and_what_was_not_is_not(life: Life, driver: Driver, make: Make) -> None:
    inputs = {**life.inputs(make)}
    if TYPES[life.type].tags is not None:
        inputs["tags"] = {"Name": "recovered"}
    checked = driver.check(life.type, "lost", inputs)
    made = driver.make(life.type, "lost", inputs)
    try:
        found = driver.provider.recover(urn_of(life.type, "lost"), checked)
        if not life.leaves_something:
            assert found is None
            return
        assert found is not None
        assert found.id == made.id
        assert not life.recoverable or found.properties == made.outputs
    finally:
        driver.delete(made)
    if life.gone_after_delete:
        assert driver.provider.recover(urn_of(life.type, "lost"), checked) is None


def test_a_resource_that_the_state_knows_is_not_taken_for_the_lost_one(driver: Driver) -> None:
    inputs = {"domain": "vpc"}
    known = driver.make("aws:ec2/eip:Eip", "known", inputs)
    urn = urn_of("aws:ec2/eip:Eip", "lost")
    assert driver.provider.recover(urn, known.inputs, taken=[known.id]) is None
    driver.delete(known)


def test_a_half_made_resource_is_finished(
    provider: AwsProvider, driver: Driver, client: Callable[[str], Any]
) -> None:
    token = "aws:ec2/vpc:Vpc"
    checked = driver.check(token, "half", {"cidrBlock": "10.77.0.0/16", "enableDnsHostnames": True})
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Project", "Value": "groundplan"}]}]
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    found = provider.recover(urn_of(token, "half"), checked)
    assert found is not None
    assert found.id == vpc
    answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is True
    ec2.delete_vpc(VpcId=vpc)


def test_a_setting_that_was_never_made_is_not_taken_for_what_stood_there_before(
    provider: AwsProvider, driver: Driver, client: Callable[[str], Any]
) -> None:
    topic = driver.make("aws:sns/topic:Topic", "news", {}).outputs["arn"]
    bucket = driver.make("aws:s3/bucket:Bucket", "shelf", {}).outputs["id"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    token = "aws:sns/topicPolicy:TopicPolicy"
    checked = driver.check(token, "lost", {"arn": topic, "policy": policy})
    assert provider.recover(urn_of(token, "lost"), checked) is not None
    attributes = client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert json.loads(attributes["Policy"]) == json.loads(policy)

    token = "aws:s3/bucketVersioning:BucketVersioning"
    settings = {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}}
    assert provider.recover(urn_of(token, "lost"), driver.check(token, "lost", settings)) is not None
    assert client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    client("s3").delete_bucket(Bucket=bucket)
    client("sns").delete_topic(TopicArn=topic)
