"""SageMaker: app image configurations, MLflow tracking servers and projects."""

from __future__ import annotations

from sandbox.aws.rows import echoing, given, identified, reading
from sandbox.aws.table import Call, ResourceType, Step
from sandbox.aws.types.sagemaker import sagemaker_tags

_APP_IMAGE = "aws:sagemaker/appImageConfig:AppImageConfig"
_APP_IMAGE_NAMES = {"jupyterLabImageConfig": "JupyterLabAppImageConfig"}

APP_IMAGE_CONFIG = ResourceType(
    type=_APP_IMAGE,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateAppImageConfig", names=_APP_IMAGE_NAMES),
    id=given("appImageConfigName"),
    read=reading("sagemaker", "DescribeAppImageConfig", identified("AppImageConfigName")),
    delete=Call(operation="DeleteAppImageConfig", sends=(), adds=identified("AppImageConfigName")),
    steps=(
        Step(
            on=("codeEditorAppImageConfig", "jupyterLabImageConfig", "kernelGatewayImageConfig"),
            do=Call(operation="UpdateAppImageConfig", names=_APP_IMAGE_NAMES),
            at_create=False,
        ),
    ),
    outputs={"arn": "AppImageConfigArn"},
    echoes=echoing(
        _APP_IMAGE,
        "appImageConfigName codeEditorAppImageConfig jupyterLabImageConfig kernelGatewayImageConfig",
        names=_APP_IMAGE_NAMES,
    ),
    known_id=given("appImageConfigName"),
    exclusive=True,
    place=("appImageConfigName",),
    tags=sagemaker_tags("app-image-config", exact=True),
)

_SERVER = "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"

TRACKING_SERVER = ResourceType(
    type=_SERVER,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateMlflowTrackingServer"),
    id=given("trackingServerName"),
    read=reading("sagemaker", "DescribeMlflowTrackingServer", identified("TrackingServerName")),
    delete=Call(operation="DeleteMlflowTrackingServer", sends=(), adds=identified("TrackingServerName")),
    steps=(
        Step(
            on=(
                "artifactStoreUri",
                "automaticModelRegistration",
                "trackingServerSize",
                "weeklyMaintenanceWindowStart",
            ),
            do=Call(operation="UpdateMlflowTrackingServer"),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "TrackingServerArn",
        "trackingServerUrl": "TrackingServerUrl",
        "mlflowVersion": "MlflowVersion",
        "weeklyMaintenanceWindowStart": "WeeklyMaintenanceWindowStart",
    },
    echoes=echoing(
        _SERVER,
        "artifactStoreUri automaticModelRegistration mlflowVersion roleArn trackingServerName "
        "trackingServerSize weeklyMaintenanceWindowStart",
    ),
    known_id=given("trackingServerName"),
    exclusive=True,
    place=("trackingServerName",),
    defaults={"automaticModelRegistration": False, "trackingServerSize": "Small"},
    tags=sagemaker_tags("mlflow-tracking-server", exact=True),
)

_PROJECT = "aws:sagemaker/project:Project"

PROJECT = ResourceType(
    type=_PROJECT,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateProject"),
    id=given("projectName"),
    read=reading("sagemaker", "DescribeProject", identified("ProjectName")),
    delete=Call(operation="DeleteProject", sends=(), adds=identified("ProjectName")),
    steps=(
        Step(
            on=("projectDescription", "serviceCatalogProvisioningDetails"),
            do=Call(
                operation="UpdateProject",
                names={
                    "serviceCatalogProvisioningDetails": "ServiceCatalogProvisioningUpdateDetails",
                    "serviceCatalogProvisioningDetails.pathId": "",
                    "serviceCatalogProvisioningDetails.productId": "",
                },
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "ProjectArn", "projectId": "ProjectId"},
    echoes=echoing(_PROJECT, "projectName projectDescription"),
    known_id=given("projectName"),
    exclusive=True,
    place=("projectName",),
    tags=sagemaker_tags("project", exact=True),
)

TYPES = (APP_IMAGE_CONFIG, TRACKING_SERVER, PROJECT)
