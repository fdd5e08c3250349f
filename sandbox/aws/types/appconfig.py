"""AppConfig: applications, environments, profiles, hosted versions and deployment strategies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.aws.rows import answered, echoed, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags


def _tags(resource: Callable[[Subject], str]) -> Tags:
    return Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": s.cloud.arn("appconfig", resource(s))},
        list="ListTagsForResource",
    )


def _arn(resource: Callable[[Subject], str]) -> Callable[[Subject], str]:
    return lambda subject: subject.cloud.arn("appconfig", resource(subject))


def _application(subject: Subject) -> str:
    return f"application/{subject.id}"


def _named(operation: str, subject: Subject, params: Params, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "appconfig", operation, "Items", params):
        if found["Name"] == subject.inputs["name"] and found["Id"] not in taken:
            return str(found["Id"])
    return None


def _is_application(subject: Subject) -> Params:
    return {"ApplicationId": subject.id}


APPLICATION = ResourceType(
    type="aws:appconfig/application:Application",
    service="appconfig",
    tier="recorded",
    create=Call(operation="CreateApplication"),
    id=answered("Id"),
    read=reading("appconfig", "GetApplication", _is_application),
    delete=Call(operation="DeleteApplication", sends=(), adds=_is_application),
    steps=(
        Step(
            on=("description", "name"),
            do=Call(operation="UpdateApplication", adds=_is_application),
            at_create=False,
        ),
    ),
    outputs={"arn": _arn(_application)},
    echoes={"name": "Name", "description": "Description"},
    find=lambda s, taken: _named("ListApplications", s, {}, taken),
    auto_name=AutoName(limit=64, prefix_property=None),
    place=(),
    tags=_tags(_application),
)


def _parts(subject: Subject) -> tuple[str, str]:
    """The application, and what stands in it: ids are `own:application`."""
    own, _, application = subject.id.partition(":")
    return application, own


def _inside(
    word: str, token: str, kind: str, changes: tuple[str, ...], output: str, **more: Any
) -> ResourceType:
    """What stands in an application; `word` stands in its operations, `kind` in its ARN."""

    def key(subject: Subject) -> Params:
        application, own = _parts(subject)
        return {"ApplicationId": application, f"{word}Id": own}

    def resource(subject: Subject) -> str:
        application, own = _parts(subject)
        return f"application/{application}/{kind}/{own}"

    def find(subject: Subject, taken: frozenset[str]) -> str | None:
        application = str(subject.inputs["applicationId"])
        mine = frozenset(id.partition(":")[0] for id in taken)
        params = {"ApplicationId": application}
        found = _named(f"List{word}s", subject, params, mine)
        return None if found is None else f"{found}:{application}"

    outputs = {"arn": _arn(resource), output: lambda s: _parts(s)[1], **more.pop("outputs", {})}
    return ResourceType(
        type=token,
        service="appconfig",
        create=Call(operation=f"Create{word}"),
        id=lambda s: f"{s.at('Id')}:{s.inputs['applicationId']}",
        read=reading("appconfig", f"Get{word}", key),
        delete=Call(operation=f"Delete{word}", sends=(), adds=key),
        steps=(
            Step(on=changes, do=Call(operation=f"Update{word}", sends=changes, adds=key), at_create=False),
        ),
        outputs=outputs,
        find=find,
        auto_name=AutoName(limit=64, prefix_property=None),
        place=(),
        tags=_tags(resource),
        **more,
    )


_ENVIRONMENT = "aws:appconfig/environment:Environment"
ENVIRONMENT = _inside(
    "Environment",
    _ENVIRONMENT,
    "environment",
    ("description", "monitors", "name"),
    "environmentId",
    tier="recorded",
    outputs={"state": "State"},
    echoes={
        "applicationId": "ApplicationId",
        "name": "Name",
        "description": "Description",
        "monitors": echoed(_ENVIRONMENT, "monitors", "Monitors"),
    },
    unordered=("monitors",),
)

CONFIGURATION_PROFILE = _inside(
    "ConfigurationProfile",
    "aws:appconfig/configurationProfile:ConfigurationProfile",
    "configurationprofile",
    ("description", "kmsKeyIdentifier", "name", "retrievalRoleArn", "validators"),
    "configurationProfileId",
    tier="recorded",
    echoes={
        "applicationId": "ApplicationId",
        "name": "Name",
        "description": "Description",
        "locationUri": "LocationUri",
        "type": "Type",
    },
    defaults={"type": "AWS.Freeform"},
    unordered=("validators",),
)


_DEPLOYED = ("applicationId", "environmentId")


def _deployment_key(subject: Subject) -> Params:
    application, environment, number = subject.id.split("/")
    key = {"ApplicationId": application, "EnvironmentId": environment}
    return {**key, "DeploymentNumber": int(number)}


def _deployment(subject: Subject) -> str:
    application, environment, number = subject.id.split("/")
    return f"application/{application}/environment/{environment}/deployment/{number}"


_read_deployment = reading("appconfig", "GetDeployment", _deployment_key)


def _find_deployment(subject: Subject, taken: frozenset[str]) -> str | None:
    """They are numbered one after another, and never go: the youngest that nobody knows."""
    stem = "/".join(str(subject.inputs[name]) for name in _DEPLOYED)
    known = {int(id.rpartition("/")[2]) for id in taken if id.startswith(f"{stem}/")}
    id = f"{stem}/{max(known, default=0) + 1}"
    return None if _read_deployment(replace(subject, id=id)) is None else id


DEPLOYMENT = ResourceType(
    type="aws:appconfig/deployment:Deployment",
    service="appconfig",
    tier="recorded",
    create=Call(operation="StartDeployment"),
    id=lambda s: f"{'/'.join(str(s.inputs[name]) for name in _DEPLOYED)}/{s.at('DeploymentNumber')}",
    read=_read_deployment,
    delete=None,
    outputs={
        "arn": _arn(_deployment),
        "deploymentNumber": lambda s: int(s.id.rpartition("/")[2]),
        "state": "State",
    },
    echoes={
        "configurationProfileId": "ConfigurationProfileId",
        "configurationVersion": "ConfigurationVersion",
        "deploymentStrategyId": "DeploymentStrategyId",
    },
    find=_find_deployment,
    place=(),
    tags=Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": s.cloud.arn("appconfig", _deployment(s))},
    ),
)


def _version_key(subject: Subject) -> Params:
    application, profile, number = subject.id.split("/")
    return {
        "ApplicationId": application,
        "ConfigurationProfileId": profile,
        "VersionNumber": int(number),
    }


def _content(subject: Subject) -> str:
    content = subject.at("Content")
    read = content.read() if hasattr(content, "read") else content
    return read.decode() if isinstance(read, bytes) else str(read)


def _version_resource(subject: Subject) -> str:
    application, profile, number = subject.id.split("/")
    return f"application/{application}/configurationprofile/{profile}/hostedconfigurationversion/{number}"


def _find_version(subject: Subject, taken: frozenset[str]) -> str | None:
    """The youngest: they are numbered one after another."""
    application, profile = subject.inputs["applicationId"], subject.inputs["configurationProfileId"]
    known = {int(id.rpartition("/")[2]) for id in taken if id.startswith(f"{application}/{profile}/")}
    number = max(known, default=0) + 1
    id = f"{application}/{profile}/{number}"
    key = {"ApplicationId": application, "ConfigurationProfileId": profile, "VersionNumber": number}
    read = reading("appconfig", "GetHostedConfigurationVersion", lambda _: key)
    return None if read(subject) is None else id


HOSTED_VERSION = ResourceType(
    type="aws:appconfig/hostedConfigurationVersion:HostedConfigurationVersion",
    service="appconfig",
    tier="recorded",
    create=Call(operation="CreateHostedConfigurationVersion"),
    id=lambda s: f"{s.inputs['applicationId']}/{s.inputs['configurationProfileId']}/{s.at('VersionNumber')}",
    read=reading("appconfig", "GetHostedConfigurationVersion", _version_key),
    delete=Call(operation="DeleteHostedConfigurationVersion", sends=(), adds=_version_key),
    outputs={
        "arn": _arn(_version_resource),
        "versionNumber": lambda s: int(s.id.rpartition("/")[2]),
    },
    echoes={"content": _content, "contentType": "ContentType"},
    find=_find_version,
    place=(),
    secrets=("content",),
)

_STRATEGY = (
    "deploymentDurationInMinutes",
    "description",
    "finalBakeTimeInMinutes",
    "growthFactor",
    "growthType",
)


def _is_strategy(subject: Subject) -> Params:
    return {"DeploymentStrategyId": subject.id}


def _strategy(subject: Subject) -> str:
    return f"deploymentstrategy/{subject.id}"


STRATEGY = ResourceType(
    type="aws:appconfig/deploymentStrategy:DeploymentStrategy",
    service="appconfig",
    tier="recorded",
    create=Call(operation="CreateDeploymentStrategy"),
    id=answered("Id"),
    read=reading("appconfig", "GetDeploymentStrategy", _is_strategy),
    delete=Call(operation="DeleteDeploymentStrategy", sends=(), adds=_is_strategy),
    steps=(
        Step(
            on=_STRATEGY,
            do=Call(operation="UpdateDeploymentStrategy", sends=_STRATEGY, adds=_is_strategy),
            at_create=False,
        ),
    ),
    outputs={"arn": _arn(_strategy)},
    echoes={
        "name": "Name",
        "deploymentDurationInMinutes": "DeploymentDurationInMinutes",
        "growthFactor": "GrowthFactor",
        "growthType": "GrowthType",
        "replicateTo": "ReplicateTo",
    },
    find=lambda s, taken: _named("ListDeploymentStrategies", s, {}, taken),
    auto_name=AutoName(limit=64, prefix_property=None),
    place=(),
    defaults={"growthType": "LINEAR"},
    tags=_tags(_strategy),
)

TYPES = (APPLICATION, ENVIRONMENT, CONFIGURATION_PROFILE, HOSTED_VERSION, STRATEGY, DEPLOYMENT)
