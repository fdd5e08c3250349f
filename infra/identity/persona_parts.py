"""Of what parts are the policies of personas made? Each is bound to names and teams as far as it can be."""

from dataclasses import dataclass

from infra.foundation.place import Place
from infra.foundation.policy import Conditions, Statement

OWN_TEAM = "${aws:PrincipalTag/Team}"
"""The team of whoever asks: the tag `Team` of the session."""

QUERY_RESULTS = "temporary/athena"
"""The folder of the curated zone that queries write to."""

_NO_RESOURCE = "the service knows no narrower resource for it"


@dataclass(frozen=True, kw_only=True)
class Territory:
    """What the statements speak of."""

    place: Place
    data_key: str
    model_key: str
    logs_key: str
    endpoint: str

    def own(self, service: str, *patterns: str) -> list[str]:
        """ARNs of the platform's own resources: `own("states", "stateMachine:{}-*")`."""
        return [self.place.arn(service, one.format(self.place.prefix)) for one in patterns]

    def objects(self, *paths: str) -> list[str]:
        """Paths are `zone/key pattern`."""
        split = [path.partition("/") for path in paths]
        return [f"{self.place.bucket_arn(zone)}/{key}" for zone, _, key in split]


def own_folder() -> str:
    return f"models/teams/{OWN_TEAM}/*"


def experiments(territory: Territory) -> list[Statement]:
    """Jobs by hand carry the caller's team, run in the network and encrypt what they write."""
    jobs = ["training-job/*", "processing-job/*", "hyper-parameter-tuning-job/*"]
    arns = [territory.place.arn("sagemaker", job) for job in jobs]
    creates = ["CreateHyperParameterTuningJob", "CreateProcessingJob", "CreateTrainingJob"]
    team: Conditions = {"StringEquals": {"aws:RequestTag/Team": OWN_TEAM}}
    return [
        Statement(
            sid="StartJobsOfOwnTeam",
            actions=[f"sagemaker:{one}" for one in creates],
            resources=arns,
            conditions={
                **team,
                "Null": {
                    "sagemaker:OutputKmsKey": "false",
                    "sagemaker:VpcSecurityGroupIds": "false",
                    "sagemaker:VpcSubnets": "false",
                },
            },
        ),
        Statement(
            sid="TagJobsAsTheyStart",
            actions=["sagemaker:AddTags"],
            resources=arns,
            conditions={
                "StringEquals": {"aws:RequestTag/Team": OWN_TEAM, "sagemaker:TaggingAction": creates}
            },
        ),
        Statement(
            sid="StopJobsOfOwnTeam",
            actions=[
                "sagemaker:StopHyperParameterTuningJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:StopTrainingJob",
            ],
            resources=arns,
            conditions={"StringEquals": {"aws:ResourceTag/Team": OWN_TEAM}},
        ),
        hand_on(territory, "sagemaker.amazonaws.com", "processing", "training"),
        Statement(
            sid="StartPipelines",
            actions=["sagemaker:StartPipelineExecution"],
            resources=territory.own("sagemaker", "pipeline/{}-*"),
        ),
    ]


def look_at_models(territory: Territory) -> list[Statement]:
    return [anywhere("LookAtModels", "sagemaker:Describe*", "sagemaker:List*", "sagemaker:Search")]


def read_features(territory: Territory) -> Statement:
    return Statement(
        sid="ReadFeatures",
        actions=["sagemaker:BatchGetRecord", "sagemaker:GetRecord"],
        resources=territory.own("sagemaker", "feature-group/{}-*"),
    )


def ask_model(territory: Territory) -> Statement:
    return Statement(
        sid="AskTheModel",
        actions=["sagemaker:InvokeEndpoint"],
        resources=[territory.place.arn("sagemaker", f"endpoint/{territory.endpoint}")],
    )


def workflows(territory: Territory) -> list[Statement]:
    return [
        Statement(
            sid="RunWorkflows",
            actions=[
                "states:DescribeExecution",
                "states:DescribeStateMachine",
                "states:GetExecutionHistory",
                "states:ListExecutions",
                "states:RedriveExecution",
                "states:StartExecution",
                "states:StopExecution",
            ],
            resources=territory.own("states", "stateMachine:{}-*", "execution:{}-*"),
        )
    ]


def query(territory: Territory) -> list[Statement]:
    """Queries in the platform's workgroups alone, which limit what one may scan."""
    return [
        Statement(
            sid="Query",
            actions=[
                "athena:BatchGetQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:ListQueryExecutions",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            resources=territory.own("athena", "workgroup/{}-*"),
        ),
        Statement(
            sid="ReadTheCatalog",
            actions=[
                "glue:GetDatabase",
                "glue:GetDatabases",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:GetTable",
                "glue:GetTables",
            ],
            resources=catalog(territory),
        ),
    ]


def catalog(territory: Territory) -> list[str]:
    database = territory.place.prefix.replace("-", "_")
    return [
        territory.place.arn("glue", one)
        for one in ("catalog", f"database/{database}*", f"table/{database}*/*")
    ]


def hand_on(territory: Territory, service: str, *purposes: str) -> Statement:
    return Statement(
        sid="HandOnRolesOfJobs",
        actions=["iam:PassRole"],
        resources=[territory.place.role_arn(purpose) for purpose in purposes],
        conditions={"StringEquals": {"iam:PassedToService": service}},
    )


def read_objects(territory: Territory, *paths: str) -> Statement:
    return Statement(
        sid="ReadObjects",
        actions=["s3:GetObject", "s3:GetObjectVersion"],
        resources=territory.objects(*paths),
    )


def write_objects(territory: Territory, *paths: str) -> Statement:
    return Statement(
        sid="WriteObjects",
        actions=["s3:AbortMultipartUpload", "s3:PutObject"],
        resources=territory.objects(*paths),
    )


def list_zones(territory: Territory, *zones: str) -> Statement:
    return Statement(
        sid="ListZones",
        actions=["s3:GetBucketLocation", "s3:ListBucket"],
        resources=[territory.place.bucket_arn(zone) for zone in zones],
    )


def use_keys(*arns: str, territory: Territory, writes: bool) -> Statement:
    """Through the services that hold the data, never by hand."""
    place = territory.place
    services = ["athena", "kinesis", "s3", "sagemaker"]
    return Statement(
        sid="UseKeysThroughServices",
        actions=["kms:Decrypt", "kms:DescribeKey", *(["kms:GenerateDataKey"] if writes else [])],
        resources=arns,
        conditions={
            "StringEquals": {"kms:ViaService": [f"{one}.{place.region}.amazonaws.com" for one in services]}
        },
    )


def read_logs(territory: Territory, *groups: str, sid: str = "ReadLogs") -> Statement:
    return Statement(
        sid=sid,
        actions=["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"],
        resources=[territory.place.arn("logs", f"log-group:{group}") for group in groups],
    )


def anywhere(sid: str, *actions: str) -> Statement:
    return Statement(sid=sid, actions=actions, resources=["*"], any_resource_because=_NO_RESOURCE)
