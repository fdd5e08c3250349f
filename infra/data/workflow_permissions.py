"""What may the workflow, its judge and its schedule do? Statements with the resources by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.data.workflow_definition import WorkflowSite
from infra.foundation.place import Place
from infra.foundation.policy import Statement


@dataclass(frozen=True, kw_only=True)
class WorkflowGrants:
    """What the workflow's statements speak of."""

    place: Place
    site: WorkflowSite
    undelivered: str
    data_key: str
    messages_key: str


def workflow_statements(grants: WorkflowGrants) -> list[Statement]:
    """The states' own calls, and what Step Functions needs to wait, to log and to trace.

    Sources: Step Functions guide, "IAM policies for integrated services", "Logging", "X-Ray".
    """
    place, site = grants.place, grants.site
    statements = [
        Statement(
            sid="LookAtSources",
            actions=["s3:GetObject"],
            resources=[f"{place.bucket_arn('raw')}/{site.case}/*"],
        ),
        # Without it a missing source reads as one that may not be looked at.
        Statement(sid="ListSources", actions=["s3:ListBucket"], resources=[place.bucket_arn("raw")]),
        Statement(
            sid="Publish",
            actions=["s3:PutObject"],
            resources=[f"{place.bucket_arn('curated')}/{site.case}/published.json"],
        ),
        Statement(
            sid="RunJobs",
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreateProcessingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:StopProcessingJob",
            ],
            resources=[place.arn("sagemaker", f"processing-job/{place.prefix}-*")],
        ),
        Statement(
            sid="WaitForJobs",
            actions=["events:DescribeRule", "events:PutRule", "events:PutTargets"],
            resources=[
                place.arn("events", f"rule/StepFunctionsGetEventsFor{kind}Rule")
                for kind in ("SageMakerProcessingJobs", "EMRServerlessJob")
            ],
        ),
        Statement(
            sid="Judge",
            actions=[
                "glue:GetDataQualityResult",
                "glue:GetDataQualityRulesetEvaluationRun",
                "glue:StartDataQualityRulesetEvaluationRun",
            ],
            resources=[place.arn("glue", f"dataQualityRuleset/{site.ruleset}"), *_tables(place, site)],
        ),
        Statement(
            sid="Tell", actions=["events:PutEvents"], resources=[place.arn("events", "event-bus/default")]
        ),
        Statement(sid="KeepFailures", actions=["sqs:SendMessage"], resources=[grants.undelivered]),
        _hand_on("HandOnRoleOfJobs", site.processing_role, "sagemaker.amazonaws.com"),
        _hand_on("HandOnRoleOfJudge", site.quality_role, "glue.amazonaws.com"),
        Statement(
            sid="UseKeys",
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=[grants.data_key, grants.messages_key],
        ),
        Statement(
            sid="DeliverLogs",
            actions=[
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            resources=["*"],
            any_resource_because="CloudWatch's deliveries of logs know no resource (Step Functions guide)",
        ),
        Statement(
            sid="Trace",
            actions=[
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            resources=["*"],
            any_resource_because="X-Ray's operations know no resource",
        ),
    ]
    if site.spark is not None:
        application = place.arn("emr-serverless", f"/applications/{site.spark.application_id}")
        statements += [
            Statement(
                sid="RunSpark",
                actions=[
                    "emr-serverless:CancelJobRun",
                    "emr-serverless:GetJobRun",
                    "emr-serverless:StartJobRun",
                ],
                resources=[application, f"{application}/jobruns/*"],
            ),
            _hand_on("HandOnRoleOfSpark", site.spark.role_arn, "emr-serverless.amazonaws.com"),
        ]
    return statements


def quality_statements(place: Place, data_key: str) -> list[Statement]:
    """What Glue does by the role: it reads curated tables, and tells what it measured.

    Source: Glue guide, "Setting up IAM permissions for AWS Glue Data Quality".
    """
    zone = place.bucket_arn("curated")
    database = f"{place.prefix}_curated".replace("-", "_")
    return [
        Statement(sid="ReadData", actions=["s3:GetObject"], resources=[f"{zone}/*"]),
        Statement(sid="ListData", actions=["s3:GetBucketLocation", "s3:ListBucket"], resources=[zone]),
        Statement(sid="UseDataKey", actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=[data_key]),
        Statement(
            sid="ReadCatalog",
            actions=["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
            resources=[
                place.arn("glue", "catalog"),
                place.arn("glue", f"database/{database}"),
                place.arn("glue", f"table/{database}/*"),
            ],
        ),
        Statement(
            sid="Judge",
            actions=[
                "glue:GetDataQualityRuleset",
                "glue:GetDataQualityRulesetEvaluationRun",
                "glue:PublishDataQuality",
            ],
            resources=[place.arn("glue", f"dataQualityRuleset/{place.prefix}-*")],
        ),
        Statement(
            sid="PutMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            any_resource_because="metrics have no ARN; the condition names the namespace",
            conditions={"StringEquals": {"cloudwatch:namespace": "Glue Data Quality"}},
        ),
        Statement(
            sid="WriteLogs",
            actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            resources=place.log_group_arns("/aws-glue/*"),
        ),
    ]


def schedule_statements(machine: str, undelivered: str, messages_key: str, data_key: str) -> list[Statement]:
    """What the schedule does: it starts the workflow, and keeps what it could not start."""
    return [
        Statement(sid="Start", actions=["states:StartExecution"], resources=[machine]),
        Statement(sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[undelivered]),
        Statement(
            sid="UseKeys", actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=[messages_key, data_key]
        ),
    ]


def _tables(place: Place, site: WorkflowSite) -> Sequence[str]:
    return [
        place.arn("glue", "catalog"),
        place.arn("glue", f"database/{site.database}"),
        place.arn("glue", f"table/{site.database}/{site.table}"),
    ]


def _hand_on(sid: str, role: str, service: str) -> Statement:
    return Statement(
        sid=sid,
        actions=["iam:PassRole"],
        resources=[role],
        conditions={"StringEquals": {"iam:PassedToService": service}},
    )
