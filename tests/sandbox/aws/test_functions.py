"""The data functions answer as AWS does, from what stands in the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from aws_driver import Driver

from sandbox.aws.provider import AwsProvider
from sandbox.engine.values import Secret


def ask(provider: AwsProvider, token: str, **arguments: Any) -> dict[str, Any]:
    answer = provider.invoke(token, arguments)
    assert not answer.failures, answer.failures
    return answer.properties


def refused(provider: AwsProvider, token: str, **arguments: Any) -> str:
    return provider.invoke(token, arguments).failures[0].reason


@pytest.mark.parametrize(
    ("owner", "pattern"),
    [
        ("amazon", "al2023-ami-2023*-x86_64"),
        ("amazon", "amzn2-ami-hvm-*-x86_64-gp2"),
        ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"),
        ("591542846629", "amzn2-ami-ecs-hvm-*-x86_64-ebs"),
    ],
)
def test_the_images_that_programs_look_up_are_found(provider: AwsProvider, owner: str, pattern: str) -> None:
    wanted = {
        "owners": [owner],
        "mostRecent": True,
        "filters": [{"name": "name", "values": [pattern]}, {"name": "architecture", "values": ["x86_64"]}],
    }
    image = ask(provider, "aws:ec2/getAmi:getAmi", **wanted)
    assert image["id"].startswith("ami-")
    assert image["architecture"] == "x86_64"
    assert ask(provider, "aws:ec2/getAmi:getAmi", **wanted) == image


def test_an_ambiguous_and_an_empty_look_up_of_an_image_are_refused(provider: AwsProvider) -> None:
    token = "aws:ec2/getAmi:getAmi"
    many = [{"name": "name", "values": ["al2023-*"]}]
    assert "be more specific" in refused(provider, token, owners=["amazon"], filters=many)
    none = [{"name": "name", "values": ["no-such-image-*"]}]
    assert "no results" in refused(provider, token, owners=["amazon"], filters=none, mostRecent=True)


def test_the_default_network_is_found_piece_by_piece(provider: AwsProvider) -> None:
    vpc = ask(provider, "aws:ec2/getVpc:getVpc", default=True)
    by_vpc = [{"name": "vpc-id", "values": [vpc["id"]]}]
    subnets = ask(provider, "aws:ec2/getSubnets:getSubnets", filters=by_vpc)["ids"]
    assert len(subnets) == 3
    subnet = ask(provider, "aws:ec2/getSubnet:getSubnet", id=subnets[0])
    assert (subnet["vpcId"], subnet["defaultForAz"]) == (vpc["id"], True)
    group = ask(provider, "aws:ec2/getSecurityGroup:getSecurityGroup", name="default", vpcId=vpc["id"])
    assert group["vpcId"] == vpc["id"]
    table = ask(provider, "aws:ec2/getRouteTable:getRouteTable", routeTableId=vpc["mainRouteTableId"])
    assert table["vpcId"] == vpc["id"]


def test_a_zone_is_found_by_name(provider: AwsProvider, driver: Driver) -> None:
    made = driver.make("aws:route53/zone:Zone", "looked-up", {"name": "looked-up.example"})
    assert ask(provider, "aws:route53/getZone:getZone", name="looked-up.example")["id"] == made.id
    driver.delete(made)
    assert "0 hosted zones" in refused(provider, "aws:route53/getZone:getZone", name="looked-up.example")


def test_secrets_and_parameters_come_back_as_secrets(provider: AwsProvider, driver: Driver) -> None:
    parameter = driver.make(
        "aws:ssm/parameter:Parameter", "p", {"name": "/app/p", "type": "String", "value": "v"}
    )
    assert ask(provider, "aws:ssm/getParameter:getParameter", name="/app/p")["value"] == Secret("v")
    secret = driver.make("aws:secretsmanager/secret:Secret", "looked-up", {})
    version = driver.make(
        "aws:secretsmanager/secretVersion:SecretVersion",
        "v",
        {"secretId": secret.id, "secretString": "hidden"},
    )
    found = ask(provider, "aws:secretsmanager/getSecretVersion:getSecretVersion", secretId=secret.id)
    assert found["secretString"] == Secret("hidden")
    for made in (version, secret, parameter):
        driver.delete(made)


def test_a_managed_policy_is_found_by_name(provider: AwsProvider) -> None:
    found = ask(provider, "aws:iam/getPolicy:getPolicy", name="AmazonS3ReadOnlyAccess")
    assert found["arn"] == "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def test_the_zone_and_the_account_of_load_balancers_are_known(provider: AwsProvider) -> None:
    assert ask(provider, "aws:elb/getServiceAccount:getServiceAccount")["id"] == "156460612806"
    assert ask(provider, "aws:elb/getHostedZoneId:getHostedZoneId")["id"] == "Z32O12XQLNTSW2"


def test_topics_queues_clusters_and_certificates_are_found(provider: AwsProvider, driver: Driver) -> None:
    topic = driver.make("aws:sns/topic:Topic", "t", {"name": "looked-up"})
    queue = driver.make("aws:sqs/queue:Queue", "q", {"name": "looked-up"})
    cluster = driver.make("aws:ecs/cluster:Cluster", "c", {"name": "looked-up"})
    domain = {"domainName": "looked-up.example", "validationMethod": "DNS"}
    certificate = driver.make("aws:acm/certificate:Certificate", "d", domain)
    assert ask(provider, "aws:sns/getTopic:getTopic", name="looked-up")["arn"] == topic.id
    assert ask(provider, "aws:sqs/getQueue:getQueue", name="looked-up")["url"] == queue.id
    assert ask(provider, "aws:ecs/getCluster:getCluster", clusterName="looked-up")["arn"] == cluster.id
    found = ask(provider, "aws:acm/getCertificate:getCertificate", domain="looked-up.example")
    assert found["arn"] == certificate.id
    for made in (certificate, cluster, queue, topic):
        driver.delete(made)
    assert "no SNS topic" in refused(provider, "aws:sns/getTopic:getTopic", name="looked-up")
