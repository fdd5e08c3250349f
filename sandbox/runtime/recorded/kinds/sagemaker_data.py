"""SageMaker: features, monitors, images, repositories, tracking servers and projects."""

from __future__ import annotations

from sandbox.runtime.overlay import Caller, Cloud, Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind

_SERVICE = "sagemaker"
_ARN = "arn:{partition}:sagemaker:{region}:{account}:"
_TIMES = {"CreationTime": "{now}", "LastModifiedTime": "{now}"}
_TOUCHED = {"LastModifiedTime": "{now}"}
_MISSING = "ResourceNotFound"


def _online_store(document: Params) -> Params | None:
    store = document.get("OnlineStoreConfig")
    return store and {**store, "EnableOnlineStore": store.get("EnableOnlineStore", True)}


def records_of(document: Params) -> str:
    """The kind of document under which a feature group's records are kept online."""
    return f"feature-record:{document['$created']}"


def _forget_records(cloud: Cloud, document: Params, _: Caller) -> None:
    for kept in cloud.documents.all(records_of(document)):
        cloud.documents.delete(records_of(document), kept["key"])


def _offline_store(document: Params) -> Params | None:
    """The offline store with where it lies, and the table that is made for it.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html"""
    store = document.get("OfflineStoreConfig")
    if not store:
        return None
    storage = dict(store["S3StorageConfig"])
    root = str(storage["S3Uri"]).rstrip("/")
    table = document["$table"]
    storage["ResolvedOutputS3Uri"] = (
        f"{root}/{document['$account']}/sagemaker/{document['$region']}/offline-store/{table}/data"
    )
    catalog = {"Catalog": "AwsDataCatalog", "Database": "sagemaker_featurestore", "TableName": table}
    if store.get("DisableGlueTableCreation"):
        return {**store, "S3StorageConfig": storage}
    return {"DataCatalogConfig": catalog, **store, "S3StorageConfig": storage}


FEATURE_GROUP = RecordedKind(
    service=_SERVICE,
    name="feature group",
    create="CreateFeatureGroup",
    key=("FeatureGroupName",),
    arn=_ARN + "feature-group/{FeatureGroupName}",
    arn_member="FeatureGroupArn",
    made={
        "FeatureGroupStatus": "Created",
        "$created": "{id}",
        "$account": "{account}",
        "$region": "{region}",
        "CreationTime": "{now}",
        "$table": lambda document: (
            document["FeatureGroupName"].replace("-", "_").lower()
            + f"_{document['CreationTime'].timestamp():.0f}"
        ),
        "OfflineStoreConfig": _offline_store,
        **_TIMES,
    },
    answer=("FeatureGroupArn",),
    describe="DescribeFeatureGroup",
    update="UpdateFeatureGroup",
    touched={
        "OnlineStoreConfig": _online_store,
        "FeatureDefinitions": lambda document: [
            *document["FeatureDefinitions"],
            *(document.pop("FeatureAdditions", None) or []),
        ],
        **_TOUCHED,
    },
    merges=("OnlineStoreConfig",),
    delete="DeleteFeatureGroup",
    takes=_forget_records,
    listings=(Listing(operation="ListFeatureGroups", member="FeatureGroupSummaries"),),
    missing=_MISSING,
    exists="ResourceInUse",
)


def _watched(document: Params) -> str | None:
    """The endpoint that a schedule's own job definition names."""
    definition = document["MonitoringScheduleConfig"].get("MonitoringJobDefinition") or {}
    inputs = definition.get("MonitoringInputs") or [{}]
    return (inputs[0].get("EndpointInput") or {}).get("EndpointName")


MONITORING_SCHEDULE = RecordedKind(
    service=_SERVICE,
    name="monitoring schedule",
    create="CreateMonitoringSchedule",
    key=("MonitoringScheduleName",),
    arn=_ARN + "monitoring-schedule/{MonitoringScheduleName}",
    arn_member="MonitoringScheduleArn",
    made={
        "MonitoringScheduleStatus": "Scheduled",
        **_TIMES,
    },
    shows={
        "MonitoringType": lambda document: document["MonitoringScheduleConfig"].get("MonitoringType"),
        "EndpointName": _watched,
        "MonitoringJobDefinitionName": lambda document: document["MonitoringScheduleConfig"].get(
            "MonitoringJobDefinitionName"
        ),
    },
    answer=("MonitoringScheduleArn",),
    describe="DescribeMonitoringSchedule",
    update="UpdateMonitoringSchedule",
    touched=_TOUCHED,
    delete="DeleteMonitoringSchedule",
    listings=(Listing(operation="ListMonitoringSchedules", member="MonitoringScheduleSummaries"),),
    missing=_MISSING,
    exists="ResourceInUse",
)


def _job_definition(kind: str) -> RecordedKind:
    return RecordedKind(
        service=_SERVICE,
        name=f"{kind} job definition",
        create=f"Create{kind}JobDefinition",
        key=("JobDefinitionName",),
        arn=_ARN + "job-definition/{JobDefinitionName}",
        arn_member="JobDefinitionArn",
        made={"CreationTime": "{now}", "MonitoringJobDefinitionName": "{JobDefinitionName}"},
        answer=("JobDefinitionArn",),
        describe=f"Describe{kind}JobDefinition",
        delete=f"Delete{kind}JobDefinition",
        listings=(Listing(operation=f"List{kind}JobDefinitions", member="JobDefinitionSummaries"),),
        missing=_MISSING,
        exists="ResourceInUse",
    )


CODE_REPOSITORY = RecordedKind(
    service=_SERVICE,
    name="code repository",
    create="CreateCodeRepository",
    key=("CodeRepositoryName",),
    arn=_ARN + "code-repository/{CodeRepositoryName}",
    arn_member="CodeRepositoryArn",
    made=_TIMES,
    answer=("CodeRepositoryArn",),
    describe="DescribeCodeRepository",
    update="UpdateCodeRepository",
    merges=("GitConfig",),
    touched=_TOUCHED,
    delete="DeleteCodeRepository",
    missing="ValidationException",
)

IMAGE = RecordedKind(
    service=_SERVICE,
    name="image",
    create="CreateImage",
    key=("ImageName",),
    arn=_ARN + "image/{ImageName}",
    arn_member="ImageArn",
    made={"ImageStatus": "CREATED", **_TIMES},
    answer=("ImageArn",),
    describe="DescribeImage",
    update="UpdateImage",
    touched=_TOUCHED,
    delete="DeleteImage",
    listings=(Listing(operation="ListImages", member="Images"),),
    missing=_MISSING,
)

IMAGE_VERSION = RecordedKind(
    service=_SERVICE,
    name="image version",
    create="CreateImageVersion",
    key=("ImageName", "Version"),
    numbered="Version",
    made={
        "ImageArn": _ARN + "image/{ImageName}",
        "ImageVersionArn": _ARN + "image-version/{ImageName}/{Version}",
        "$arn": "{ImageVersionArn}",
        "ContainerImage": "{BaseImage}",
        "ImageVersionStatus": "CREATED",
        **_TIMES,
    },
    answer=("ImageVersionArn",),
    describe="DescribeImageVersion",
    update="UpdateImageVersion",
    touched=_TOUCHED,
    delete="DeleteImageVersion",
    listings=(Listing(operation="ListImageVersions", member="ImageVersions", where=("ImageName",)),),
    missing=_MISSING,
)

APP_IMAGE_CONFIG = RecordedKind(
    service=_SERVICE,
    name="app image configuration",
    create="CreateAppImageConfig",
    key=("AppImageConfigName",),
    arn=_ARN + "app-image-config/{AppImageConfigName}",
    arn_member="AppImageConfigArn",
    made=_TIMES,
    answer=("AppImageConfigArn",),
    describe="DescribeAppImageConfig",
    update="UpdateAppImageConfig",
    replaces=True,
    touched=_TOUCHED,
    delete="DeleteAppImageConfig",
    missing=_MISSING,
)

PACKAGE_GROUP_POLICY = RecordedKind(
    service=_SERVICE,
    name="model package group policy",
    create="PutModelPackageGroupPolicy",
    update="PutModelPackageGroupPolicy",
    key=("ModelPackageGroupName",),
    made={"ModelPackageGroupArn": _ARN + "model-package-group/{ModelPackageGroupName}"},
    answer=("ModelPackageGroupArn",),
    describe="GetModelPackageGroupPolicy",
    delete="DeleteModelPackageGroupPolicy",
    missing="ValidationException",
)

TRACKING_SERVER = RecordedKind(
    service=_SERVICE,
    name="MLflow tracking server",
    create="CreateMlflowTrackingServer",
    key=("TrackingServerName",),
    arn=_ARN + "mlflow-tracking-server/{TrackingServerName}",
    arn_member="TrackingServerArn",
    made={
        "TrackingServerStatus": "Created",
        "IsActive": "Active",
        "TrackingServerUrl": "https://t-{short:.12}.{region}.experiments.sagemaker.aws",
        **_TIMES,
    },
    defaults={
        "TrackingServerSize": "Small",
        "MlflowVersion": "3.0",
        "AutomaticModelRegistration": False,
        "WeeklyMaintenanceWindowStart": "Sun:03:00",
    },
    answer=("TrackingServerArn",),
    describe="DescribeMlflowTrackingServer",
    update="UpdateMlflowTrackingServer",
    touched=_TOUCHED,
    delete="DeleteMlflowTrackingServer",
    listings=(Listing(operation="ListMlflowTrackingServers", member="TrackingServerSummaries"),),
    missing=_MISSING,
)

PROJECT = RecordedKind(
    service=_SERVICE,
    name="project",
    create="CreateProject",
    key=("ProjectName",),
    arn=_ARN + "project/{ProjectName}",
    arn_member="ProjectArn",
    made={"ProjectId": "p-{short:.12}", "ProjectStatus": "CreateCompleted", **_TIMES},
    answer=("ProjectArn", "ProjectId"),
    describe="DescribeProject",
    update="UpdateProject",
    touched=_TOUCHED,
    delete="DeleteProject",
    listings=(Listing(operation="ListProjects", member="ProjectSummaryList"),),
    missing="ValidationException",
)

KINDS = (
    FEATURE_GROUP,
    MONITORING_SCHEDULE,
    *(_job_definition(kind) for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")),
    CODE_REPOSITORY,
    IMAGE,
    IMAGE_VERSION,
    APP_IMAGE_CONFIG,
    PACKAGE_GROUP_POLICY,
    TRACKING_SERVER,
    PROJECT,
)
