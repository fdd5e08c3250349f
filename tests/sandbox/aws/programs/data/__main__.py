"""A small data and machine-learning platform: a catalogue, streams, an archive, Spark and features."""

import json

import pulumi
import pulumi_aws as aws

wider = pulumi.Config().get_bool("wider") or False


def trust(service: str) -> str:
    """Lets a service take a role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


key = aws.kms.Key("data", description="of the data")
zone = aws.s3.Bucket("curated", force_destroy=True)
role = aws.iam.Role("data", assume_role_policy=trust("glue"))

columns: list[aws.glue.CatalogTableStorageDescriptorColumnArgsDict] = [{"name": "id", "type": "string"}]
if wider:
    columns.append({"name": "delay", "type": "int"})
flights = aws.glue.CatalogDatabase("flights", name="flights")
table = aws.glue.CatalogTable(
    "flights",
    name="flights",
    database_name=flights.name,
    storage_descriptor={
        "location": zone.bucket.apply(lambda bucket: f"s3://{bucket}/flights"),
        "columns": columns,
    },
)
aws.glue.Job(
    "clean",
    role_arn=role.arn,
    command={"script_location": zone.bucket.apply(lambda bucket: f"s3://{bucket}/clean.py")},
    worker_type="G.1X",
    number_of_workers=4 if wider else 2,
)
aws.glue.DataQualityRuleset(
    "rules",
    ruleset="Rules = [RowCount > 100]",
    target_table={"database_name": flights.name, "table_name": table.name},
)
aws.athena.Workgroup(
    "analysts",
    configuration={"bytes_scanned_cutoff_per_query": (20 if wider else 10) * 1024**3},
    force_destroy=True,
)
stream = aws.kinesis.Stream(
    "events", stream_mode_details={"stream_mode": "ON_DEMAND"}, retention_period=48 if wider else 24
)
aws.kinesis.FirehoseDeliveryStream(
    "archive",
    destination="extended_s3",
    kinesis_source_configuration={"kinesis_stream_arn": stream.arn, "role_arn": role.arn},
    extended_s3_configuration={
        "bucket_arn": zone.arn,
        "role_arn": role.arn,
        "buffering_size": 64,
        "data_format_conversion_configuration": {
            "input_format_configuration": {"deserializer": {"open_x_json_ser_de": {}}},
            "output_format_configuration": {"serializer": {"parquet_ser_de": {}}},
            "schema_configuration": {
                "database_name": flights.name,
                "table_name": table.name,
                "role_arn": role.arn,
            },
        },
    },
)
spark = aws.emrserverless.Application(
    "spark",
    release_label="emr-7.5.0",
    type="spark",
    maximum_capacity={"cpu": "32 vCPU" if wider else "16 vCPU", "memory": "64 GB"},
)
cluster = aws.msk.Cluster(
    "events",
    kafka_version="3.6.0",
    number_of_broker_nodes=4 if wider else 2,
    broker_node_group_info={
        "instance_type": "kafka.m5.large",
        "client_subnets": ["subnet-1", "subnet-2"],
        "security_groups": ["sg-1"],
    },
    client_authentication={"sasl": {"iam": True}},
)
aws.sagemaker.FeatureGroup(
    "flights",
    feature_group_name="flights",
    record_identifier_feature_name="id",
    event_time_feature_name="seen",
    role_arn=role.arn,
    feature_definitions=[{"feature_name": name, "feature_type": "String"} for name in ("id", "seen")],
    online_store_config={
        "enable_online_store": True,
        "security_config": {"kms_key_id": key.arn},
        **({"ttl_duration": {"unit": "Days", "value": 30}} if wider else {}),
    },
)
queue = aws.sqs.Queue("runs")
aws.scheduler.Schedule(
    "nightly",
    schedule_expression="rate(1 day)",
    state="DISABLED" if wider else "ENABLED",
    flexible_time_window={"mode": "OFF"},
    target={"arn": queue.arn, "role_arn": role.arn},
)

pulumi.export("table", table.arn)
pulumi.export("brokers", cluster.bootstrap_brokers_sasl_iam)
pulumi.export("application", spark.arn)
pulumi.export(
    "found",
    aws.kinesis.get_stream_output(name=stream.name).apply(lambda found: found.retention_period),
)
