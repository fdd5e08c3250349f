"""What may each role of SageMaker's work do? Statements with the resources by name.

Sources of the actions: SageMaker guide, "How to use SageMaker AI execution roles" and "Access management for
Pipelines".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.foundation.logs import PROCESSING_JOBS, TRAINING_JOBS
from infra.foundation.place import Place
from infra.foundation.policy import Statement


@dataclass(frozen=True, kw_only=True)
class Grants:
    """What the statements speak of."""

    place: Place
    data_key: str
    model_key: str
    image_repository: str
    """Of the jobs' image."""
    endpoint: str
    serving_repositories: Sequence[str] = ()
    """Of the images that models are, or were, registered with."""


def processing(grants: Grants) -> Sequence[Statement]:
    """Reads raw and curated data, models and the source; writes curated data and evaluations."""
    return [
        _read(grants, "ReadData", ["raw", "curated", "models"]),
        _write(grants, "WriteData", ["curated/*", "models/*/evaluated/*"]),
        _list(grants, ["raw", "curated", "models"]),
        _keys([grants.data_key, grants.model_key]),
        _grant_volumes([grants.data_key, grants.model_key]),
        *_job(grants, PROCESSING_JOBS, "/aws/sagemaker/ProcessingJobs"),
    ]


def training(grants: Grants) -> Sequence[Statement]:
    """Reads curated data and the source; writes models and checkpoints."""
    return [
        _read(grants, "ReadData", ["curated", "models"]),
        _write(grants, "WriteModels", ["models/*/trained/*", "models/*/tuned/*", "models/*/checkpoints/*"]),
        _list(grants, ["curated", "models"]),
        _keys([grants.data_key, grants.model_key]),
        _grant_volumes([grants.model_key]),
        *_job(grants, TRAINING_JOBS, "/aws/sagemaker/TrainingJobs"),
    ]


def inference(grants: Grants) -> Sequence[Statement]:
    """Reads models; writes captures."""
    return [
        _read(grants, "ReadModels", ["models"]),
        _write(grants, "WriteCaptures", ["captures/*"]),
        _list(grants, ["models", "captures"]),
        _keys([grants.data_key, grants.model_key]),
        _grant_volumes([grants.model_key]),
        *_job(
            grants,
            f"/aws/sagemaker/Endpoints/{grants.endpoint}",
            "/aws/sagemaker/Endpoints",
            repositories=grants.serving_repositories,
        ),
    ]


def monitoring(grants: Grants) -> Sequence[Statement]:
    """Reads captures, outcomes, models and the source; writes reports and what it measured."""
    return [
        _read(grants, "ReadCaptures", ["captures", "curated", "features", "models"]),
        _write(grants, "WriteReports", ["captures/monitoring/*"]),
        _list(grants, ["captures", "curated", "features", "models"]),
        Statement(
            sid="FindModelAndOutcomes",
            actions=["sagemaker:DescribeFeatureGroup", "sagemaker:DescribeModelPackage"],
            resources=[
                grants.place.arn("sagemaker", f"feature-group/{grants.place.prefix}-*"),
                grants.place.arn("sagemaker", f"model-package/{grants.place.prefix}-*"),
            ],
        ),
        _keys([grants.data_key, grants.model_key]),
        _grant_volumes([grants.data_key]),
        *_job(
            grants,
            PROCESSING_JOBS,
            "/aws/sagemaker/ProcessingJobs",
            "/aws/sagemaker/Endpoints/data-metrics",
            "Groundplan",
        ),
        Statement(
            sid="PullAnalyzer",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            # AWS's own registry, another account in each region.
            resources=[
                f"arn:{grants.place.partition}:ecr:{grants.place.region}:*:repository/"
                "sagemaker-model-monitor-analyzer"
            ],
        ),
    ]


def pipeline(grants: Grants) -> Sequence[Statement]:
    """Starts and watches the pipeline's own jobs, hands them their roles, registers models."""
    place = grants.place
    return [
        Statement(
            sid="RunJobsOfPipelines",
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreateHyperParameterTuningJob",
                "sagemaker:CreateProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeHyperParameterTuningJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
                "sagemaker:StopHyperParameterTuningJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:StopTrainingJob",
            ],
            resources=[
                place.arn("sagemaker", "hyper-parameter-tuning-job/pipelines-*"),
                place.arn("sagemaker", "processing-job/pipelines-*"),
                place.arn("sagemaker", "training-job/pipelines-*"),
            ],
        ),
        Statement(
            sid="RegisterModels",
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreateModelPackage",
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
            ],
            resources=[
                place.arn("sagemaker", f"model-package-group/{place.prefix}-*"),
                place.arn("sagemaker", f"model-package/{place.prefix}-*"),
            ],
        ),
        Statement(
            sid="AskForTheChampion",
            actions=["lambda:InvokeFunction"],
            # infra/training/champion.py
            resources=[place.arn("lambda", f"function:{place.prefix}-champion")],
        ),
        Statement(
            sid="HandOnRolesOfJobs",
            actions=["iam:PassRole"],
            resources=[place.role_arn(work) for work in ("monitoring", "processing", "training")],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        _read(grants, "ReadEvaluations", ["models"]),
        _list(grants, ["models"]),
        _keys([grants.model_key]),
        *_image([grants.image_repository, *grants.serving_repositories]),
    ]


def _read(grants: Grants, sid: str, zones: Sequence[str]) -> Statement:
    arns = [f"{grants.place.bucket_arn(zone)}/*" for zone in zones]
    return Statement(sid=sid, actions=["s3:GetObject"], resources=arns)


def _write(grants: Grants, sid: str, paths: Sequence[str]) -> Statement:
    """Paths are `zone/key pattern`."""
    split = [path.partition("/") for path in paths]
    arns = [f"{grants.place.bucket_arn(zone)}/{pattern}" for zone, _, pattern in split]
    return Statement(sid=sid, actions=["s3:PutObject"], resources=arns)


def _list(grants: Grants, zones: Sequence[str]) -> Statement:
    return Statement(
        sid="ListZones",
        actions=["s3:GetBucketLocation", "s3:ListBucket"],
        resources=[grants.place.bucket_arn(zone) for zone in zones],
    )


def _keys(arns: Sequence[str]) -> Statement:
    return Statement(
        sid="UseKeys", actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"], resources=arns
    )


def _grant_volumes(arns: Sequence[str]) -> Statement:
    return Statement(
        sid="EncryptVolumes",
        actions=["kms:CreateGrant"],
        resources=arns,
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )


def _job(
    grants: Grants, log_group: str, *namespaces: str, repositories: Sequence[str] = ()
) -> list[Statement]:
    """What a container in the VPC needs: its log, its metrics, its image, its network interface."""
    place = grants.place
    network = [place.arn("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")]
    return [
        Statement(
            sid="WriteLogs",
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=place.log_group_arns(log_group),
        ),
        Statement(
            sid="PutMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            any_resource_because="metrics have no ARN; the condition names the namespace",
            conditions={
                "StringEquals": {
                    "cloudwatch:namespace": namespaces[0] if len(namespaces) == 1 else list(namespaces)
                }
            },
        ),
        Statement(
            sid="AttachToSubnets",
            actions=[
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            resources=network,
        ),
        Statement(
            sid="LookAtNetwork",
            actions=[
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
            any_resource_because="EC2's Describe operations know no resource",
        ),
        *_image(repositories or [grants.image_repository]),
    ]


def _image(repositories: Sequence[str]) -> list[Statement]:
    return [
        Statement(
            sid="LogInToImages",
            actions=["ecr:GetAuthorizationToken"],
            resources=["*"],
            any_resource_because="the operation knows no resource",
        ),
        Statement(
            sid="PullImage",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=sorted(set(repositories)),
        ),
    ]
