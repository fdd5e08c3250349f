"""The lives of SageMaker's feature groups, monitors, images, repositories, tracking servers and projects."""

from __future__ import annotations

from lives.life import Life, Make, a_bucket, a_role, policy
from sandbox.engine.values import PropertyMap

_IMAGE = "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer"


def _features(make: Make) -> PropertyMap:
    return {
        "featureGroupName": "flights",
        "recordIdentifierFeatureName": "flight_id",
        "eventTimeFeatureName": "event_time",
        "roleArn": a_role(make)["arn"],
        "featureDefinitions": [
            {"featureName": "flight_id", "featureType": "String"},
            {"featureName": "event_time", "featureType": "String"},
        ],
        "onlineStoreConfig": {
            "enableOnlineStore": True,
            "securityConfig": {"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1"},
        },
        "offlineStoreConfig": {
            "s3StorageConfig": {"s3Uri": "s3://features/offline"},
            "tableFormat": "Iceberg",
        },
    }


def _schedule(_: Make) -> PropertyMap:
    return {
        "monitoringScheduleConfig": {
            "monitoringJobDefinitionName": "quality",
            "monitoringType": "DataQuality",
            "scheduleConfig": {"scheduleExpression": "cron(0 * ? * * *)"},
        },
    }


def _quality(make: Make) -> PropertyMap:
    return {
        "dataQualityAppSpecification": {"imageUri": _IMAGE},
        "dataQualityJobInput": {"endpointInput": {"endpointName": "live", "localPath": "/opt/ml/input"}},
        "dataQualityJobOutputConfig": {
            "monitoringOutputs": {
                "s3Output": {"s3Uri": f"s3://{a_bucket(make)}/reports", "localPath": "/opt/ml/output"}
            }
        },
        "jobResources": {
            "clusterConfig": {"instanceCount": 1, "instanceType": "ml.m5.large", "volumeSizeInGb": 20}
        },
        "roleArn": a_role(make)["arn"],
    }


def _image(make: Make) -> PropertyMap:
    return {"imageName": "custom", "roleArn": a_role(make)["arn"], "description": "ours"}


def _image_version(make: Make) -> PropertyMap:
    return {
        "imageName": make("aws:sagemaker/image:Image", "image", _image(make))["imageName"],
        "baseImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/custom:1",
        "jobType": "TRAINING",
    }


_SHARED = policy(
    {
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sagemaker:DescribeModelPackage",
        "Resource": "*",
    }
)
_SHARED_MORE = policy(
    {
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sagemaker:ListModelPackages",
        "Resource": "*",
    }
)

LIVES = [
    Life(
        "aws:sagemaker/featureGroup:FeatureGroup",
        _features,
        {
            "onlineStoreConfig": {
                "enableOnlineStore": True,
                "securityConfig": {"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1"},
                "ttlDuration": {"unit": "Days", "value": 30},
            },
            "tags": {"a": "b"},
        },
        {"onlineStoreConfig": {"enableOnlineStore": False}},
    ),
    Life(
        "aws:sagemaker/monitoringSchedule:MonitoringSchedule",
        _schedule,
        {
            "monitoringScheduleConfig": {
                "monitoringJobDefinitionName": "quality",
                "monitoringType": "DataQuality",
                "scheduleConfig": {"scheduleExpression": "cron(0 0 ? * * *)"},
            },
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
    Life(
        "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
        _quality,
        {"tags": {"a": "b"}},
        {"stoppingCondition": {"maxRuntimeInSeconds": 600}},
    ),
    Life(
        "aws:sagemaker/codeRepository:CodeRepository",
        lambda _: {
            "codeRepositoryName": "ours",
            "gitConfig": {"repositoryUrl": "https://example.org/ours.git", "branch": "main"},
        },
        {
            "gitConfig": {
                "repositoryUrl": "https://example.org/ours.git",
                "branch": "main",
                "secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:git-abcdef",
            },
            "tags": {"a": "b"},
        },
        {"gitConfig": {"repositoryUrl": "https://example.org/other.git"}},
    ),
    Life(
        "aws:sagemaker/image:Image",
        _image,
        {"displayName": "Ours", "tags": {"a": "b"}},
        {"imageName": "other"},
    ),
    Life(
        "aws:sagemaker/imageVersion:ImageVersion",
        _image_version,
        {"releaseNotes": "first", "aliases": ["latest"]},
        {"baseImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/custom:2"},
    ),
    Life(
        "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
        lambda make: {
            "modelPackageGroupName": make(
                "aws:sagemaker/modelPackageGroup:ModelPackageGroup", "group", {"modelPackageGroupName": "g"}
            )["modelPackageGroupName"],
            "resourcePolicy": _SHARED,
        },
        {"resourcePolicy": _SHARED_MORE},
        {"modelPackageGroupName": "other"},
    ),
    Life(
        "aws:sagemaker/appImageConfig:AppImageConfig",
        lambda _: {
            "appImageConfigName": "ours",
            "jupyterLabImageConfig": {"fileSystemConfig": {"mountPath": "/home/us"}},
        },
        {"jupyterLabImageConfig": {"fileSystemConfig": {"mountPath": "/home/them"}}, "tags": {"a": "b"}},
        {"appImageConfigName": "other"},
    ),
    Life(
        "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
        lambda make: {
            "trackingServerName": "experiments",
            "artifactStoreUri": f"s3://{a_bucket(make)}/mlflow",
            "roleArn": a_role(make)["arn"],
        },
        {"trackingServerSize": "Medium", "tags": {"a": "b"}},
        {"mlflowVersion": "2.16.2"},
    ),
    Life(
        "aws:sagemaker/project:Project",
        lambda _: {
            "projectName": "ours",
            "serviceCatalogProvisioningDetails": {"productId": "prod-abcdefgh"},
        },
        {"projectDescription": "for us", "tags": {"a": "b"}},
        {"projectName": "other"},
    ),
]
