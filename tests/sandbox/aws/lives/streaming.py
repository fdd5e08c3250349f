"""The lives of the types of `kinesis`, `msk`, `kinesisanalyticsv2` and `emrserverless`."""

from __future__ import annotations

from lives.glue import a_table
from lives.life import Life, Make, a_bucket, a_group, a_role, policy
from sandbox.engine.values import PropertyMap


def _stream(_: Make) -> PropertyMap:
    return {"streamModeDetails": {"streamMode": "ON_DEMAND"}, "retentionPeriod": 48}


def a_stream(make: Make) -> PropertyMap:
    return make("aws:kinesis/stream:Stream", "events", _stream(make))


def _delivery(make: Make) -> PropertyMap:
    role = a_role(make, "firehose")["arn"]
    table = a_table(make)
    return {
        "destination": "extended_s3",
        "kinesisSourceConfiguration": {"kinesisStreamArn": a_stream(make)["arn"], "roleArn": role},
        "extendedS3Configuration": {
            "bucketArn": f"arn:aws:s3:::{a_bucket(make)}",
            "roleArn": role,
            "prefix": "events/day=!{timestamp:yyyy-MM-dd}/",
            "errorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "bufferingSize": 64,
            "bufferingInterval": 60,
            "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1",
            "cloudwatchLoggingOptions": {"enabled": True, "logGroupName": "g", "logStreamName": "s"},
            "dataFormatConversionConfiguration": {
                "inputFormatConfiguration": {"deserializer": {"openXJsonSerDe": {}}},
                "outputFormatConfiguration": {"serializer": {"parquetSerDe": {"compression": "SNAPPY"}}},
                "schemaConfiguration": {
                    "databaseName": table["databaseName"],
                    "tableName": table["name"],
                    "roleArn": role,
                },
            },
        },
    }


def _cluster(make: Make, volume: int = 100) -> PropertyMap:
    return {
        "kafkaVersion": "3.6.0",
        "numberOfBrokerNodes": 2,
        "brokerNodeGroupInfo": {
            "instanceType": "kafka.m5.large",
            "clientSubnets": ["subnet-1", "subnet-2"],
            "securityGroups": ["sg-1"],
            "storageInfo": {"ebsStorageInfo": {"volumeSize": volume}},
        },
        "clientAuthentication": {"sasl": {"iam": True, "scram": True}},
        "encryptionInfo": {"encryptionInTransit": {"clientBroker": "TLS", "inCluster": True}},
        "configurationInfo": {"arn": _configuration(make)["arn"], "revision": 1},
    }


def _configuration(make: Make) -> PropertyMap:
    return make(
        "aws:msk/configuration:Configuration",
        "settings",
        {"serverProperties": "auto.create.topics.enable=false"},
    )


def _flink(make: Make) -> PropertyMap:
    return {
        "runtimeEnvironment": "FLINK-1_18",
        "serviceExecutionRole": a_role(make, "kinesisanalytics")["arn"],
        "startApplication": True,
        "applicationConfiguration": {
            "applicationCodeConfiguration": {
                "codeContentType": "ZIPFILE",
                "codeContent": {
                    "s3ContentLocation": {
                        "bucketArn": f"arn:aws:s3:::{a_bucket(make)}",
                        "fileKey": "flink.jar",
                    }
                },
            },
            "environmentProperties": {
                "propertyGroups": [{"propertyGroupId": "in", "propertyMap": {"stream": "events"}}]
            },
            "flinkApplicationConfiguration": {
                "parallelismConfiguration": {"configurationType": "CUSTOM", "parallelism": 2}
            },
        },
    }


def _reads(make: Make) -> PropertyMap:
    arn = a_stream(make)["arn"]
    statement = {
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "kinesis:GetRecords",
        "Resource": arn,
    }
    return {"resourceArn": arn, "policy": policy(statement)}


def _spark(make: Make) -> PropertyMap:
    return {
        "releaseLabel": "emr-7.5.0",
        "type": "spark",
        "maximumCapacity": {"cpu": "16 vCPU", "memory": "64 GB"},
        "initialCapacities": [
            {
                "initialCapacityType": "Driver",
                "initialCapacityConfig": {
                    "workerCount": 1,
                    "workerConfiguration": {"cpu": "2 vCPU", "memory": "4 GB"},
                },
            }
        ],
        "networkConfiguration": {"subnetIds": ["subnet-1"], "securityGroupIds": [a_group(make)["id"]]},
        "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 5},
    }


def _secret_arn(make: Make, name: str) -> str:
    return str(make("aws:secretsmanager/secret:Secret", name, {"recoveryWindowInDays": 0})["arn"])


_OTHER_STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/other"

LIVES = [
    Life(
        "aws:kinesis/stream:Stream",
        _stream,
        {
            "retentionPeriod": 72,
            "encryptionType": "KMS",
            "kmsKeyId": "alias/aws/kinesis",
            "shardLevelMetrics": ["IncomingBytes"],
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
    Life(
        "aws:kinesis/streamConsumer:StreamConsumer",
        lambda make: {"streamArn": a_stream(make)["arn"]},
        None,
        {"name": "other"},
    ),
    Life("aws:kinesis/resourcePolicy:ResourcePolicy", _reads, None, {"resourceArn": _OTHER_STREAM}),
    Life(
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        _delivery,
        {"tags": {"a": "b"}},
        {"name": "other"},
        by_code=frozenset({"destination"}),
    ),
    Life(
        "aws:msk/cluster:Cluster",
        _cluster,
        {"enhancedMonitoring": "PER_BROKER", "numberOfBrokerNodes": 4, "tags": {"a": "b"}},
        {"clusterName": "other"},
    ),
    Life(
        "aws:msk/serverlessCluster:ServerlessCluster",
        lambda _: {
            "clientAuthentication": {"sasl": {"iam": {"enabled": True}}},
            "vpcConfigs": [{"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}],
        },
        {"tags": {"a": "b"}},
        {"clusterName": "other"},
    ),
    Life(
        "aws:msk/configuration:Configuration",
        lambda _: {"serverProperties": "auto.create.topics.enable=false", "kafkaVersions": ["3.6.0"]},
        {"serverProperties": "auto.create.topics.enable=true", "description": "open"},
        {"name": "other"},
    ),
    Life(
        "aws:msk/scramSecretAssociation:ScramSecretAssociation",
        lambda make: {
            "clusterArn": make("aws:msk/cluster:Cluster", "cluster", _cluster(make))["arn"],
            "secretArnLists": [_secret_arn(make, "AmazonMSK_first")],
        },
        {"secretArnLists": ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:AmazonMSK_second-a"]},
        {"clusterArn": "arn:other"},
    ),
    Life(
        "aws:kinesisanalyticsv2/application:Application",
        _flink,
        {"runtimeEnvironment": "FLINK-1_20", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:kinesisanalyticsv2/applicationSnapshot:ApplicationSnapshot",
        lambda make: {
            "applicationName": make("aws:kinesisanalyticsv2/application:Application", "app", _flink(make))[
                "name"
            ],
            "snapshotName": "before",
        },
        None,
        {"snapshotName": "after"},
    ),
    Life(
        "aws:emrserverless/application:Application",
        _spark,
        {"autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 10}, "tags": {"a": "b"}},
        {"type": "hive"},
    ),
]
