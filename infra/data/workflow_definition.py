"""What are the states of the data workflow? Look, prepare, judge, publish; what fails is kept and told.

In the Amazon States Language, JSONPath. The same site gives the same bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from infra.data.source_looks import look
from infra.data.workflow_states import Json, again, task, wrong
from infra.training.instances import has_local_storage
from infra.training.pipeline_definition import s3_input, s3_output

_CODE = "/opt/ml/processing/input/code"
_SETS = ("train", "validation", "test", "examples", "report", "quarantine")
_GIB = 30


@dataclass(frozen=True, kw_only=True)
class SparkSite:
    """Where a job of Spark runs. `entry_point` is an S3 URI."""

    application_id: str
    role_arn: str
    entry_point: str


@dataclass(frozen=True, kw_only=True)
class WorkflowSite:
    """Where the workflow works, as plain values: names, ARNs, S3 URIs without a slash at the end."""

    name: str
    use_case: str
    sources: Sequence[str]
    raw_bucket: str
    curated_bucket: str
    source_uri: str
    image: str
    instance: str
    max_run_minutes: int
    data_key: str
    processing_role: str
    subnets: Sequence[str]
    security_group: str
    database: str
    table: str
    ruleset: str
    quality_role: str
    undelivered_url: str
    spark: SparkSite | None = None
    pseudonym_keys: str | None = None
    """Name of the secret with the keys of the pseudonyms; a job that asks for it is not isolated (0116)."""

    @property
    def case(self) -> str:
        return self.use_case.rpartition(".")[2]


def workflow_definition(site: WorkflowSite) -> str:
    """The state machine's definition. Its input is not looked at."""
    states: dict[str, Json] = {
        "Begin": {"Type": "Pass", "Result": {"sources": list(site.sources)}, "Next": "LookAtSources"},
        "LookAtSources": look(site.case, site.raw_bucket),
        "Prepare": _prepare_by_spark(site.spark, site) if site.spark else _prepare(site),
        "Judge": task(
            "aws-sdk:glue:startDataQualityRulesetEvaluationRun",
            {
                "DataSource": {"GlueTable": {"DatabaseName": site.database, "TableName": site.table}},
                "Role": site.quality_role,
                "RulesetNames": [site.ruleset],
                "NumberOfWorkers": 2,
                "Timeout": 60,
            },
            then="WaitForVerdict",
            result="$.quality",
        ),
        "WaitForVerdict": {"Type": "Wait", "Seconds": 10, "Next": "AskForVerdict"},
        "AskForVerdict": task(
            "aws-sdk:glue:getDataQualityRulesetEvaluationRun",
            {"RunId.$": "$.quality.RunId"},
            then="IsJudged",
            result="$.run",
        ),
        "IsJudged": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.run.Status", "StringEquals": "SUCCEEDED", "Next": "ReadVerdict"},
                {
                    "Or": [
                        {"Variable": "$.run.Status", "StringEquals": status}
                        for status in ("FAILED", "STOPPED", "TIMEOUT")
                    ],
                    "Next": "NotJudged",
                },
            ],
            "Default": "WaitForVerdict",
        },
        "ReadVerdict": task(
            "aws-sdk:glue:getDataQualityResult",
            {"ResultId.$": "$.run.ResultIds[0]"},
            then="IsGoodEnough",
            result="$.verdict",
        ),
        "IsGoodEnough": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.verdict.Score", "NumericGreaterThanEquals": 1, "Next": "Publish"}],
            "Default": "NotGoodEnough",
        },
        "Publish": task(
            "aws-sdk:s3:putObject",
            {
                "Bucket": site.curated_bucket,
                "Key": f"{site.case}/published.json",
                "ContentType": "application/json",
                "Body": {
                    "execution.$": "$$.Execution.Id",
                    "started.$": "$$.Execution.StartTime",
                    "data": f"s3://{site.curated_bucket}/{site.case}/prepared",
                    "ruleset": site.ruleset,
                    "score.$": "$.verdict.Score",
                },
            },
            then="Tell",
            result="$.published",
        ),
        "Tell": task(
            "events:putEvents",
            {
                "Entries": [
                    {
                        "Source": "groundplan.data",
                        "DetailType": "Data Published",
                        "Detail": {
                            "stack": site.name,
                            "case": site.case,
                            "data": f"s3://{site.curated_bucket}/{site.case}/prepared",
                        },
                        "EventBusName": "default",
                    }
                ]
            },
            then=None,
            result=None,
        ),
        "NotJudged": wrong(
            "QualityNotJudged",
            "States.Format('The rules were not evaluated: aws glue "
            "get-data-quality-ruleset-evaluation-run --run-id {}', $.quality.RunId)",
        ),
        "NotGoodEnough": wrong(
            "QualityNotGoodEnough",
            "States.Format('Only a share of {} of the rules holds: aws glue get-data-quality-result "
            "--result-id {}', $.verdict.Score, $.verdict.ResultId)",
        ),
        "Keep": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {
                "QueueUrl": site.undelivered_url,
                "MessageBody": {
                    "execution.$": "$$.Execution.Id",
                    "input.$": "$$.Execution.Input",
                    "failure.$": "$.failure",
                },
            },
            "Retry": [again(["States.ALL"])],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.unkept", "Next": "Failed"}],
            "ResultPath": "$.kept",
            "Next": "Failed",
        },
        "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
    }
    return json.dumps(
        {
            "Comment": f"Prepares, judges and publishes the data of {site.case}",
            "StartAt": "Begin",
            "TimeoutSeconds": 6 * 3600,
            "States": states,
        },
        sort_keys=True,
    )


def _prepare(site: WorkflowSite) -> Json:
    """A processing job of the use case's module, from the source archive."""
    resources: Json = {"InstanceCount": 1, "InstanceType": site.instance, "VolumeSizeInGB": _GIB}
    if not has_local_storage(site.instance):
        resources["VolumeKmsKeyId"] = site.data_key
    run = (
        f"cd {_CODE} && tar -xzf source.tar.gz && exec python3 -m ml prepare --case {site.use_case}"
        " --raw /opt/ml/processing/input/raw --out /opt/ml/processing/output"
    )
    written = f"s3://{site.curated_bucket}/{site.case}/prepared"
    parameters: Json = {
        # A name of its own for each try: 63 characters at most.
        "ProcessingJobName.$": (
            f"States.Format('{site.name}-prepare-{{}}', States.ArrayGetItem("
            "States.StringSplit(States.UUID(), '-'), 4))"
        ),
        "RoleArn": site.processing_role,
        "AppSpecification": {"ImageUri": site.image, "ContainerEntrypoint": ["/bin/sh", "-c", run]},
        "ProcessingInputs": [
            s3_input("code", site.source_uri, "code"),
            s3_input("raw", f"s3://{site.raw_bucket}/{site.case}", "raw"),
        ],
        "ProcessingOutputConfig": {
            "KmsKeyId": site.data_key,
            "Outputs": [s3_output(name, f"{written}/{name}", name) for name in _SETS],
        },
        "ProcessingResources": {"ClusterConfig": resources},
        "StoppingCondition": {"MaxRuntimeInSeconds": site.max_run_minutes * 60},
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": site.pseudonym_keys is None,
            "VpcConfig": {"SecurityGroupIds": [site.security_group], "Subnets": list(site.subnets)},
        },
    }
    if site.pseudonym_keys is not None:
        parameters["Environment"] = {"PSEUDONYM_KEYS": site.pseudonym_keys}
    return task("sagemaker:createProcessingJob.sync", parameters, then="Judge", result="$.prepared")


def _prepare_by_spark(spark: SparkSite, site: WorkflowSite) -> Json:
    """A job of Spark: it fetches the source archive, and prepares as the module does, with S3 URIs."""
    parameters = {
        "ApplicationId": spark.application_id,
        "ExecutionRoleArn": spark.role_arn,
        "Name": f"{site.name}-prepare",
        "ExecutionTimeoutMinutes": site.max_run_minutes,
        "JobDriver": {
            "SparkSubmit": {
                "EntryPoint": spark.entry_point,
                "EntryPointArguments": [
                    "--case",
                    site.use_case,
                    "--source",
                    site.source_uri,
                    "--raw",
                    f"s3://{site.raw_bucket}/{site.case}",
                    "--out",
                    f"s3://{site.curated_bucket}/{site.case}/prepared",
                ],
            }
        },
    }
    return task("emr-serverless:startJobRun.sync", parameters, then="Judge", result="$.prepared")
