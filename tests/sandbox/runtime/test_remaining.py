"""What the sandbox counts as left: everything that was made, nothing that an account has of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

ZONES = ("a", "b")


def _kinds(cloud: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in cloud.administration.remaining().remaining:
        found.setdefault(one.service, set()).add(one.kind)
    return found


def test_a_fresh_account_that_was_looked_at_has_nothing_left(cloud: Any) -> None:
    for region in ("us-east-1", "eu-west-1"):
        cloud.client("ec2", region_name=region).describe_vpcs()
        cloud.client("ec2", region_name=region).describe_security_groups()
    cloud.client("iam").list_policies()
    cloud.client("kms").list_aliases()
    cloud.client("events").list_event_buses()
    cloud.client("athena").list_work_groups()
    cloud.client("ssm").describe_parameters()
    cloud.client("sagemaker").list_models()
    cloud.client("s3").list_buckets()
    assert cloud.administration.remaining().remaining == ()


def test_a_stack_that_is_made_counts_and_one_that_is_destroyed_does_not(
    cloud: Any, make_function: Callable[..., str]
) -> None:
    ec2, iam, kms, s3 = (cloud.client(name) for name in ("ec2", "iam", "kms", "s3"))
    sns, logs, metrics = (cloud.client(name) for name in ("sns", "logs", "cloudwatch"))
    secrets, scaling, events = (
        cloud.client(name) for name in ("secretsmanager", "application-autoscaling", "events")
    )

    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/zone", TargetKeyId=key)
    s3.create_bucket(Bucket="zone")
    s3.put_bucket_versioning(Bucket="zone", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="zone", Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate(ZONES)
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])["AssociationId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    group = ec2.create_security_group(GroupName="endpoints", Description="d", VpcId=vpc)["GroupId"]
    gate = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway", RouteTableIds=[table]
    )["VpcEndpoint"]["VpcEndpointId"]
    interface = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.sagemaker.api",
        VpcEndpointType="Interface",
        SubnetIds=subnets,
        SecurityGroupIds=[group],
    )["VpcEndpoint"]["VpcEndpointId"]
    logs.create_log_group(logGroupName="/vpc/flow")
    role = iam.create_role(RoleName="flow", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
    }
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="flow", PolicyArn=boundary)
    iam.put_role_policy(RoleName="flow", PolicyName="inline", PolicyDocument=json.dumps(document))
    flow = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="/vpc/flow",
        DeliverLogsPermissionArn=role,
    )["FlowLogIds"]
    topic = sns.create_topic(Name="notices")["TopicArn"]
    function = make_function("notify", "def handler(event, context):\n    pass\n")
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    secrets.create_secret(Name="webhook", SecretString="s")
    secrets.create_secret(Name="recoverable", SecretString="s")
    scale = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**scale, MinCapacity=1, MaxCapacity=2)
    metrics.put_metric_alarm(
        AlarmName="errors",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    metrics.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}])
    events.put_rule(Name="rule", ScheduleExpression="rate(1 day)")
    cloud.client("budgets").create_budget(
        AccountId="123456789012",
        Budget={
            "BudgetName": "monthly",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        },
    )
    made = _kinds(cloud)
    assert {
        "kms",
        "s3",
        "ec2",
        "iam",
        "sns",
        "lambda",
        "logs",
        "secretsmanager",
        "cloudwatch",
        "events",
    } <= set(made)
    assert {"budgets", "application-autoscaling"} <= set(made)
    assert {
        "vpcs",
        "subnets",
        "route_tables",
        "internet_gateways",
        "nat_gateways",
        "vpc_end_points",
        "flow_logs",
        "addresses",
    } <= made["ec2"]
    assert {"roles", "managed_policies"} <= made["iam"]

    cloud.client("budgets").delete_budget(AccountId="123456789012", BudgetName="monthly")
    events.delete_rule(Name="rule")
    metrics.delete_alarms(AlarmNames=["errors"])
    scaling.deregister_scalable_target(**scale)
    secrets.delete_secret(SecretId="webhook", ForceDeleteWithoutRecovery=True)
    secrets.delete_secret(SecretId="recoverable", RecoveryWindowInDays=7)
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.delete_topic(TopicArn=topic)
    cloud.client("lambda").delete_function(FunctionName="notify")
    iam.delete_role(RoleName="function")
    ec2.delete_flow_logs(FlowLogIds=flow)
    iam.delete_role_policy(RoleName="flow", PolicyName="inline")
    iam.detach_role_policy(RoleName="flow", PolicyArn=boundary)
    iam.delete_policy(PolicyArn=boundary)
    iam.delete_role(RoleName="flow")
    logs.delete_log_group(logGroupName="/vpc/flow")
    ec2.delete_vpc_endpoints(VpcEndpointIds=[gate, interface])
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.release_address(AllocationId=address)
    ec2.delete_security_group(GroupId=group)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    for version in s3.list_object_versions(Bucket="zone")["Versions"]:
        s3.delete_object(Bucket="zone", Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket="zone")
    kms.delete_alias(AliasName="alias/zone")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    report = cloud.administration.remaining()
    assert report.remaining == ()
    assert {(one.service, one.kind) for one in report.scheduled} == {
        ("kms", "keys"),
        ("secretsmanager", "secrets"),
    }
    assert key in {one.id for one in report.scheduled}


def test_a_scan_that_is_switched_off_is_gone(cloud: Any) -> None:
    inspector = cloud.client("inspector2")
    inspector.enable(accountIds=["123456789012"], resourceTypes=["ECR"])
    assert "inspector2" in _kinds(cloud)
    inspector.disable(accountIds=["123456789012"], resourceTypes=["ECR"])
    assert "inspector2" not in _kinds(cloud)


def test_every_service_of_the_emulator_can_be_counted(cloud: Any) -> None:
    """Each has classes of its own, some with names that another service uses for something else."""
    for service, listing in (
        ("redshift", "describe_clusters"),
        ("rds", "describe_db_instances"),
        ("neptune", "describe_db_clusters"),
        ("elasticache", "describe_cache_clusters"),
        ("batch", "describe_job_queues"),
        ("eks", "list_clusters"),
        ("glue", "get_databases"),
        ("kafka", "list_clusters"),
        ("elbv2", "describe_load_balancers"),
        ("route53", "list_hosted_zones"),
        ("cloudfront", "list_distributions"),
        ("dynamodb", "list_tables"),
        ("autoscaling", "describe_auto_scaling_groups"),
        ("codebuild", "list_projects"),
        ("acm", "list_certificates"),
        ("emr", "list_clusters"),
        ("opensearch", "list_domain_names"),
    ):
        getattr(cloud.client(service), listing)()
        assert _kinds(cloud) == {}, service


def test_inspector_counts_while_it_scans_and_not_once_it_is_switched_off(cloud: Any) -> None:
    inspector = cloud.client("inspector2")
    inspector.enable(accountIds=["123456789012"], resourceTypes=["ECR", "LAMBDA"])
    assert set(_kinds(cloud)) == {"inspector2"}
    inspector.disable(accountIds=["123456789012"], resourceTypes=["ECR"])
    assert set(_kinds(cloud)) == {"inspector2"}
    inspector.disable(accountIds=["123456789012"], resourceTypes=["LAMBDA"])
    assert _kinds(cloud) == {}
