"""SageMaker: domains and what people work with in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.aws.rows import answered, echoing, given, identified, pages, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.sagemaker import sagemaker_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DOMAIN = "aws:sagemaker/domain:Domain"
_DOMAIN_SETTINGS = (
    "appNetworkAccessType appSecurityGroupManagement defaultSpaceSettings defaultUserSettings domainSettings "
    "subnetIds tagPropagation"
)
_RSTUDIO = "rStudioServerProDomainSettings"
_UPDATED = tuple(_DOMAIN_SETTINGS.split())


def _find_domain(subject: Subject, taken: frozenset[str]) -> str | None:
    for domain in pages(subject, "sagemaker", "ListDomains", "Domains"):
        if domain["DomainName"] == subject.inputs["domainName"] and domain["DomainId"] not in taken:
            return str(domain["DomainId"])
    return None


def _check_domain(inputs: PropertyMap) -> Iterable[CheckFailure]:
    management = inputs.get("appSecurityGroupManagement")
    if management is not None and inputs.get("appNetworkAccessType") == "PublicInternetOnly":
        yield CheckFailure("appSecurityGroupManagement", "is only for appNetworkAccessType VpcOnly")


DOMAIN = ResourceType(
    type=_DOMAIN,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateDomain"),
    id=lambda s: str(s.at("DomainArn")).rsplit("/", 1)[-1],
    read=reading("sagemaker", "DescribeDomain", identified("DomainId")),
    delete=Call(
        operation="DeleteDomain",
        sends=("retentionPolicy",),
        adds=identified("DomainId"),
    ),
    steps=(
        Step(
            on=_UPDATED,
            do=Call(
                operation="UpdateDomain",
                sends=_UPDATED,
                names={
                    "domainSettings": "DomainSettingsForUpdate",
                    f"domainSettings.{_RSTUDIO}": "RStudioServerProDomainSettingsForUpdate",
                },
                adds=identified("DomainId"),
            ),
            at_create=False,
        ),
    ),
    local=("retentionPolicy",),
    outputs={
        "arn": "DomainArn",
        "url": "Url",
        "homeEfsFileSystemId": "HomeEfsFileSystemId",
        "securityGroupIdForDomainBoundary": "SecurityGroupIdForDomainBoundary",
        "singleSignOnManagedApplicationInstanceId": "SingleSignOnManagedApplicationInstanceId",
        "singleSignOnApplicationArn": "SingleSignOnApplicationArn",
    },
    echoes=echoing(_DOMAIN, f"authMode domainName kmsKeyId vpcId {_DOMAIN_SETTINGS}"),
    find=_find_domain,
    place=("domainName",),
    unordered=("subnetIds", "defaultUserSettings.securityGroups", "defaultSpaceSettings.securityGroups"),
    defaults={"appNetworkAccessType": "PublicInternetOnly", "tagPropagation": "DISABLED"},
    tags=sagemaker_tags("domain", exact=True),
    checks=_check_domain,
)

_USER_PROFILE = "aws:sagemaker/userProfile:UserProfile"


def _in_domain(kind: str, *names: str) -> Callable[[Subject], str]:
    """The ARN of something in a domain, which is the real provider's id."""

    def arn(subject: Subject) -> str:
        parts = "/".join(str(subject.inputs.get(name)) for name in names)
        return subject.cloud.arn("sagemaker", f"{kind}/{subject.inputs['domainId']}/{parts}")

    return arn


def _split(member: str) -> Callable[[Subject], Params]:
    def key(subject: Subject) -> Params:
        _, domain, name = subject.id.rsplit(":", 1)[-1].split("/", 2)
        return {"DomainId": domain, member: name}

    return key


USER_PROFILE = ResourceType(
    type=_USER_PROFILE,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateUserProfile"),
    id=answered("UserProfileArn"),
    read=reading("sagemaker", "DescribeUserProfile", _split("UserProfileName")),
    delete=Call(operation="DeleteUserProfile", sends=(), adds=_split("UserProfileName")),
    steps=(
        Step(
            on=("userSettings",),
            do=Call(operation="UpdateUserProfile", sends=("userSettings",), adds=_split("UserProfileName")),
            at_create=False,
        ),
    ),
    outputs={"arn": "UserProfileArn", "homeEfsFileSystemUid": "HomeEfsFileSystemUid"},
    echoes=echoing(
        _USER_PROFILE,
        "domainId userProfileName singleSignOnUserIdentifier singleSignOnUserValue userSettings",
    ),
    known_id=_in_domain("user-profile", "userProfileName"),
    exclusive=True,
    place=("domainId", "userProfileName"),
    tags=sagemaker_tags(""),
)

_SPACE = "aws:sagemaker/space:Space"


def _check_space(inputs: PropertyMap) -> Iterable[CheckFailure]:
    pair = ("ownershipSettings", "spaceSharingSettings")
    for name, other in (pair, pair[::-1]):
        if inputs.get(name) is None and inputs.get(other) is not None:
            yield CheckFailure(name, f"is required beside {other}")


SPACE = ResourceType(
    type=_SPACE,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateSpace"),
    id=answered("SpaceArn"),
    read=reading("sagemaker", "DescribeSpace", _split("SpaceName")),
    delete=Call(operation="DeleteSpace", sends=(), adds=_split("SpaceName")),
    steps=(
        Step(
            on=("spaceSettings", "spaceDisplayName"),
            do=Call(
                operation="UpdateSpace",
                sends=("spaceSettings", "spaceDisplayName"),
                adds=_split("SpaceName"),
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "SpaceArn", "url": "Url", "homeEfsFileSystemUid": "HomeEfsFileSystemUid"},
    echoes=echoing(
        _SPACE, "domainId spaceName ownershipSettings spaceDisplayName spaceSettings spaceSharingSettings"
    ),
    known_id=_in_domain("space", "spaceName"),
    exclusive=True,
    place=("domainId", "spaceName"),
    tags=sagemaker_tags(""),
    checks=_check_space,
)

_APP = "aws:sagemaker/app:App"


def _app_arn(subject: Subject) -> str:
    owner = "userProfileName" if subject.inputs.get("userProfileName") else "spaceName"
    return _in_domain("app", owner, "appType", "appName")(subject)


def _app_key(subject: Subject) -> Params:
    _, domain, owner, kind, name = subject.id.rsplit(":", 1)[-1].split("/", 4)
    member = "SpaceName" if subject.inputs.get("spaceName") else "UserProfileName"
    return {"DomainId": domain, member: owner, "AppType": kind, "AppName": name}


def _check_app(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if (inputs.get("userProfileName") is None) == (inputs.get("spaceName") is None):
        yield CheckFailure("userProfileName", "exactly one of userProfileName and spaceName is needed")


APP = ResourceType(
    type=_APP,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateApp"),
    id=answered("AppArn"),
    read=reading("sagemaker", "DescribeApp", _app_key),
    delete=Call(operation="DeleteApp", sends=(), adds=_app_key),
    outputs={"arn": "AppArn"},
    echoes=echoing(_APP, "appName appType domainId resourceSpec spaceName userProfileName"),
    known_id=_app_arn,
    exclusive=True,
    place=("domainId", "appName"),
    tags=sagemaker_tags(""),
    checks=_check_app,
)

_STUDIO_CONFIG = "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig"

STUDIO_LIFECYCLE_CONFIG = ResourceType(
    type=_STUDIO_CONFIG,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateStudioLifecycleConfig"),
    id=given("studioLifecycleConfigName"),
    read=reading("sagemaker", "DescribeStudioLifecycleConfig", identified("StudioLifecycleConfigName")),
    delete=Call(
        operation="DeleteStudioLifecycleConfig", sends=(), adds=identified("StudioLifecycleConfigName")
    ),
    outputs={"arn": "StudioLifecycleConfigArn"},
    echoes=echoing(
        _STUDIO_CONFIG,
        "studioLifecycleConfigAppType studioLifecycleConfigContent studioLifecycleConfigName",
    ),
    known_id=given("studioLifecycleConfigName"),
    exclusive=True,
    place=("studioLifecycleConfigName",),
    tags=sagemaker_tags("studio-lifecycle-config", exact=True),
)

TYPES = (
    DOMAIN,
    USER_PROFILE,
    SPACE,
    APP,
    STUDIO_LIFECYCLE_CONFIG,
)
