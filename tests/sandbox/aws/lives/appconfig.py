"""The lives of the types of `appconfig`."""

from __future__ import annotations

from lives.life import Life, Make
from sandbox.engine.values import PropertyMap


def _application(make: Make) -> str:
    return str(make("aws:appconfig/application:Application", "app", {})["id"])


def _hosted(make: Make) -> PropertyMap:
    application = _application(make)
    profile = make(
        "aws:appconfig/configurationProfile:ConfigurationProfile",
        "profile",
        {"applicationId": application, "locationUri": "hosted"},
    )
    return {
        "applicationId": application,
        "configurationProfileId": profile["configurationProfileId"],
        "content": '{"threshold": 0.5}',
        "contentType": "application/json",
    }


def _deployed(make: Make) -> PropertyMap:
    hosted = _hosted(make)
    token = "aws:appconfig/hostedConfigurationVersion:HostedConfigurationVersion"
    version = make(token, "version", hosted)
    application = hosted["applicationId"]
    environment = make("aws:appconfig/environment:Environment", "environment", {"applicationId": application})
    strategy = make("aws:appconfig/deploymentStrategy:DeploymentStrategy", "strategy", _AT_ONCE)
    return {
        "applicationId": application,
        "configurationProfileId": hosted["configurationProfileId"],
        "configurationVersion": str(version["versionNumber"]),
        "deploymentStrategyId": strategy["id"],
        "environmentId": environment["environmentId"],
    }


_AT_ONCE: PropertyMap = {"deploymentDurationInMinutes": 0, "growthFactor": 100, "replicateTo": "NONE"}

LIVES = [
    Life(
        "aws:appconfig/application:Application",
        lambda _: {"description": "features"},
        {"description": "what is on", "tags": {"a": "b"}},
    ),
    Life(
        "aws:appconfig/environment:Environment",
        lambda make: {"applicationId": _application(make), "description": "dev"},
        {"description": "prod", "tags": {"a": "b"}},
        {"applicationId": "abcdefg"},
    ),
    Life(
        "aws:appconfig/configurationProfile:ConfigurationProfile",
        lambda make: {"applicationId": _application(make), "locationUri": "hosted"},
        {"description": "flags", "tags": {"a": "b"}},
        {"type": "AWS.AppConfig.FeatureFlags"},
    ),
    Life(
        "aws:appconfig/hostedConfigurationVersion:HostedConfigurationVersion",
        _hosted,
        None,
        {"content": '{"threshold": 0.6}'},
    ),
    Life(
        "aws:appconfig/deploymentStrategy:DeploymentStrategy",
        lambda _: {"deploymentDurationInMinutes": 10, "growthFactor": 20, "replicateTo": "NONE"},
        {"growthFactor": 50, "tags": {"a": "b"}},
        {"replicateTo": "SSM_DOCUMENT"},
    ),
    Life(
        "aws:appconfig/deployment:Deployment",
        _deployed,
        None,
        {"configurationVersion": "2"},
        gone_after_delete=False,
    ),
]
