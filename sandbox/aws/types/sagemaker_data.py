"""SageMaker: features, monitors, images, repositories, tracking servers and projects."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import echoing, given, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.sagemaker import sagemaker_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_FEATURES = "aws:sagemaker/featureGroup:FeatureGroup"


def _check_features(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("onlineStoreConfig") is None and inputs.get("offlineStoreConfig") is None:
        yield CheckFailure("onlineStoreConfig", "onlineStoreConfig or offlineStoreConfig is required")
    defined = inputs.get("featureDefinitions")
    if not isinstance(defined, list) or not all(isinstance(item, dict) for item in defined):
        return
    kinds = {item.get("featureName"): item.get("featureType") for item in defined}
    if not all(isinstance(name, str) for name in kinds):
        return
    for name in ("eventTimeFeatureName", "recordIdentifierFeatureName"):
        wanted = inputs.get(name)
        if isinstance(wanted, str) and wanted not in kinds:
            yield CheckFailure(name, f"{wanted!r} is not one of the features: {', '.join(map(str, kinds))}")
    event_time = inputs.get("eventTimeFeatureName")
    if isinstance(event_time, str) and kinds.get(event_time) == "Integral":
        yield CheckFailure("eventTimeFeatureName", f"{event_time!r} must be a String or a Fractional feature")


_UPDATE_FEATURES = {
    f"onlineStoreConfig.{name}": "" for name in ("enableOnlineStore", "securityConfig", "storageType")
}

FEATURE_GROUP = ResourceType(
    type=_FEATURES,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateFeatureGroup"),
    id=given("featureGroupName"),
    read=reading("sagemaker", "DescribeFeatureGroup", identified("FeatureGroupName")),
    delete=Call(operation="DeleteFeatureGroup", sends=(), adds=identified("FeatureGroupName")),
    steps=(
        Step(
            on=("onlineStoreConfig", "throughputConfig"),
            do=Call(
                operation="UpdateFeatureGroup",
                sends=("featureGroupName", "onlineStoreConfig", "throughputConfig"),
                names=_UPDATE_FEATURES,
            ),
            at_create=False,
        ),
    ),
    fixed=tuple(_UPDATE_FEATURES),
    outputs={"arn": "FeatureGroupArn"},
    echoes=echoing(
        _FEATURES,
        "description eventTimeFeatureName featureDefinitions featureGroupName offlineStoreConfig "
        "onlineStoreConfig recordIdentifierFeatureName roleArn throughputConfig",
    ),
    known_id=given("featureGroupName"),
    exclusive=True,
    place=("featureGroupName",),
    tags=sagemaker_tags("feature-group", exact=True),
    checks=_check_features,
)

_SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
_SCHEDULE_NAMES = {
    "name": "MonitoringScheduleName",
    "monitoringScheduleConfig.monitoringJobDefinition.baseline": "BaselineConfig",
    "monitoringScheduleConfig.monitoringJobDefinition.stoppingConditions": "StoppingCondition",
}


def _check_schedule(inputs: PropertyMap) -> Iterable[CheckFailure]:
    config = inputs.get("monitoringScheduleConfig")
    if not isinstance(config, dict):
        return
    held = [name for name in ("monitoringJobDefinition", "monitoringJobDefinitionName") if config.get(name)]
    if len(held) != 1:
        yield CheckFailure(
            "monitoringScheduleConfig",
            "exactly one of monitoringJobDefinition and monitoringJobDefinitionName is needed",
        )
    schedule = config.get("scheduleConfig")
    rate = schedule.get("scheduleExpression") if isinstance(schedule, dict) else None
    if isinstance(rate, str) and rate != "NOW" and not (rate.startswith("cron(") and rate.endswith(")")):
        yield CheckFailure(
            "monitoringScheduleConfig.scheduleConfig.scheduleExpression",
            f"{rate!r} is neither cron(...) nor NOW",
        )


MONITORING_SCHEDULE = ResourceType(
    type=_SCHEDULE,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateMonitoringSchedule", names=_SCHEDULE_NAMES),
    id=given("name"),
    read=reading("sagemaker", "DescribeMonitoringSchedule", identified("MonitoringScheduleName")),
    delete=Call(operation="DeleteMonitoringSchedule", sends=(), adds=identified("MonitoringScheduleName")),
    steps=(
        Step(
            on=("monitoringScheduleConfig",),
            do=Call(operation="UpdateMonitoringSchedule", names=_SCHEDULE_NAMES),
            at_create=False,
        ),
    ),
    outputs={"arn": "MonitoringScheduleArn"},
    echoes=echoing(_SCHEDULE, "name monitoringScheduleConfig", names=_SCHEDULE_NAMES),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=63, prefix_property=None),
    tags=sagemaker_tags("monitoring-schedule", exact=True),
    checks=_check_schedule,
)

_QUALITY = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"


def _check_quality(inputs: PropertyMap) -> Iterable[CheckFailure]:
    given_input = inputs.get("dataQualityJobInput")
    if isinstance(given_input, dict):
        held = [name for name in ("batchTransformInput", "endpointInput") if given_input.get(name)]
        if len(held) != 1:
            yield CheckFailure(
                "dataQualityJobInput", "exactly one of batchTransformInput and endpointInput is needed"
            )


DATA_QUALITY = ResourceType(
    type=_QUALITY,
    service="sagemaker",
    tier="recorded",
    create=Call(
        operation="CreateDataQualityJobDefinition",
        names={"name": "JobDefinitionName"},
    ),
    id=given("name"),
    read=reading("sagemaker", "DescribeDataQualityJobDefinition", identified("JobDefinitionName")),
    delete=Call(operation="DeleteDataQualityJobDefinition", sends=(), adds=identified("JobDefinitionName")),
    outputs={"arn": "JobDefinitionArn"},
    echoes=echoing(
        _QUALITY,
        "name dataQualityAppSpecification dataQualityBaselineConfig dataQualityJobInput "
        "dataQualityJobOutputConfig jobResources networkConfig roleArn stoppingCondition",
        names={"name": "JobDefinitionName"},
    ),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=63, prefix_property=None),
    tags=sagemaker_tags("job-definition", exact=True),
    checks=_check_quality,
)


_REPOSITORY = "aws:sagemaker/codeRepository:CodeRepository"

CODE_REPOSITORY = ResourceType(
    type=_REPOSITORY,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateCodeRepository"),
    id=given("codeRepositoryName"),
    read=reading("sagemaker", "DescribeCodeRepository", identified("CodeRepositoryName")),
    delete=Call(operation="DeleteCodeRepository", sends=(), adds=identified("CodeRepositoryName")),
    steps=(
        Step(
            on=("gitConfig",),
            do=Call(
                operation="UpdateCodeRepository",
                names={"gitConfig.branch": "", "gitConfig.repositoryUrl": ""},
            ),
            at_create=False,
        ),
    ),
    fixed=("gitConfig.branch", "gitConfig.repositoryUrl"),
    outputs={"arn": "CodeRepositoryArn"},
    echoes=echoing(_REPOSITORY, "codeRepositoryName gitConfig"),
    known_id=given("codeRepositoryName"),
    exclusive=True,
    place=("codeRepositoryName",),
    tags=sagemaker_tags("code-repository", exact=True),
)

_IMAGE = "aws:sagemaker/image:Image"


def _image_update(subject: Subject) -> Params:
    gone = [
        member
        for name, member in (("description", "Description"), ("displayName", "DisplayName"))
        if not subject.inputs.get(name) and subject.before.get(name)
    ]
    return {"DeleteProperties": gone} if gone else {}


IMAGE = ResourceType(
    type=_IMAGE,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateImage"),
    id=given("imageName"),
    read=reading("sagemaker", "DescribeImage", identified("ImageName")),
    delete=Call(operation="DeleteImage", sends=(), adds=identified("ImageName")),
    steps=(
        Step(
            on=("description", "displayName", "roleArn"),
            do=Call(operation="UpdateImage", adds=_image_update),
            at_create=False,
        ),
    ),
    outputs={"arn": "ImageArn"},
    echoes=echoing(_IMAGE, "description displayName imageName roleArn"),
    known_id=given("imageName"),
    exclusive=True,
    place=("imageName",),
    tags=sagemaker_tags("image", exact=True),
)

_VERSION = "aws:sagemaker/imageVersion:ImageVersion"
_VERSION_UPDATES = (
    "horovod",
    "jobType",
    "mlFramework",
    "processor",
    "programmingLang",
    "releaseNotes",
    "vendorGuidance",
)


def _version_key(subject: Subject) -> Params:
    name, _, version = subject.id.rpartition(",")
    return {"ImageName": name, "Version": int(version)}


def _version_update(subject: Subject) -> Params:
    old, new = (set(values.get("aliases") or ()) for values in (subject.before, subject.inputs))
    return {
        **_version_key(subject),
        **({"AliasesToAdd": sorted(new - old)} if new - old else {}),
        **({"AliasesToDelete": sorted(old - new)} if old - new else {}),
    }


def _find_version(subject: Subject, taken: frozenset[str]) -> str | None:
    name = subject.inputs["imageName"]
    for version in pages(subject, "sagemaker", "ListImageVersions", "ImageVersions", {"ImageName": name}):
        if f"{name},{version['Version']}" not in taken:
            return f"{name},{version['Version']}"
    return None


IMAGE_VERSION = ResourceType(
    type=_VERSION,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateImageVersion", fills=("ClientToken",)),
    id=lambda s: f"{s.inputs['imageName']},{str(s.at('ImageVersionArn')).rsplit('/', 1)[-1]}",
    read=reading("sagemaker", "DescribeImageVersion", _version_key),
    delete=Call(operation="DeleteImageVersion", sends=(), adds=_version_key),
    steps=(
        Step(
            on=("aliases", *_VERSION_UPDATES),
            do=Call(operation="UpdateImageVersion", sends=_VERSION_UPDATES, adds=_version_update),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "ImageVersionArn",
        "imageArn": "ImageArn",
        "containerImage": "ContainerImage",
        "version": "Version",
    },
    echoes={
        "imageName": lambda s: _version_key(s)["ImageName"],
        **echoing(_VERSION, f"baseImage {' '.join(_VERSION_UPDATES)}"),
    },
    find=_find_version,
    unordered=("aliases",),
)

_POLICY = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
_PUT_POLICY = Call(operation="PutModelPackageGroupPolicy")

PACKAGE_GROUP_POLICY = ResourceType(
    type=_POLICY,
    service="sagemaker",
    tier="recorded",
    create=_PUT_POLICY,
    id=given("modelPackageGroupName"),
    read=reading("sagemaker", "GetModelPackageGroupPolicy", identified("ModelPackageGroupName")),
    delete=Call(
        operation="DeleteModelPackageGroupPolicy", sends=(), adds=identified("ModelPackageGroupName")
    ),
    steps=(Step(on=("resourcePolicy",), do=_PUT_POLICY, at_create=False),),
    echoes={"modelPackageGroupName": lambda s: s.id, "resourcePolicy": "ResourcePolicy"},
    known_id=given("modelPackageGroupName"),
    place=("modelPackageGroupName",),
    documents=("resourcePolicy",),
    checks=lambda inputs: policy_failures(inputs, "resourcePolicy", principals=True),
)

TYPES = (
    FEATURE_GROUP,
    MONITORING_SCHEDULE,
    DATA_QUALITY,
    CODE_REPOSITORY,
    IMAGE,
    IMAGE_VERSION,
    PACKAGE_GROUP_POLICY,
)
