"""SageMaker: domains, what people work with in them, and notebooks."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "sagemaker"
_ARN = "arn:{partition}:sagemaker:{region}:{account}:"
_TIMES = {"CreationTime": "{now}", "LastModifiedTime": "{now}"}
_TOUCHED = {"LastModifiedTime": "{now}"}
_MISSING = "ResourceNotFound"


def _short(length: int) -> str:
    return f"{{short:.{length}}}"


def _domain_settings(document: Params) -> Params | None:
    """An update spells some of these members otherwise."""
    update = document.pop("DomainSettingsForUpdate", None) or {}
    renamed = {name.removesuffix("ForUpdate"): value for name, value in update.items()}
    return {**(document.get("DomainSettings") or {}), **renamed} or None


DOMAIN = RecordedKind(
    service=_SERVICE,
    name="domain",
    create="CreateDomain",
    key=("DomainId",),
    made={
        "DomainId": f"d-{_short(12)}",
        "DomainArn": _ARN + "domain/{DomainId}",
        "$arn": "{DomainArn}",
        "Status": "InService",
        "HomeEfsFileSystemId": f"fs-{_short(17)}",
        "Url": "https://{DomainId}.studio.{region}.sagemaker.aws",
        "SecurityGroupIdForDomainBoundary": f"sg-{_short(17)}",
        **_TIMES,
    },
    defaults={"AppNetworkAccessType": "PublicInternetOnly", "TagPropagation": "DISABLED"},
    answer=("DomainArn", "DomainId", "Url"),
    describe="DescribeDomain",
    update="UpdateDomain",
    touched={
        "DomainSettings": _domain_settings,
        **_TOUCHED,
    },
    delete="DeleteDomain",
    listings=(Listing(operation="ListDomains", member="Domains"),),
    missing=_MISSING,
)

USER_PROFILE = RecordedKind(
    service=_SERVICE,
    name="user profile",
    create="CreateUserProfile",
    key=("DomainId", "UserProfileName"),
    arn=_ARN + "user-profile/{DomainId}/{UserProfileName}",
    arn_member="UserProfileArn",
    made={"Status": "InService", "HomeEfsFileSystemUid": "200005", **_TIMES},
    answer=("UserProfileArn",),
    describe="DescribeUserProfile",
    update="UpdateUserProfile",
    touched=_TOUCHED,
    delete="DeleteUserProfile",
    listings=(Listing(operation="ListUserProfiles", member="UserProfiles"),),
    missing=_MISSING,
)

SPACE = RecordedKind(
    service=_SERVICE,
    name="space",
    create="CreateSpace",
    key=("DomainId", "SpaceName"),
    arn=_ARN + "space/{DomainId}/{SpaceName}",
    arn_member="SpaceArn",
    made={
        "Status": "InService",
        "HomeEfsFileSystemUid": "200006",
        "Url": "https://{DomainId}.studio.{region}.sagemaker.aws/jupyterlab/default",
        **_TIMES,
    },
    answer=("SpaceArn",),
    describe="DescribeSpace",
    update="UpdateSpace",
    touched=_TOUCHED,
    delete="DeleteSpace",
    listings=(Listing(operation="ListSpaces", member="Spaces"),),
    missing=_MISSING,
)


def _app_owner(document: Params) -> str:
    return str(document.get("UserProfileName") or document.get("SpaceName"))


APP = RecordedKind(
    service=_SERVICE,
    name="app",
    create="CreateApp",
    key=("DomainId", "$owner", "AppType", "AppName"),
    made={
        "$owner": _app_owner,
        "AppArn": _ARN + "app/{DomainId}/{$owner}/{AppType}/{AppName}",
        "$arn": "{AppArn}",
        "Status": "InService",
        "CreationTime": "{now}",
    },
    answer=("AppArn",),
    describe="DescribeApp",
    delete="DeleteApp",
    listings=(Listing(operation="ListApps", member="Apps"),),
    missing=_MISSING,
    finds=lambda params: {"$owner": _app_owner(params)},
)

STUDIO_LIFECYCLE_CONFIG = RecordedKind(
    service=_SERVICE,
    name="Studio lifecycle configuration",
    create="CreateStudioLifecycleConfig",
    key=("StudioLifecycleConfigName",),
    arn=_ARN + "studio-lifecycle-config/{StudioLifecycleConfigName}",
    arn_member="StudioLifecycleConfigArn",
    made=_TIMES,
    answer=("StudioLifecycleConfigArn",),
    describe="DescribeStudioLifecycleConfig",
    delete="DeleteStudioLifecycleConfig",
    listings=(Listing(operation="ListStudioLifecycleConfigs", member="StudioLifecycleConfigs"),),
    missing=_MISSING,
)


def _moving_to(status: str) -> Callable[[Params, Params], tuple[Params, Params | None]]:
    def act(_: Params, document: Params) -> tuple[Params, Params | None]:
        return {}, {**document, "NotebookInstanceStatus": status}

    return act


NOTEBOOK = RecordedKind(
    service=_SERVICE,
    name="notebook instance",
    create="CreateNotebookInstance",
    key=("NotebookInstanceName",),
    arn=_ARN + "notebook-instance/{NotebookInstanceName}",
    arn_member="NotebookInstanceArn",
    made={
        "NotebookInstanceStatus": "InService",
        "Url": "{NotebookInstanceName}.notebook.{region}.sagemaker.aws",
        "NetworkInterfaceId": lambda document: "eni-0123456789abcdef0" if document.get("SubnetId") else None,
        **_TIMES,
    },
    defaults={
        "DirectInternetAccess": "Enabled",
        "RootAccess": "Enabled",
        "VolumeSizeInGB": 5,
        "PlatformIdentifier": "notebook-al2-v3",
    },
    answer=("NotebookInstanceArn",),
    describe="DescribeNotebookInstance",
    update="UpdateNotebookInstance",
    touched=_TOUCHED,
    shows={
        "SecurityGroups": lambda document: document.get("SecurityGroupIds"),
        "NotebookInstanceLifecycleConfigName": lambda document: document.get("LifecycleConfigName"),
    },
    delete="DeleteNotebookInstance",
    listings=(Listing(operation="ListNotebookInstances", member="NotebookInstances"),),
    others={"StopNotebookInstance": _moving_to("Stopped"), "StartNotebookInstance": _moving_to("InService")},
    missing=_MISSING,
)

NOTEBOOK_LIFECYCLE = RecordedKind(
    service=_SERVICE,
    name="notebook lifecycle configuration",
    create="CreateNotebookInstanceLifecycleConfig",
    key=("NotebookInstanceLifecycleConfigName",),
    arn=_ARN + "notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}",
    arn_member="NotebookInstanceLifecycleConfigArn",
    made=_TIMES,
    answer=("NotebookInstanceLifecycleConfigArn",),
    describe="DescribeNotebookInstanceLifecycleConfig",
    update="UpdateNotebookInstanceLifecycleConfig",
    replaces=True,
    touched=_TOUCHED,
    delete="DeleteNotebookInstanceLifecycleConfig",
    missing=_MISSING,
)

KINDS = (
    DOMAIN,
    USER_PROFILE,
    SPACE,
    APP,
    STUDIO_LIFECYCLE_CONFIG,
    NOTEBOOK,
    NOTEBOOK_LIFECYCLE,
)

TAGGING = (
    TagOperations(
        service=_SERVICE,
        tag="AddTags",
        untag="DeleteTags",
        list="ListTags",
        missing="ValidationException",
        missing_status=400,
        emulated=True,
    ),
)
