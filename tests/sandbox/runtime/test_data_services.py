"""What runs on data: Parquet by Firehose, job runs of EMR Serverless, evaluations of data quality."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from sandbox.runtime.quality.rules import RulesetError, rules_of

Wait = Callable[..., Any]
_ROLE = "arn:aws:iam::123456789012:role/data"
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


@pytest.fixture
def table(cloud: Any) -> Callable[..., dict[str, str]]:
    """Makes a table of Parquet below `s3://lake/<name>/`; how requests name it."""

    def make(name: str, **columns: str) -> dict[str, str]:
        cloud.client("s3").create_bucket(Bucket="lake")
        glue = cloud.client("glue")
        if not any(one["Name"] == "lake" for one in glue.get_databases()["DatabaseList"]):
            glue.create_database(DatabaseInput={"Name": "lake"})
        described = [{"Name": column, "Type": kind} for column, kind in columns.items()]
        storage = {**_PARQUET, "Columns": described, "Location": f"s3://lake/{name}/"}
        glue.create_table(DatabaseName="lake", TableInput={"Name": name, "StorageDescriptor": storage})
        return {"DatabaseName": "lake", "TableName": name}

    return make


def test_firehose_writes_parquet_by_the_tables_columns_and_what_is_no_row_apart(
    cloud: Any, table: Any, eventually: Wait
) -> None:
    named = table(
        "events", entity="string", n="int", wind="double", seen_at="timestamp", tags="array<string>"
    )
    conversion = {
        "Enabled": True,
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        "SchemaConfiguration": {"RoleARN": _ROLE, "Region": "us-east-1", **named},
    }
    firehose = cloud.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="events",
        ExtendedS3DestinationConfiguration={
            "RoleARN": _ROLE,
            "BucketARN": "arn:aws:s3:::lake",
            "Prefix": "events/day=!{timestamp:yyyy-MM-dd}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 64},
            "DataFormatConversionConfiguration": conversion,
        },
    )
    good = {"Entity": "EWR", "n": 3, "wind": 7, "seen_at": "2026-01-01T10:00:00Z", "tags": ["a"], "more": 1}
    records = [json.dumps(good), "no JSON", json.dumps({"entity": "JFK", "n": 1.5})]
    firehose.put_record_batch(
        DeliveryStreamName="events", Records=[{"Data": one.encode()} for one in records]
    )
    s3 = cloud.client("s3")

    def written(prefix: str) -> dict[str, bytes]:
        listed = s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
        return {one["Key"]: s3.get_object(Bucket="lake", Key=one["Key"])["Body"].read() for one in listed}

    eventually(lambda: written("events/") and written("errors/"))
    ((key, body),) = written("events/").items()
    assert key.endswith(".parquet")
    (row,) = parquet.read_table(io.BytesIO(body)).to_pylist()
    assert (row["entity"], row["n"], row["wind"], row["tags"]) == ("EWR", 3, 7.0, ["a"])
    assert row["seen_at"].isoformat() == "2026-01-01T10:00:00"
    ((key, body),) = written("errors/").items()
    assert key.startswith("errors/format-conversion-failed/")
    assert len(body.splitlines()) == 2


def _run_spark(cloud: Any, script: str, *arguments: str) -> dict[str, Any]:
    emr = cloud.client("emr-serverless")
    made = emr.create_application(name="spark", releaseLabel="emr-7.9.0", type="SPARK")
    cloud.client("s3").create_bucket(Bucket="lake")
    cloud.client("s3").put_object(Bucket="lake", Key="jobs/job.py", Body=script.encode())
    submit = {"entryPoint": "s3://lake/jobs/job.py", "entryPointArguments": list(arguments)}
    machine = {
        "StartAt": "Run",
        "States": {
            "Run": {
                "Type": "Task",
                "Resource": "arn:aws:states:::emr-serverless:startJobRun.sync",
                "Parameters": {
                    "ApplicationId": made["applicationId"],
                    "ExecutionRoleArn": _ROLE,
                    "JobDriver": {"SparkSubmit": submit},
                },
                "End": True,
            }
        },
    }
    states = cloud.client("stepfunctions")
    arn = states.create_state_machine(
        name=f"spark-{made['applicationId']}", definition=json.dumps(machine), roleArn=_ROLE
    )["stateMachineArn"]
    return dict(states.start_execution(stateMachineArn=arn))


def _ended(cloud: Any, execution: str, eventually: Wait) -> dict[str, Any]:
    states = cloud.client("stepfunctions")

    def look() -> Any:
        found = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    return dict(eventually(look))


def test_a_state_machine_waits_for_a_job_run_whose_script_really_runs(cloud: Any, eventually: Wait) -> None:
    script = (
        "import sys, boto3\nboto3.client('s3').put_object(Bucket='lake', Key=sys.argv[1], Body=b'done')\n"
    )
    started = _run_spark(cloud, script, "jobs/out")
    ended = _ended(cloud, started["executionArn"], eventually)
    assert json.loads(ended["output"])["State"] == "SUCCESS"
    assert cloud.client("s3").get_object(Bucket="lake", Key="jobs/out")["Body"].read() == b"done"


def test_a_script_that_needs_spark_fails_and_says_what_is_missing(cloud: Any, eventually: Wait) -> None:
    # As on a machine without it, whether or not this one has it.
    started = _run_spark(cloud, "raise ModuleNotFoundError(\"No module named 'pyspark'\")\n")
    ended = _ended(cloud, started["executionArn"], eventually)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert "has no Spark: install pyspark" in json.loads(ended["cause"])["StateDetails"]


def test_a_failed_execution_is_counted(cloud: Any, eventually: Wait) -> None:
    states = cloud.client("stepfunctions")
    machine = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No", "Cause": "asked to"}}}
    arn = states.create_state_machine(name="failing", definition=json.dumps(machine), roleArn=_ROLE)
    states.start_execution(stateMachineArn=arn["stateMachineArn"])
    watch = cloud.client("cloudwatch")
    eventually(
        lambda: watch.list_metrics(
            Namespace="AWS/States",
            MetricName="ExecutionsFailed",
            Dimensions=[{"Name": "StateMachineArn", "Value": arn["stateMachineArn"]}],
        )["Metrics"]
    )


_RULES = """Rules = [
    RowCount > 2,
    IsComplete "id",
    IsUnique "id",  # each once
    Completeness "wind" > 0.5,
    ColumnValues "kind" in ["a", "b, c"],
    ColumnValues "wind" between -1 and 10 with threshold > 0.6,
    Mean "wind" < 1,
    ColumnExists "gone",
    ColumnValues "gone" > 1,
    Entropy "wind" > 1
]"""


def test_each_rule_of_a_ruleset_is_judged_on_the_tables_files(
    cloud: Any, table: Any, eventually: Wait
) -> None:
    named = table("judged", id="bigint", wind="double", kind="string")
    written = io.BytesIO()
    rows = {"id": [1, 2, 3], "wind": [1.0, 20.0, 3.0], "kind": ["a", "b, c", None]}
    parquet.write_table(pa.table(rows), written)
    cloud.client("s3").put_object(Bucket="lake", Key="judged/part/1.parquet", Body=written.getvalue())
    glue = cloud.client("glue")
    glue.create_data_quality_ruleset(Name="judged", Ruleset=_RULES, TargetTable=named)
    run = glue.start_data_quality_ruleset_evaluation_run(
        DataSource={"GlueTable": named}, Role=_ROLE, RulesetNames=["judged"]
    )["RunId"]

    def over() -> Any:
        found = glue.get_data_quality_ruleset_evaluation_run(RunId=run)
        return found if found["Status"] != "RUNNING" else None

    ended = eventually(over)
    assert ended["Status"] == "SUCCEEDED"
    (result,) = ended["ResultIds"]
    told = glue.get_data_quality_result(ResultId=result)
    verdicts = [one["Result"] for one in told["RuleResults"]]
    assert verdicts == ["PASS"] * 6 + ["FAIL", "FAIL", "ERROR", "ERROR"]
    assert told["Score"] == 0.6
    assert "8 is the mean; wanted: < 1" in told["RuleResults"][6]["EvaluationMessage"]


def test_a_run_on_a_table_without_files_fails_and_says_so(cloud: Any, table: Any, eventually: Wait) -> None:
    named = table("empty", id="bigint")
    glue = cloud.client("glue")
    glue.create_data_quality_ruleset(Name="empty", Ruleset="Rules = [RowCount > 0]", TargetTable=named)
    run = glue.start_data_quality_ruleset_evaluation_run(
        DataSource={"GlueTable": named}, Role=_ROLE, RulesetNames=["empty"]
    )["RunId"]
    told = eventually(lambda: glue.get_data_quality_ruleset_evaluation_run(RunId=run).get("ErrorString"))
    assert "There is no object of lake.empty" in told


def test_a_ruleset_that_is_none_is_refused() -> None:
    with pytest.raises(RulesetError, match="Rules = "):
        rules_of("RowCount > 1")
