"""AppConfig, whole: the emulator has some of it, and lists none of its applications."""

from __future__ import annotations

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, Owner, RecordedKind, TagOperations


def _id(document: Params) -> str:
    """AppConfig's ids have seven characters."""
    return str(document["$fresh"][:7])


APPLICATION = RecordedKind(
    service="appconfig",
    name="application",
    create="CreateApplication",
    key=("Id",),
    made={
        "$fresh": "{short}",
        "Id": _id,
        "$arn": "arn:{partition}:appconfig:{region}:{account}:application/{Id}",
    },
    describe="GetApplication",
    update="UpdateApplication",
    delete="DeleteApplication",
    listings=(Listing(operation="ListApplications", member="Items"),),
    asks={"ApplicationId": "Id"},
    missing_status=404,
)

_APPLICATION = Owner(name="application", key={"Id": "ApplicationId"})
PROFILE = RecordedKind(
    service="appconfig",
    name="configuration profile",
    create="CreateConfigurationProfile",
    key=("ApplicationId", "Id"),
    made={
        "$fresh": "{short}",
        "Id": _id,
        "$arn": "arn:{partition}:appconfig:{region}:{account}:application/{ApplicationId}/"
        "configurationprofile/{Id}",
    },
    defaults={"Type": "AWS.Freeform"},
    describe="GetConfigurationProfile",
    update="UpdateConfigurationProfile",
    delete="DeleteConfigurationProfile",
    listings=(Listing(operation="ListConfigurationProfiles", member="Items", where=("ApplicationId",)),),
    asks={"ConfigurationProfileId": "Id"},
    missing_status=404,
    within=_APPLICATION,
)

HOSTED_VERSION = RecordedKind(
    service="appconfig",
    name="hosted configuration version",
    create="CreateHostedConfigurationVersion",
    key=("ApplicationId", "ConfigurationProfileId", "VersionNumber"),
    describe="GetHostedConfigurationVersion",
    delete="DeleteHostedConfigurationVersion",
    missing_status=404,
    within=Owner(
        name="configuration profile",
        key={"ApplicationId": "ApplicationId", "Id": "ConfigurationProfileId"},
    ),
    numbered="VersionNumber",
)

ENVIRONMENT = RecordedKind(
    service="appconfig",
    name="environment",
    create="CreateEnvironment",
    key=("ApplicationId", "Id"),
    made={
        "$fresh": "{short}",
        "Id": _id,
        "$arn": "arn:{partition}:appconfig:{region}:{account}:application/{ApplicationId}/environment/{Id}",
        "State": "READY_FOR_DEPLOYMENT",
    },
    describe="GetEnvironment",
    update="UpdateEnvironment",
    delete="DeleteEnvironment",
    listings=(Listing(operation="ListEnvironments", member="Items", where=("ApplicationId",)),),
    asks={"EnvironmentId": "Id"},
    missing_status=404,
    within=_APPLICATION,
)

DEPLOYMENT = RecordedKind(
    service="appconfig",
    name="deployment",
    create="StartDeployment",
    key=("ApplicationId", "EnvironmentId", "DeploymentNumber"),
    made={"StartedAt": "{now}", "CompletedAt": "{now}", "State": "COMPLETE"},
    describe="GetDeployment",
    missing_status=404,
    within=Owner(name="environment", key={"ApplicationId": "ApplicationId", "Id": "EnvironmentId"}),
    numbered="DeploymentNumber",
)

STRATEGY = RecordedKind(
    service="appconfig",
    name="deployment strategy",
    create="CreateDeploymentStrategy",
    key=("Id",),
    made={
        "$fresh": "{short}",
        "Id": _id,
        "$arn": "arn:{partition}:appconfig:{region}:{account}:deploymentstrategy/{Id}",
    },
    defaults={"FinalBakeTimeInMinutes": 0, "GrowthType": "LINEAR", "ReplicateTo": "NONE"},
    describe="GetDeploymentStrategy",
    update="UpdateDeploymentStrategy",
    delete="DeleteDeploymentStrategy",
    listings=(Listing(operation="ListDeploymentStrategies", member="Items"),),
    asks={"DeploymentStrategyId": "Id"},
    missing_status=404,
)

KINDS = (APPLICATION, PROFILE, HOSTED_VERSION, ENVIRONMENT, DEPLOYMENT, STRATEGY)

TAGGING = (TagOperations(service="appconfig", as_map=True),)
