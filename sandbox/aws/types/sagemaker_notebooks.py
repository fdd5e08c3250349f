"""SageMaker: notebook instances and their lifecycle configurations."""

from __future__ import annotations

from sandbox.aws.rows import echoing, given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.sagemaker import sagemaker_tags
from sandbox.engine.provider import CheckFailure

_NOTEBOOK = "aws:sagemaker/notebookInstance:NotebookInstance"
_NOTEBOOK_NAMES = {
    "name": "NotebookInstanceName",
    "securityGroups": "SecurityGroupIds",
    "volumeSize": "VolumeSizeInGB",
}
_NOTEBOOK_UPDATES = (
    "additionalCodeRepositories",
    "defaultCodeRepository",
    "instanceMetadataServiceConfiguration",
    "instanceType",
    "lifecycleConfigName",
    "roleArn",
    "rootAccess",
    "volumeSize",
)


def _taken_away(subject: Subject) -> Params:
    """What UpdateNotebookInstance takes away only when it is told to."""
    inputs = subject.inputs
    return {
        **identified("NotebookInstanceName")(subject),
        **{
            member: True
            for name, member in (
                ("lifecycleConfigName", "DisassociateLifecycleConfig"),
                ("defaultCodeRepository", "DisassociateDefaultCodeRepository"),
                ("additionalCodeRepositories", "DisassociateAdditionalCodeRepositories"),
            )
            if not inputs.get(name) and subject.before.get(name)
        },
    }


NOTEBOOK = ResourceType(
    type=_NOTEBOOK,
    service="sagemaker",
    tier="recorded",
    create=Call(operation="CreateNotebookInstance", names=_NOTEBOOK_NAMES),
    id=given("name"),
    read=reading("sagemaker", "DescribeNotebookInstance", identified("NotebookInstanceName")),
    delete=Call(operation="DeleteNotebookInstance", sends=(), adds=identified("NotebookInstanceName")),
    steps=(
        Step(
            on=_NOTEBOOK_UPDATES,
            do=Call(
                operation="UpdateNotebookInstance",
                sends=_NOTEBOOK_UPDATES,
                names=_NOTEBOOK_NAMES,
                adds=_taken_away,
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "NotebookInstanceArn",
        "url": "Url",
        "networkInterfaceId": "NetworkInterfaceId",
        "platformIdentifier": "PlatformIdentifier",
        "securityGroups": lambda s: s.at("SecurityGroups") or [],
    },
    echoes=echoing(
        _NOTEBOOK,
        "additionalCodeRepositories defaultCodeRepository directInternetAccess instanceType kmsKeyId "
        "instanceMetadataServiceConfiguration lifecycleConfigName name platformIdentifier roleArn rootAccess "
        "securityGroups subnetId volumeSize",
        names={
            "name": "NotebookInstanceName",
            "lifecycleConfigName": "NotebookInstanceLifecycleConfigName",
            "volumeSize": "VolumeSizeInGB",
        },
    ),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=63, prefix_property=None),
    defaults={"directInternetAccess": "Enabled", "rootAccess": "Enabled", "volumeSize": 5},
    unordered=("securityGroups", "additionalCodeRepositories"),
    tags=sagemaker_tags("notebook-instance", exact=True),
    checks=lambda inputs: (
        [CheckFailure("subnetId", "is required beside directInternetAccess Disabled")]
        if inputs.get("directInternetAccess") == "Disabled" and inputs.get("subnetId") is None
        else []
    ),
)

_LIFECYCLE = "aws:sagemaker/notebookInstanceLifecycleConfiguration:NotebookInstanceLifecycleConfiguration"
_SCRIPTS = {"name": "NotebookInstanceLifecycleConfigName", "onCreate": "", "onStart": ""}


def _scripts(subject: Subject) -> Params:
    """Each script as a list of one; no list where there is none."""
    return {
        **identified("NotebookInstanceLifecycleConfigName")(subject),
        **{
            member: [{"Content": subject.inputs[name]}]
            for name, member in (("onCreate", "OnCreate"), ("onStart", "OnStart"))
            if subject.inputs.get(name)
        },
    }


NOTEBOOK_LIFECYCLE = ResourceType(
    type=_LIFECYCLE,
    service="sagemaker",
    tier="recorded",
    create=Call(
        operation="CreateNotebookInstanceLifecycleConfig",
        names=_SCRIPTS,
        adds=lambda s: {
            **_scripts(s),
            "NotebookInstanceLifecycleConfigName": s.inputs["name"],
        },
    ),
    id=given("name"),
    read=reading(
        "sagemaker",
        "DescribeNotebookInstanceLifecycleConfig",
        identified("NotebookInstanceLifecycleConfigName"),
    ),
    delete=Call(
        operation="DeleteNotebookInstanceLifecycleConfig",
        sends=(),
        adds=identified("NotebookInstanceLifecycleConfigName"),
    ),
    steps=(
        Step(
            on=("onCreate", "onStart"),
            do=Call(operation="UpdateNotebookInstanceLifecycleConfig", names=_SCRIPTS, adds=_scripts),
            at_create=False,
        ),
    ),
    outputs={"arn": "NotebookInstanceLifecycleConfigArn"},
    echoes={
        "name": "NotebookInstanceLifecycleConfigName",
        "onCreate": "OnCreate.0.Content",
        "onStart": "OnStart.0.Content",
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=63, prefix_property=None),
    tags=sagemaker_tags("notebook-instance-lifecycle-config", exact=True),
)

TYPES = (NOTEBOOK, NOTEBOOK_LIFECYCLE)
