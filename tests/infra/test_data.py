"""Is data catalogued, limited, encrypted, judged and told of, and do events become features?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest
from mocked import ACCOUNT, REGION, Build, build, foundation, topics
from pydantic import ValidationError

from infra.data.declared import EVENT_TIME, declared
from infra.data.features import Features, FeaturesArgs, FeatureSettings
from infra.data.pipeline import DataPipeline, DataPipelineArgs, DataPipelineSettings
from infra.data.questions import Asking, code_of
from infra.data.streaming import Streaming, StreamingArgs, StreamingSettings
from infra.foundation.place import Place
from infra.network.placement import Placement
from infra.settings.loading import SettingsError, read_settings

_ZONES: Any = {
    zone: f"groundplan-dev-{zone}-{ACCOUNT}" for zone in ("raw", "curated", "features", "models", "archive")
}
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data"
_ASKING = Asking(
    use_case="ml.flights",
    case="flights",
    files=declared("ml.flights").stream,
    endpoint_name="groundplan-dev-flights",
    is_released=True,
)
_SPARK = {"engine": "spark", "spark": {"entryPoint": "spark/prepare.py"}}


def _placement() -> Placement:
    known = pulumi.Output.from_input
    return Placement(
        vpc_id=known("vpc-12345678"),
        subnet_ids=[known("subnet-12345678"), known("subnet-87654321")],
        security_group_id=known("sg-12345678"),
    )


def _pipeline(preview: bool = False, use_case: str = "ml.flights", **settings: Any) -> Build:
    def program() -> dict[str, Any]:
        made = DataPipeline(
            "data",
            DataPipelineArgs(
                settings=DataPipelineSettings.model_validate(settings),
                foundation=foundation(),
                topics=topics(),
                zones=_ZONES,
                placement=_placement(),
                declared=declared(use_case),
                use_case=use_case,
                source_uri="s3://models/source/1/source.tar.gz",
                image=f"683313688378.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.2-0",
                processing_role_arn=f"arn:aws:iam::{ACCOUNT}:role/groundplan-dev-processing",
            ),
        )
        return {
            "machine": made.machine_arn,
            "workgroup": made.workgroup_name,
            "spark": made.spark_application_id,
            "databases": dict(made.catalog.databases),
        }

    return build(program, preview=preview)


def _streaming(preview: bool = False, asks: bool = True, **settings: Any) -> Build:
    def program() -> dict[str, Any]:
        made = Streaming(
            "streaming",
            StreamingArgs(
                settings=StreamingSettings.model_validate(settings),
                foundation=foundation(),
                topics=topics(),
                zones=_ZONES,
                brokers=_placement(),
                clients=_placement(),
                groups=[(one, f"groundplan-dev-flights-{one.name}") for one in declared("ml.flights").groups],
                asking=_ASKING if asks else None,
                database="groundplan_dev_archive",
            ),
        )
        assert made.consumer is not None
        return {
            "source": made.source,
            "archive": made.archive_stream,
            "undelivered": made.consumer.undelivered_url,
            "function": made.consumer.function_name,
        }

    return build(program, preview=preview)


@pytest.fixture(scope="module")
def pipeline() -> Build:
    return _pipeline(schedule="rate(1 day)")


@pytest.fixture(scope="module")
def kinesis() -> Build:
    return _streaming()


def test_a_query_is_cut_off_at_its_limit_and_its_results_are_encrypted_and_end(pipeline: Build) -> None:
    (group,) = pipeline.of("aws:athena/workgroup:Workgroup").values()
    configuration = group["configuration"]
    assert configuration["enforceWorkgroupConfiguration"] is True
    assert configuration["bytesScannedCutoffPerQuery"] == 10 * 1024**3
    result = configuration["resultConfiguration"]
    assert result["encryptionConfiguration"] == {"encryptionOption": "SSE_KMS", "kmsKeyArn": _KEY}
    assert result["outputLocation"].startswith(f"s3://{_ZONES['curated']}/temporary/")


def test_each_zone_has_a_database_and_glue_its_keys(pipeline: Build) -> None:
    names = pipeline.outputs["databases"]
    assert names == {zone: f"groundplan_dev_{zone}" for zone in ("raw", "curated", "features", "archive")}
    (security,) = pipeline.of("aws:glue/securityConfiguration:SecurityConfiguration").values()
    encryption = security["encryptionConfiguration"]
    assert encryption["s3Encryption"] == {"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": _KEY}
    assert encryption["jobBookmarksEncryption"]["jobBookmarksEncryptionMode"] == "CSE-KMS"
    assert encryption["cloudwatchEncryption"]["cloudwatchEncryptionMode"] == "SSE-KMS"


def test_the_rules_of_a_table_are_about_its_own_columns(pipeline: Build) -> None:
    (rules,) = pipeline.of("aws:glue/dataQualityRuleset:DataQualityRuleset").values()
    table = declared("ml.flights").prepared
    assert table is not None
    assert rules["targetTable"] == {"databaseName": "groundplan_dev_curated", "tableName": table.name}
    named = set(rules["ruleset"].split(chr(34))[1::2])
    assert named <= set(table.columns)


def test_spark_costs_nothing_at_rest_and_grows_to_a_limit(pipeline: Build) -> None:
    (application,) = pipeline.of("aws:emrserverless/application:Application").values()
    assert "initialCapacities" not in application
    assert application["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 5}
    assert application["maximumCapacity"] == {"cpu": "32 vCPU", "memory": "128 GB", "disk": "400 GB"}
    assert application["networkConfiguration"]["subnetIds"] == ["subnet-12345678", "subnet-87654321"]


def _machine(made: Build) -> dict[str, Any]:
    (machine,) = made.of("aws:sfn/stateMachine:StateMachine").values()
    return {**machine, "states": json.loads(machine["definition"])["States"]}


def test_every_task_of_the_workflow_is_tried_again_and_its_failure_kept(pipeline: Build) -> None:
    machine = _machine(pipeline)
    assert machine["encryptionConfiguration"]["type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert machine["loggingConfiguration"]["level"] == "ALL"
    tasks = {name: state for name, state in machine["states"].items() if state["Type"] == "Task"}
    assert "Prepare" in tasks
    for name, state in tasks.items():
        assert state["Retry"][0]["BackoffRate"] > 1, name
        assert state["Catch"][0]["ErrorEquals"] == ["States.ALL"], name
        assert state["Catch"][0]["Next"] == ("Failed" if name == "Keep" else "Keep")
    assert machine["states"]["LookAtSources"]["Catch"][0]["Next"] == "Keep"
    assert machine["states"]["Keep"]["Resource"].endswith("sqs:sendMessage")


def test_a_failed_workflow_is_told_of_twice_and_the_schedule_keeps_what_it_cannot_start(
    pipeline: Build,
) -> None:
    (schedule,) = pipeline.of("aws:scheduler/schedule:Schedule").values()
    assert schedule["target"]["deadLetterConfig"]["arn"].endswith("groundplan-dev-data-undelivered")
    assert schedule["target"]["roleArn"].endswith("role/groundplan-dev-data-schedule")
    (rule,) = pipeline.of("aws:cloudwatch/eventRule:EventRule").values()
    assert json.loads(rule["eventPattern"])["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
    metrics = {one["metricName"] for one in pipeline.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()}
    assert "ExecutionsFailed" in metrics


def test_the_data_is_prepared_by_spark_where_the_settings_say_so() -> None:
    prepare = _machine(_pipeline(**_SPARK))["states"]["Prepare"]
    assert prepare["Resource"] == "arn:aws:states:::emr-serverless:startJobRun.sync"
    submit = prepare["Parameters"]["JobDriver"]["SparkSubmit"]
    assert submit["EntryPoint"] == f"s3://{_ZONES['models']}/spark/prepare.py"
    words = submit["EntryPointArguments"]
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert list(given) == ["--case", "--source", "--raw", "--out"]
    assert given["--source"] == "s3://models/source/1/source.tar.gz"


def test_without_the_pipeline_there_is_still_the_catalog() -> None:
    made = _pipeline(enabled=False)
    assert made.outputs["machine"] is made.outputs["workgroup"] is made.outputs["spark"] is None
    assert len(made.of("aws:glue/catalogDatabase:CatalogDatabase")) == 4


def test_a_use_case_that_declares_nothing_has_no_workflow() -> None:
    assert _pipeline(use_case="ml.other").outputs["machine"] is None


def test_spark_without_a_script_is_refused() -> None:
    with pytest.raises(ValidationError, match="spark.entryPoint"):
        DataPipelineSettings.model_validate({"engine": "spark"})


def test_the_stream_is_encrypted_scales_by_itself_or_has_its_shards(kinesis: Build) -> None:
    (stream,) = kinesis.of("aws:kinesis/stream:Stream").values()
    assert (stream["encryptionType"], stream["kmsKeyId"]) == ("KMS", _KEY)
    assert stream["streamModeDetails"] == {"streamMode": "ON_DEMAND"}
    (stream,) = _streaming(capacity="provisioned", shards=2).of("aws:kinesis/stream:Stream").values()
    assert (stream["streamModeDetails"], stream["shardCount"]) == ({"streamMode": "PROVISIONED"}, 2)


def test_the_consumer_fails_by_record_cuts_batches_in_half_and_keeps_what_is_given_up(kinesis: Build) -> None:
    (mapping,) = kinesis.of("aws:lambda/eventSourceMapping:EventSourceMapping").values()
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["bisectBatchOnFunctionError"] is True
    assert mapping["maximumRetryAttempts"] == 5
    destination = mapping["destinationConfig"]["onFailure"]["destinationArn"]
    assert destination.endswith("groundplan-dev-events-undelivered")
    metrics = {one["metricName"] for one in kinesis.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()}
    assert {"IteratorAge", "Errors", "DeliveryToS3.DataFreshness"} <= metrics


def test_the_consumer_may_write_its_groups_and_no_other(kinesis: Build) -> None:
    statements = next(
        found for name, found in kinesis.policies().items() if "consumer" in name and "role" in name
    )
    (writes,) = [one for one in statements if one["Sid"] == "WriteFeatures"]
    assert sorted(writes["Resource"]) == [
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:feature-group/groundplan-dev-flights-{name}"
        for name in ("airlines", "airports", "outcomes", "predictions")
    ]
    anywhere = [one for one in statements if one["Resource"] == "*"]
    assert [(one["Sid"], one["Condition"]) for one in anywhere] == [
        ("CountEvents", {"StringEquals": {"cloudwatch:namespace": "groundplan/dev/Streaming"}})
    ]


def test_a_consumer_that_asks_keeps_states_encrypted_recoverable_and_not_for_ever(kinesis: Build) -> None:
    (table,) = kinesis.of("aws:dynamodb/table:Table").values()
    assert table["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": _KEY}
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table["ttl"] == {"attributeName": "expires", "enabled": True}
    assert table["billingMode"] == "PAY_PER_REQUEST"


def test_a_consumer_asks_one_endpoint_and_finds_its_predictions_again(kinesis: Build) -> None:
    statements = {
        one["Sid"]: one
        for name, found in kinesis.policies().items()
        if "consumer" in name and "role" in name
        for one in found
    }
    here = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    assert statements["AskModel"]["Resource"] == f"{here}:endpoint/groundplan-dev-flights"
    assert (
        statements["FindPredictions"]["Resource"]
        == f"{here}:feature-group/groundplan-dev-flights-predictions"
    )
    (function,) = kinesis.of("aws:lambda/function:Function").values()
    variables = function["environment"]["variables"]
    assert variables["CASE"] == "ml.flights"
    assert variables["ENDPOINT"] == "groundplan-dev-flights"
    assert variables["STATE_TABLE"] == "groundplan-dev-stream-states"


def test_where_nothing_is_asked_there_is_no_table_and_no_endpoint_to_call() -> None:
    made = _streaming(asks=False)
    assert not made.of("aws:dynamodb/table:Table")
    statements = {one["Sid"] for found in made.policies().values() for one in found}
    assert not statements & {"AskModel", "KeepStates", "FindPredictions"}


def test_batches_side_by_side_are_refused_where_questions_wait_for_the_order_of_events() -> None:
    side_by_side = {"streaming": {"consumer": {"parallel": 2}}}
    with pytest.raises(SettingsError, match="streaming.consumer.parallel.*1 with useCase ml.flights"):
        read_settings("dev", side_by_side)
    settings = read_settings("dev", {**side_by_side, "useCase": "ml.houses"})
    assert settings.streaming.consumer.parallel == 2


def test_the_function_has_all_that_it_imports_and_it_is_light(tmp_path: Path) -> None:
    for name, file in code_of(_ASKING).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(file.read_bytes())
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from ml.streaming.handler import stream_of\n"
        "assert stream_of('ml.flights') is not None\n"
        "print(*sorted(name for name in sys.modules if '.' not in name))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert {"boto3", "ml"} <= loaded
    assert not loaded & {"numpy", "pandas", "duckdb", "ibis", "xgboost", "pulumi", "pydantic"}


def test_the_archive_is_parquet_by_day_with_its_errors_apart(kinesis: Build) -> None:
    (delivery,) = kinesis.of("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream").values()
    target = delivery["extendedS3Configuration"]
    assert target["dataFormatConversionConfiguration"]["enabled"] is True
    assert "day=!{timestamp:dd}" in target["prefix"]
    assert target["errorOutputPrefix"].startswith("errors/")
    assert target["kmsKeyArn"] == _KEY
    (table,) = kinesis.of("aws:glue/catalogTable:CatalogTable").values()
    assert table["parameters"]["projection.enabled"] == "true"


@pytest.mark.parametrize("cluster", ["serverless", "provisioned"])
def test_kafka_takes_clients_by_iam_over_tls_alone(cluster: str) -> None:
    made = _streaming(kind="msk", kafka={"cluster": cluster})
    if cluster == "serverless":
        (found,) = made.of("aws:msk/serverlessCluster:ServerlessCluster").values()
        assert found["clientAuthentication"] == {"sasl": {"iam": {"enabled": True}}}
    else:
        (found,) = made.of("aws:msk/cluster:Cluster").values()
        assert found["encryptionInfo"]["encryptionInTransit"] == {"clientBroker": "TLS", "inCluster": True}
        assert found["clientAuthentication"] == {"sasl": {"iam": True}, "unauthenticated": False}
        assert found["brokerNodeGroupInfo"]["connectivityInfo"]["publicAccess"] == {"type": "DISABLED"}
    ports = {
        rule["fromPort"]
        for rule in made.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values()
    }
    assert ports == {9098}
    (delivery,) = made.of("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream").values()
    assert delivery["serverSideEncryption"]["keyArn"] == _KEY
    (function,) = made.of("aws:lambda/function:Function").values()
    assert function["environment"]["variables"]["ARCHIVE"] == "groundplan-dev-events-archive"


def test_flink_has_snapshots_and_an_encrypted_log() -> None:
    made = _streaming(flink={"enabled": True, "codeKey": "flink/app.zip"})
    (application,) = made.of("aws:kinesisanalyticsv2/application:Application").values()
    configuration = application["applicationConfiguration"]
    assert configuration["applicationSnapshotConfiguration"] == {"snapshotsEnabled": True}
    assert application["cloudwatchLoggingOptions"]["logStreamArn"]
    logs = made.of("aws:cloudwatch/logGroup:LogGroup").values()
    assert all(one["kmsKeyId"] and one["retentionInDays"] for one in logs)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"flink": {"enabled": True}}, "codeKey"),
        ({"kind": "none", "flink": {"enabled": True, "codeKey": "a.zip"}}, "kind kinesis"),
    ],
)
def test_flink_without_code_or_without_a_stream_is_refused(settings: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        StreamingSettings.model_validate(settings)


def test_feature_groups_are_encrypted_both_online_and_offline() -> None:
    def program() -> dict[str, Any]:
        made = Features(
            "features",
            FeaturesArgs(
                settings=FeatureSettings(),
                foundation=foundation(protected=True),
                zones=_ZONES,
                case="flights",
                groups=declared("ml.flights").groups,
            ),
        )
        return dict(made.group_names)

    made = build(program)
    declared_ones = ("airports", "airlines", "outcomes", "predictions")
    assert made.outputs == {name: f"groundplan-dev-flights-{name}" for name in declared_ones}
    for group in made.of("aws:sagemaker/featureGroup:FeatureGroup").values():
        assert group["onlineStoreConfig"]["securityConfig"] == {"kmsKeyId": _KEY}
        storage = group["offlineStoreConfig"]["s3StorageConfig"]
        assert storage["kmsKeyId"] == _KEY
        assert storage["s3Uri"] == f"s3://{_ZONES['features']}/{group['featureGroupName']}"
        assert group["eventTimeFeatureName"] == EVENT_TIME
        defined = {one["featureName"] for one in group["featureDefinitions"]}
        assert {EVENT_TIME, group["recordIdentifierFeatureName"]} < defined


def test_the_data_room_previews_with_what_is_not_known_yet() -> None:
    assert _pipeline(preview=True, schedule="cron(0 3 * * ? *)", **_SPARK).made
    assert _streaming(preview=True).made
    assert _streaming(preview=True, kind="msk").made


def test_names_of_the_longest_place_fit_into_what_services_allow() -> None:
    place = Place(project="groundplan", stack="staging", account=ACCOUNT, region=REGION, partition="aws")
    job = f"{place.prefix}-prepare-" + "0" * 12
    assert len(job) <= 63
    assert all(len(f"{place.prefix}-flights-{one.name}") <= 64 for one in declared("ml.flights").groups)
