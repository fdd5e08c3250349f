"""What may each persona do? Statements with the resources by name, bound to their team where it counts.

Sources of actions, resources and condition keys: Service Authorization Reference.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from infra.foundation.policy import Statement
from infra.identity.persona_parts import (
    OWN_TEAM,
    QUERY_RESULTS,
    Territory,
    anywhere,
    ask_model,
    catalog,
    experiments,
    hand_on,
    list_zones,
    look_at_models,
    own_folder,
    query,
    read_features,
    read_logs,
    read_objects,
    use_keys,
    workflows,
    write_objects,
)

Persona = Literal[
    "data-scientist",
    "ml-engineer",
    "data-engineer",
    "analyst",
    "domain-expert",
    "product-manager",
    "auditor",
]

STARTERS_OF_TRAINING: tuple[Persona, ...] = ("data-scientist", "ml-engineer")
"""Who may start jobs and pipelines: whom a spent budget stops."""


def statements_of(persona: Persona, territory: Territory) -> list[Statement]:
    """The policy of a persona's role; it fits into 10,240 characters, IAM's quota for inline policies."""
    return [*_everyone(territory), *_OF[persona](territory)]


def _everyone(territory: Territory) -> list[Statement]:
    """Looks at the platform: what there is, how it is, which alarms speak. No data."""
    return [
        anywhere(
            "LookAtThePlatform",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetDashboard",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListDashboards",
            "cloudwatch:ListMetrics",
            "s3:ListAllMyBuckets",
            "tag:GetResources",
        )
    ]


def _data_scientist(territory: Territory) -> list[Statement]:
    return [
        read_objects(territory, "curated/*", "captures/*", "models/*"),
        write_objects(territory, f"curated/teams/{OWN_TEAM}/*", f"curated/{QUERY_RESULTS}/*", own_folder()),
        list_zones(territory, "curated", "captures", "models"),
        use_keys(territory.data_key, territory.model_key, territory=territory, writes=True),
        *query(territory),
        *experiments(territory),
        *look_at_models(territory),
        read_features(territory),
        ask_model(territory),
        read_logs(territory, "/aws/sagemaker/*"),
    ]


def _ml_engineer(territory: Territory) -> list[Statement]:
    own = territory.own
    return [
        *_data_scientist(territory),
        Statement(
            sid="ApproveModels",
            actions=["sagemaker:UpdateModelPackage"],
            resources=own("sagemaker", "model-package/{}-*"),
        ),
        Statement(
            sid="SteerPipelinesAndTraffic",
            actions=[
                "sagemaker:RetryPipelineExecution",
                "sagemaker:StopPipelineExecution",
                "sagemaker:UpdateEndpointWeightsAndCapacities",
            ],
            resources=[
                *own("sagemaker", "pipeline/{}-*"),
                territory.place.arn("sagemaker", f"endpoint/{territory.endpoint}"),
            ],
        ),
        *workflows(territory),
        Statement(
            sid="PutChatWebhook",
            actions=["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"],
            resources=own("secretsmanager", "secret:{}-chat-webhook-*"),
        ),
        read_logs(
            territory, f"/aws/lambda/{territory.place.prefix}-*", "/aws/vendedlogs/*", sid="ReadOtherLogs"
        ),
        anywhere("SeeBudgets", "budgets:ViewBudget", "ce:GetCostAndUsage", "ce:GetCostForecast"),
    ]


def _data_engineer(territory: Territory) -> list[Statement]:
    own = territory.own
    return [
        read_objects(territory, "raw/*", "curated/*", "archive/*", "captures/*"),
        write_objects(territory, "raw/*", "curated/*"),
        Statement(
            sid="DeleteObjectsWhoseVersionsStay",
            actions=["s3:DeleteObject"],
            resources=territory.objects("raw/*", "curated/*"),
        ),
        list_zones(territory, "raw", "curated", "archive", "captures"),
        use_keys(territory.data_key, territory=territory, writes=True),
        *query(territory),
        Statement(
            sid="KeepTheCatalog",
            actions=[
                "glue:BatchCreatePartition",
                "glue:BatchDeletePartition",
                "glue:CreatePartition",
                "glue:CreateTable",
                "glue:DeletePartition",
                "glue:UpdatePartition",
                "glue:UpdateTable",
            ],
            resources=catalog(territory),
        ),
        Statement(
            sid="RunSpark",
            actions=[
                "emr-serverless:CancelJobRun",
                "emr-serverless:GetApplication",
                "emr-serverless:GetDashboardForJobRun",
                "emr-serverless:GetJobRun",
                "emr-serverless:ListJobRuns",
                "emr-serverless:StartJobRun",
            ],
            resources=[
                f"arn:{territory.place.partition}:emr-serverless:{territory.place.region}:"
                f"{territory.place.account}:/applications/*"
            ],
            conditions={"StringEquals": {"aws:ResourceTag/Project": territory.place.project}},
        ),
        hand_on(territory, "emr-serverless.amazonaws.com", "spark"),
        *workflows(territory),
        Statement(
            sid="LookIntoStreams",
            actions=[
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:PutRecord",
                "kinesis:PutRecords",
            ],
            resources=own("kinesis", "stream/{}-*"),
        ),
        Statement(
            sid="FillFeatures",
            actions=["sagemaker:DescribeFeatureGroup", "sagemaker:GetRecord", "sagemaker:PutRecord"],
            resources=own("sagemaker", "feature-group/{}-*"),
        ),
        read_logs(
            territory, "/aws/vendedlogs/*", "/aws/emr-serverless/*", f"/aws/lambda/{territory.place.prefix}-*"
        ),
    ]


def _analyst(territory: Territory) -> list[Statement]:
    return [
        read_objects(territory, "curated/*"),
        write_objects(territory, f"curated/{QUERY_RESULTS}/*"),
        list_zones(territory, "curated"),
        use_keys(territory.data_key, territory=territory, writes=True),
        *query(territory),
    ]


def _domain_expert(territory: Territory) -> list[Statement]:
    return [
        read_objects(territory, "captures/*", "models/*/evaluated/*"),
        write_objects(territory, "raw/labels/*"),
        list_zones(territory, "captures", "models"),
        use_keys(territory.data_key, territory.model_key, territory=territory, writes=True),
        *look_at_models(territory),
        ask_model(territory),
    ]


def _product_manager(territory: Territory) -> list[Statement]:
    """Read-only: reports, dashboards, costs."""
    return [
        read_objects(territory, "models/*/evaluated/*"),
        Statement(
            sid="FindReports",
            actions=["s3:ListBucket"],
            resources=[territory.place.bucket_arn("models")],
        ),
        use_keys(territory.model_key, territory=territory, writes=False),
        *look_at_models(territory),
        anywhere("SeeCosts", "budgets:ViewBudget", "ce:GetCostAndUsage", "ce:GetCostForecast"),
    ]


def _auditor(territory: Territory) -> list[Statement]:
    """Read-only: configuration, findings, logs and reports; no data, no models."""
    return [
        read_objects(territory, "logs/*", "audit/*", "models/*/evaluated/*"),
        list_zones(territory, "logs", "audit", "models"),
        use_keys(territory.logs_key, territory.model_key, territory=territory, writes=False),
        anywhere(
            "ReadConfigurationAndFindings",
            "access-analyzer:Get*",
            "access-analyzer:List*",
            "backup:Describe*",
            "backup:Get*",
            "backup:List*",
            "budgets:ViewBudget",
            "ce:GetCostAndUsage",
            "cloudtrail:Describe*",
            "cloudtrail:Get*",
            "cloudtrail:List*",
            "cloudtrail:LookupEvents",
            "config:Describe*",
            "config:Get*",
            "config:List*",
            "config:SelectResourceConfig",
            "ec2:Describe*",
            "ecr:Describe*",
            "guardduty:Get*",
            "guardduty:List*",
            "iam:GenerateCredentialReport",
            "iam:Get*",
            "iam:List*",
            "inspector2:BatchGet*",
            "inspector2:List*",
            "kms:Describe*",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:List*",
            "lambda:GetFunctionConfiguration",
            "lambda:GetPolicy",
            "lambda:ListFunctions",
            "macie2:Get*",
            "macie2:List*",
            "s3:GetAccountPublicAccessBlock",
            "s3:GetBucket*",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetReplicationConfiguration",
            "sagemaker:Describe*",
            "sagemaker:List*",
            "secretsmanager:DescribeSecret",
            "secretsmanager:ListSecrets",
            "securityhub:BatchGet*",
            "securityhub:Describe*",
            "securityhub:Get*",
            "securityhub:List*",
            "sns:GetTopicAttributes",
            "sqs:GetQueueAttributes",
            "wafv2:Get*",
            "wafv2:List*",
        ),
        read_logs(territory, "*"),
    ]


_OF: Mapping[Persona, Callable[[Territory], list[Statement]]] = {
    "data-scientist": _data_scientist,
    "ml-engineer": _ml_engineer,
    "data-engineer": _data_engineer,
    "analyst": _analyst,
    "domain-expert": _domain_expert,
    "product-manager": _product_manager,
    "auditor": _auditor,
}
