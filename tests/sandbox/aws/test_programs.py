"""Ordinary AWS programs come up unchanged, change nothing the second time, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_program import AwsProgram, changed

from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

WEB_SERVER = """
import pulumi
import pulumi_aws as aws

ami = aws.ec2.get_ami(
    most_recent=True,
    owners=["amazon"],
    filters=[{"name": "name", "values": ["al2023-ami-2023*-x86_64"]}],
)
group = aws.ec2.SecurityGroup(
    "web",
    description="HTTP from anywhere",
    ingress=[{"protocol": "tcp", "from_port": 80, "to_port": 80, "cidr_blocks": ["0.0.0.0/0"]}],
    egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
)
server = aws.ec2.Instance(
    "web",
    ami=ami.id,
    instance_type="t3.micro",
    vpc_security_group_ids=[group.id],
    user_data="#!/bin/sh\\necho hello\\n",
    tags={"Name": "web"},
)
pulumi.export("address", server.public_ip)
pulumi.export("name", server.public_dns)
"""

SERVERLESS_API = """
import json
import pulumi
import pulumi_aws as aws

table = aws.dynamodb.Table(
    "notes", hash_key="id", billing_mode="PAY_PER_REQUEST", attributes=[{"name": "id", "type": "S"}]
)
trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role("api", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
aws.iam.RolePolicyAttachment(
    "api-logs", role=role.name, policy_arn=aws.iam.ManagedPolicy.AWS_LAMBDA_BASIC_EXECUTION_ROLE
)
function = aws.lambda_.Function(
    "api",
    role=role.arn,
    runtime="python3.12",
    handler="handler.answer",
    environment={"variables": {"TABLE": table.name}},
    code=pulumi.AssetArchive(
        {"handler.py": pulumi.StringAsset("def answer(event, context):\\n    return {'statusCode': 200}\\n")}
    ),
)
api = aws.apigatewayv2.Api("notes", protocol_type="HTTP")
integration = aws.apigatewayv2.Integration(
    "notes",
    api_id=api.id,
    integration_type="AWS_PROXY",
    integration_uri=function.invoke_arn,
    payload_format_version="2.0",
)
aws.apigatewayv2.Route(
    "notes",
    api_id=api.id,
    route_key="GET /notes",
    target=pulumi.Output.concat("integrations/", integration.id),
)
stage = aws.apigatewayv2.Stage("live", api_id=api.id, name="$default", auto_deploy=True)
aws.lambda_.Permission(
    "api",
    action="lambda:InvokeFunction",
    function=function.name,
    principal="apigateway.amazonaws.com",
    source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
)
pulumi.export("url", stage.invoke_url)
"""

STATIC_WEBSITE = """
import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("site")
website = aws.s3.BucketWebsiteConfiguration(
    "site", bucket=bucket.bucket, index_document={"suffix": "index.html"}, error_document={"key": "404.html"}
)
aws.s3.BucketObjectv2(
    "index.html", bucket=bucket.bucket, key="index.html", content="<h1>Hello</h1>", content_type="text/html"
)
zone = aws.route53.Zone("site", name="example.org")
east = aws.Provider("east", region="us-east-1")
there = pulumi.ResourceOptions(provider=east)
certificate = aws.acm.Certificate("site", domain_name="www.example.org", validation_method="DNS", opts=there)
proof = certificate.domain_validation_options[0]
record = aws.route53.Record(
    "proof",
    zone_id=zone.zone_id,
    name=proof.resource_record_name,
    type=proof.resource_record_type,
    records=[proof.resource_record_value],
    ttl=60,
)
valid = aws.acm.CertificateValidation(
    "site", certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=there
)
cdn = aws.cloudfront.Distribution(
    "site",
    enabled=True,
    aliases=["www.example.org"],
    default_root_object="index.html",
    origins=[
        {
            "origin_id": "site",
            "domain_name": website.website_endpoint,
            "custom_origin_config": {
                "http_port": 80,
                "https_port": 443,
                "origin_protocol_policy": "http-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        }
    ],
    default_cache_behavior={
        "target_origin_id": "site",
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "forwarded_values": {"query_string": False, "cookies": {"forward": "none"}},
    },
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"acm_certificate_arn": valid.certificate_arn, "ssl_support_method": "sni-only"},
)
aws.route53.Record(
    "www",
    zone_id=zone.zone_id,
    name="www",
    type="A",
    aliases=[
        {"name": cdn.domain_name, "zone_id": cdn.hosted_zone_id, "evaluate_target_health": False}
    ],
)
pulumi.export("endpoint", website.website_endpoint)
pulumi.export("domain", cdn.domain_name)
"""

CONTAINERS = """
import json
import pulumi
import pulumi_aws as aws

vpc = aws.ec2.get_vpc(default=True)
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}]).ids
group = aws.ec2.SecurityGroup("web", vpc_id=vpc.id)
balancer = aws.lb.LoadBalancer("web", security_groups=[group.id], subnets=subnets)
targets = aws.lb.TargetGroup("web", port=80, protocol="HTTP", target_type="ip", vpc_id=vpc.id)
listener = aws.lb.Listener(
    "web",
    load_balancer_arn=balancer.arn,
    port=80,
    default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
)
place = aws.rds.SubnetGroup("data", subnet_ids=subnets)
database = aws.rds.Instance(
    "data",
    engine="postgres",
    instance_class="db.t3.micro",
    allocated_storage=20,
    db_name="app",
    username="app",
    password=pulumi.Output.secret("correct-horse"),
    db_subnet_group_name=place.name,
    vpc_security_group_ids=[group.id],
    skip_final_snapshot=True,
)
trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role("tasks", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
cluster = aws.ecs.Cluster("web")
task = aws.ecs.TaskDefinition(
    "web",
    family="web",
    cpu="256",
    memory="512",
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=role.arn,
    container_definitions=pulumi.Output.json_dumps(
        [
            {
                "name": "web",
                "image": "nginx",
                "portMappings": [{"containerPort": 80}],
                "environment": [{"name": "DATABASE", "value": database.endpoint}],
            }
        ]
    ),
)
aws.ecs.Service(
    "web",
    cluster=cluster.arn,
    desired_count=2,
    launch_type="FARGATE",
    task_definition=task.arn,
    network_configuration={"subnets": subnets, "security_groups": [group.id], "assign_public_ip": True},
    load_balancers=[{"target_group_arn": targets.arn, "container_name": "web", "container_port": 80}],
    opts=pulumi.ResourceOptions(depends_on=[listener]),
)
pulumi.export("url", balancer.dns_name)
pulumi.export("database", database.endpoint)
"""


@pytest.fixture(scope="module")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox of its own: what remains in it is what a program left."""
    root = tmp_path_factory.mktemp("programs")
    yield daemon.start(root).endpoint_url
    daemon.stop(root)


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        pytest.param(WEB_SERVER, ("address", "name"), id="web server"),
        pytest.param(SERVERLESS_API, ("url",), id="serverless API"),
        pytest.param(STATIC_WEBSITE, ("endpoint", "domain"), id="static website"),
        pytest.param(
            CONTAINERS, ("url", "database"), id="containers behind a load balancer, with a database"
        ),
    ],
)
def test_a_program_lives_its_whole_life(
    text: str, outputs: tuple[str, ...], endpoint_url: str, tmp_path: Path
) -> None:
    program = AwsProgram(tmp_path, endpoint_url).write(text)

    made = program.run("up")
    assert made.result == "succeeded", program.told(made)
    assert all(made.outputs.get(name) for name in outputs), made.outputs

    again = program.run("up", expect_no_changes=True)
    assert (again.result, changed(again)) == ("succeeded", {}), program.told(again)

    refreshed = program.run("refresh", expect_no_changes=True)
    assert (refreshed.result, changed(refreshed)) == ("succeeded", {}), program.told(refreshed)

    gone = program.run("destroy")
    assert gone.result == "succeeded", program.told(gone)
    assert SandboxClient(endpoint_url).remaining().remaining == ()
