"""What each type is made from in the tests, what it is then changed to, and where boto3 shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine.values import Archive, Asset, PropertyMap


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(service: str) -> str:
    return _policy({"Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"})


READS = _policy({"Action": "s3:GetObject", "Resource": "*"})
LISTS = _policy({"Action": ["s3:ListBucket"], "Resource": ["*"]})

Make = Callable[[str, str, PropertyMap], PropertyMap]
"""Makes a resource of a type by a name and gives its outputs."""


@dataclass(frozen=True)
class Life:
    """One type's life: `inputs` to make it, `change` laid over them to update it in place."""

    type: str
    inputs: Callable[[Make], PropertyMap]
    change: PropertyMap | None = None
    replace: PropertyMap = field(default_factory=dict)
    """A change that needs a new one."""
    emulated_delete: bool = True
    """False where plain moto cannot delete it, and the sandbox's own host can."""
    gone_after_delete: bool = True
    """False for what only goes with another resource (a setting of a bucket that versioning leaves)."""


def _bucket(make: Make) -> str:
    return str(make("aws:s3/bucket:Bucket", "held", {"forceDestroy": True})["bucket"])


def _vpc(make: Make) -> str:
    return str(make("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.20.0.0/16"})["id"])


def _subnet(make: Make) -> PropertyMap:
    return make("aws:ec2/subnet:Subnet", "subnet", {"vpcId": _vpc(make), "cidrBlock": "10.20.1.0/24"})


def _role(make: Make, service: str = "sagemaker") -> PropertyMap:
    return make("aws:iam/role:Role", f"for-{service}", {"assumeRolePolicy": trust(service)})


def _key(make: Make) -> PropertyMap:
    return make("aws:kms/key:Key", "key", {"description": "for a test"})


def _group(make: Make) -> PropertyMap:
    return make("aws:ec2/securityGroup:SecurityGroup", "group", {"vpcId": _vpc(make)})


def _table(make: Make) -> PropertyMap:
    return make("aws:ec2/routeTable:RouteTable", "table", {"vpcId": _vpc(make)})


def _endpoint(make: Make) -> PropertyMap:
    return make(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "s3",
        {"vpcId": _vpc(make), "serviceName": "com.amazonaws.eu-west-1.s3", "vpcEndpointType": "Gateway"},
    )


def _topic(make: Make) -> str:
    return str(make("aws:sns/topic:Topic", "topic", {})["arn"])


def _queue(make: Make) -> PropertyMap:
    return make("aws:sqs/queue:Queue", "queue", {})


_CODE = Archive(assets={"handler.py": Asset(text="def handle(event, _):\n    return 0\n")}, hash="1")
_OTHER_CODE = Archive(assets={"handler.py": Asset(text="def handle(event, _):\n    return 1\n")}, hash="2")


def _function(make: Make, code: Archive = _CODE) -> PropertyMap:
    return {
        "code": code,
        "handler": "handler.handle",
        "runtime": "python3.12",
        "role": _role(make, "lambda")["arn"],
        "environment": {"variables": {"ZONE": "raw"}},
    }


def _made_function(make: Make) -> PropertyMap:
    return make("aws:lambda/function:Function", "function", _function(make))


def _model(make: Make) -> PropertyMap:
    return {
        "executionRoleArn": _role(make)["arn"],
        "enableNetworkIsolation": True,
        "primaryContainer": {
            "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/xgboost:3.0-5",
            "modelDataUrl": "s3://models/model.tar.gz",
            "environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
    }


def _variant(make: Make) -> PropertyMap:
    return {
        "variantName": "live",
        "modelName": make("aws:sagemaker/model:Model", "model", _model(make))["name"],
        "instanceType": "ml.m5.large",
        "initialInstanceCount": 2,
        "initialVariantWeight": 1.0,
    }


def _endpoint_config(make: Make) -> PropertyMap:
    return {
        "productionVariants": [_variant(make)],
        "dataCaptureConfig": {
            "enableCapture": True,
            "initialSamplingPercentage": 100,
            "destinationS3Uri": "s3://captures/live",
            "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
            "captureContentTypeHeader": {"jsonContentTypes": ["application/json"]},
        },
    }


_PIPELINE = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": []}
_DASHBOARD = {"widgets": [{"type": "text", "x": 0, "y": 0, "properties": {"markdown": "Costs"}}]}
_SCALED = {
    "serviceNamespace": "sagemaker",
    "resourceId": "endpoint/live/variant/live",
    "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
_TRACKING = {
    "targetValue": 70.0,
    "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
_NOTIFICATION = {
    "comparisonOperator": "GREATER_THAN",
    "notificationType": "ACTUAL",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
    "subscriberEmailAddresses": ["owner@example.com"],
}
_TRANSFORMATION = {"name": "Errors", "namespace": "Groundplan", "value": "1"}


def _bucket_policy(make: Make) -> PropertyMap:
    name = _bucket(make)
    statement = {"Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return {"bucket": name, "policy": _policy(statement)}


def _topic_policy(make: Make) -> PropertyMap:
    arn = _topic(make)
    statement = {"Principal": {"Service": "budgets.amazonaws.com"}, "Action": "sns:Publish", "Resource": arn}
    return {"arn": arn, "policy": _policy(statement)}


def _queue_policy(make: Make) -> PropertyMap:
    queue = _queue(make)
    statement = {
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue["arn"],
    }
    return {"queueUrl": queue["url"], "policy": _policy(statement)}


def _logging(make: Make) -> PropertyMap:
    target = make("aws:s3/bucket:Bucket", "logs", {"forceDestroy": True})["bucket"]
    make(
        "aws:s3/bucketPolicy:BucketPolicy",
        "logs-policy",
        {
            "bucket": target,
            "policy": _policy(
                {
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{target}/*",
                }
            ),
        },
    )
    return {"bucket": _bucket(make), "targetBucket": target, "targetPrefix": "raw/"}


def _scaled(make: Make) -> PropertyMap:
    target = {**_SCALED, "resourceId": "endpoint/b/variant/live", "minCapacity": 1, "maxCapacity": 2}
    made = make("aws:appautoscaling/target:Target", "scaled", target)
    return {name: made[name] for name in _SCALED}


def _rule(make: Make) -> PropertyMap:
    return make("aws:cloudwatch/eventRule:EventRule", "nightly", {"scheduleExpression": "rate(1 day)"})


HERE = Path(__file__)

LIVES = [
    Life(
        "aws:kms/key:Key", lambda _: {"description": "raw", "enableKeyRotation": True}, {"description": "new"}
    ),
    Life(
        "aws:kms/alias:Alias",
        lambda make: {"name": "alias/raw", "targetKeyId": _key(make)["keyId"]},
        None,
        {"name": "alias/other"},
    ),
    Life(
        "aws:s3/bucket:Bucket",
        lambda _: {"forceDestroy": True},
        {"tags": {"Owner": "team"}},
        {"bucket": "another-name"},
    ),
    Life(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda make: {"bucket": _bucket(make), "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
        {"bucket": "another"},
        gone_after_delete=False,
    ),
    Life(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda make: {
            "bucket": _bucket(make),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": _key(make)["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        {"bucket": "another"},
    ),
    Life(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda make: {"bucket": _bucket(make), "blockPublicAcls": True, "blockPublicPolicy": True},
        {"restrictPublicBuckets": True},
        {"bucket": "another"},
    ),
    Life("aws:s3/bucketPolicy:BucketPolicy", _bucket_policy, None, {"bucket": "another"}),
    Life(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda make: {"bucket": _bucket(make), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    Life(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda make: {
            "bucket": _bucket(make),
            "rules": [
                {
                    "id": "tiers",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "transitions": [{"days": 90, "storageClass": "GLACIER"}],
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 3},
                }
            ],
        },
        {"rules": [{"id": "end", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 9}}]},
    ),
    Life("aws:s3/bucketLogging:BucketLogging", _logging, {"targetPrefix": "other/"}),
    Life(
        "aws:s3/bucketNotification:BucketNotification",
        lambda make: {"bucket": _bucket(make), "eventbridge": True},
        {"eventbridge": False},
        gone_after_delete=False,
    ),
    Life(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda make: {"bucket": _bucket(make), "key": "a/b.txt", "content": "one"},
        {"content": "two", "tags": {"Owner": "team"}},
        {"key": "a/c.txt"},
    ),
    Life(
        "aws:s3/bucketObject:BucketObject",
        lambda make: {"bucket": _bucket(make), "key": "self.py", "source": Asset(path=str(HERE), hash="1")},
        {"source": Asset(text="new", hash="2")},
        {"key": "other.py"},
    ),
    Life(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.30.0.0/16", "enableDnsHostnames": True},
        {"enableDnsHostnames": False, "tags": {"Name": "renamed"}},
        {"cidrBlock": "10.31.0.0/16"},
    ),
    Life(
        "aws:ec2/subnet:Subnet",
        lambda make: {"vpcId": _vpc(make), "cidrBlock": "10.20.2.0/24", "availabilityZone": "eu-west-1a"},
        {"mapPublicIpOnLaunch": True},
        {"availabilityZone": "eu-west-1b"},
    ),
    Life("aws:ec2/internetGateway:InternetGateway", lambda make: {"vpcId": _vpc(make)}, {"tags": {"a": "b"}}),
    Life("aws:ec2/eip:Eip", lambda _: {"domain": "vpc"}, {"tags": {"a": "b"}}),
    Life(
        "aws:ec2/natGateway:NatGateway",
        lambda make: {
            "subnetId": _subnet(make)["id"],
            "allocationId": make("aws:ec2/eip:Eip", "nat", {"domain": "vpc"})["allocationId"],
        },
        {"tags": {"a": "b"}},
        {"connectivityType": "private"},
    ),
    Life(
        "aws:ec2/routeTable:RouteTable",
        lambda make: {"vpcId": _vpc(make)},
        {"tags": {"a": "b"}},
        {"vpcId": "vpc-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda make: (
            lambda subnet: {
                "subnetId": subnet["id"],
                "routeTableId": make("aws:ec2/routeTable:RouteTable", "t", {"vpcId": subnet["vpcId"]})["id"],
            }
        )(_subnet(make)),
        None,
        {"routeTableId": "rtb-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/route:Route",
        lambda make: (
            lambda table: {
                "routeTableId": table["id"],
                "destinationCidrBlock": "0.0.0.0/0",
                "gatewayId": make(
                    "aws:ec2/internetGateway:InternetGateway", "gate", {"vpcId": table["vpcId"]}
                )["id"],
            }
        )(_table(make)),
        None,
        {"destinationCidrBlock": "192.0.2.0/24"},
    ),
    Life(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda make: {"vpcId": _vpc(make), "serviceName": "com.amazonaws.eu-west-1.s3"},
        {"tags": {"a": "b"}},
        {"serviceName": "com.amazonaws.eu-west-1.dynamodb"},
    ),
    Life(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        lambda make: (
            lambda endpoint: {
                "vpcEndpointId": endpoint["id"],
                "routeTableId": make("aws:ec2/routeTable:RouteTable", "way", {"vpcId": endpoint["vpcId"]})[
                    "id"
                ],
            }
        )(_endpoint(make)),
    ),
    Life(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda make: {
            "vpcId": _vpc(make),
            "description": "jobs",
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}],
        },
        {"ingress": [{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.0.0.0/8"]}]},
        {"description": "other"},
    ),
    Life(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda make: {"vpcId": _vpc(make)},
        {"tags": {"a": "b"}},
        gone_after_delete=False,
    ),
    Life(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda make: {
            "securityGroupId": _group(make)["id"],
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.0.0.0/8",
            "description": "from inside",
        },
        None,
        {"toPort": 444},
    ),
    Life(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda make: (
            lambda group: {
                "securityGroupId": group["id"],
                "ipProtocol": "-1",
                "referencedSecurityGroupId": group["id"],
            }
        )(_group(make)),
        None,
        {"ipProtocol": "icmp"},
    ),
    Life(
        "aws:ec2/networkAcl:NetworkAcl",
        lambda make: {
            "vpcId": _vpc(make),
            "ingress": [
                {
                    "ruleNo": 100,
                    "action": "allow",
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "cidrBlock": "10.0.0.0/8",
                }
            ],
        },
        {"ingress": []},
        {"vpcId": "vpc-0123456789abcdef0"},
    ),
    Life(
        "aws:ec2/flowLog:FlowLog",
        lambda make: {
            "vpcId": _vpc(make),
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": f"arn:aws:s3:::{_bucket(make)}",
            "destinationOptions": {"fileFormat": "parquet", "perHourPartition": True},
        },
        {"tags": {"a": "b"}},
        {"trafficType": "REJECT"},
    ),
    Life(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": trust("sagemaker"), "description": "one"},
        {"description": "two", "assumeRolePolicy": trust("lambda"), "tags": {"a": "b"}},
        {"path": "/other/"},
    ),
    Life("aws:iam/policy:Policy", lambda _: {"policy": READS}, {"policy": LISTS}, {"path": "/other/"}),
    Life(
        "aws:iam/rolePolicy:RolePolicy",
        lambda make: {"role": _role(make)["name"], "policy": READS},
        {"policy": LISTS},
        {"role": "other"},
    ),
    Life(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda make: {
            "role": _role(make)["name"],
            "policyArn": make("aws:iam/policy:Policy", "reads", {"policy": READS})["arn"],
        },
        None,
        {"role": "other"},
    ),
    Life(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda make: {"role": _role(make, "ec2")["name"]},
        {"role": None},
        {"path": "/other/"},
    ),
    Life("aws:iam/user:User", lambda _: {"path": "/people/"}, {"tags": {"a": "b"}}, {"path": "/"}),
    Life("aws:iam/group:Group", lambda _: {"path": "/people/"}, None, {"path": "/"}),
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _: {"name": "/aws/sagemaker/x", "retentionInDays": 30},
        {"retentionInDays": 90, "tags": {"a": "b"}},
        {"name": "/other"},
    ),
    Life(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        lambda make: {
            "logGroupName": make("aws:cloudwatch/logGroup:LogGroup", "logs", {})["name"],
            "pattern": "ERROR",
            "metricTransformation": _TRANSFORMATION,
        },
        {"pattern": "WARN"},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda make: {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "metricName": "Errors",
            "namespace": "Groundplan",
            "period": 60,
            "statistic": "Sum",
            "threshold": 1.0,
            "dimensions": {"EndpointName": "live"},
            "alarmActions": [_topic(make)],
        },
        {"threshold": 2.0},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _: {"dashboardName": "platform", "dashboardBody": json.dumps(_DASHBOARD)},
        {"dashboardBody": json.dumps({"widgets": []})},
        {"dashboardName": "other"},
    ),
    Life(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"eventPattern": json.dumps({"source": ["aws.sagemaker"]})},
        {"description": "new"},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda make: {
            "rule": _rule(make)["name"],
            "targetId": "queue",
            "arn": _queue(make)["arn"],
            "retryPolicy": {"maximumRetryAttempts": 3},
        },
        {"retryPolicy": {"maximumRetryAttempts": 5}},
        {"targetId": "other"},
    ),
    Life(
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        lambda _: {"modelPackageGroupName": "flights", "modelPackageGroupDescription": "delays"},
        {"tags": {"a": "b"}},
        {"modelPackageGroupDescription": "other"},
        emulated_delete=False,
    ),
    Life(
        "aws:sagemaker/pipeline:Pipeline",
        lambda make: {
            "pipelineName": "train",
            "pipelineDisplayName": "train",
            "pipelineDefinition": json.dumps(_PIPELINE),
            "roleArn": _role(make)["arn"],
        },
        {"pipelineDefinition": json.dumps({**_PIPELINE, "Metadata": {"a": "b"}})},
        {"pipelineName": "other"},
    ),
    Life("aws:sagemaker/model:Model", _model, {"tags": {"a": "b"}}, {"enableNetworkIsolation": False}),
    Life(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        _endpoint_config,
        {"tags": {"a": "b"}},
        {"executionRoleArn": "arn:aws:iam::123456789012:role/other"},
    ),
    Life(
        "aws:sagemaker/endpoint:Endpoint",
        lambda make: {
            "endpointConfigName": make(
                "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "live", _endpoint_config(make)
            )["name"],
            "deploymentConfig": {
                "blueGreenUpdatePolicy": {
                    "trafficRoutingConfiguration": {
                        "type": "CANARY",
                        "waitIntervalInSeconds": 60,
                        "canarySize": {"type": "CAPACITY_PERCENT", "value": 10},
                    },
                    "terminationWaitInSeconds": 60,
                },
                "autoRollbackConfiguration": {"alarms": [{"alarmName": "errors"}]},
            },
        },
        {"tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:appautoscaling/target:Target",
        lambda _: {**_SCALED, "minCapacity": 2, "maxCapacity": 4},
        {"maxCapacity": 6},
        {"resourceId": "endpoint/other/variant/live"},
    ),
    Life(
        "aws:appautoscaling/policy:Policy",
        lambda make: {
            **_scaled(make),
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": _TRACKING,
        },
        {"targetTrackingScalingPolicyConfiguration": {**_TRACKING, "targetValue": 50.0}},
        {"name": "other"},
    ),
    Life(
        "aws:sns/topic:Topic",
        lambda _: {"displayName": "Alerts"},
        {"displayName": "News", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life("aws:sns/topicPolicy:TopicPolicy", _topic_policy, None, gone_after_delete=False),
    Life(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda make: {
            "topic": _topic(make),
            "protocol": "sqs",
            "endpoint": _queue(make)["arn"],
            "rawMessageDelivery": True,
        },
        {"rawMessageDelivery": False},
        {"protocol": "email"},
    ),
    Life(
        "aws:sqs/queue:Queue",
        lambda _: {"visibilityTimeoutSeconds": 60},
        {"visibilityTimeoutSeconds": 90, "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life("aws:sqs/queuePolicy:QueuePolicy", _queue_policy, None, {"queueUrl": "http://other/1/q"}),
    Life(
        "aws:lambda/function:Function",
        _function,
        {"code": _OTHER_CODE, "timeout": 30, "tags": {"a": "b"}},
        {"packageType": "Image"},
    ),
    Life(
        "aws:lambda/permission:Permission",
        lambda make: {
            "action": "lambda:InvokeFunction",
            "function": _made_function(make)["name"],
            "principal": "sns.amazonaws.com",
        },
        None,
        {"principal": "events.amazonaws.com"},
    ),
    Life(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        lambda make: {"functionName": _made_function(make)["name"], "maximumRetryAttempts": 1},
        {"maximumRetryAttempts": 2},
    ),
    Life(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        lambda make: {
            "functionName": _made_function(make)["name"],
            "eventSourceArn": _queue(make)["arn"],
            "batchSize": 5,
        },
        {"batchSize": 10},
    ),
    Life(
        "aws:secretsmanager/secret:Secret",
        lambda _: {"description": "webhook", "recoveryWindowInDays": 7},
        {"description": "new"},
        {"name": "other"},
    ),
    Life(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda make: {
            "secretId": make("aws:secretsmanager/secret:Secret", "webhook", {})["arn"],
            "secretString": "https://example.com/hook",
        },
        None,
        {"secretString": "https://example.com/other"},
        gone_after_delete=False,
    ),
    Life(
        "aws:ssm/parameter:Parameter",
        lambda _: {"name": "/groundplan/x", "type": "String", "value": "1"},
        {"value": "2"},
        {"name": "/groundplan/y"},
    ),
    Life(
        "aws:budgets/budget:Budget",
        lambda _: {
            "budgetType": "COST",
            "limitAmount": "100",
            "limitUnit": "USD",
            "timeUnit": "MONTHLY",
            "costFilters": [{"name": "TagKeyValue", "values": ["user:Project$groundplan"]}],
            "notifications": [_NOTIFICATION],
        },
        None,
        {"name": "other"},
    ),
    Life(
        "aws:dynamodb/table:Table",
        lambda _: {
            "attributes": [{"name": "id", "type": "S"}],
            "hashKey": "id",
            "billingMode": "PAY_PER_REQUEST",
            "pointInTimeRecovery": {"enabled": True},
        },
        {"ttl": {"enabled": True, "attributeName": "expires"}},
        {"hashKey": "other", "attributes": [{"name": "other", "type": "S"}]},
    ),
    Life(
        "aws:ecr/repository:Repository",
        lambda _: {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}},
        {"imageTagMutability": "MUTABLE"},
        {"name": "other"},
    ),
]
