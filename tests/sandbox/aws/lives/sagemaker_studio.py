"""The lives of SageMaker's domains, what is in them, and notebooks."""

from __future__ import annotations

import base64

from lives.life import Life, Make, a_role, a_subnet
from sandbox.engine.values import PropertyMap

_SCRIPT = base64.b64encode(b"#!/bin/bash\ntrue\n").decode()
_OTHER_SCRIPT = base64.b64encode(b"#!/bin/bash\nfalse\n").decode()


def _domain(make: Make) -> PropertyMap:
    subnet = a_subnet(make)
    return {
        "authMode": "IAM",
        "domainName": "studio",
        "vpcId": subnet["vpcId"],
        "subnetIds": [subnet["id"]],
        "appNetworkAccessType": "VpcOnly",
        "defaultUserSettings": {
            "executionRole": a_role(make)["arn"],
            "jupyterLabAppSettings": {"lifecycleConfigArns": []},
            "spaceStorageSettings": {
                "defaultEbsStorageSettings": {
                    "defaultEbsVolumeSizeInGb": 5,
                    "maximumEbsVolumeSizeInGb": 100,
                }
            },
        },
        "retentionPolicy": {"homeEfsFileSystem": "Delete"},
    }


def _a_domain(make: Make) -> str:
    return str(make("aws:sagemaker/domain:Domain", "domain", _domain(make))["id"])


def _profile(make: Make) -> PropertyMap:
    return {"domainId": _a_domain(make), "userProfileName": "ada"}


LIVES = [
    Life(
        "aws:sagemaker/domain:Domain",
        _domain,
        {"tagPropagation": "ENABLED", "tags": {"a": "b"}},
        {"authMode": "SSO"},
    ),
    Life(
        "aws:sagemaker/userProfile:UserProfile",
        _profile,
        {"userSettings": {"executionRole": "arn:aws:iam::123456789012:role/other"}},
        {"userProfileName": "grace"},
    ),
    Life(
        "aws:sagemaker/space:Space",
        lambda make: {
            "domainId": _a_domain(make),
            "spaceName": "shared",
            "spaceSettings": {
                "appType": "JupyterLab",
                "spaceStorageSettings": {"ebsStorageSettings": {"ebsVolumeSizeInGb": 10}},
            },
            "ownershipSettings": {"ownerUserProfileName": "ada"},
            "spaceSharingSettings": {"sharingType": "Private"},
        },
        {"spaceDisplayName": "Shared", "tags": {"a": "b"}},
        {"spaceName": "other"},
    ),
    Life(
        "aws:sagemaker/app:App",
        lambda make: {
            "domainId": _a_domain(make),
            "userProfileName": "ada",
            "appName": "default",
            "appType": "JupyterServer",
            "resourceSpec": {"instanceType": "system"},
        },
        {"tags": {"a": "b"}},
        {"appType": "KernelGateway"},
    ),
    Life(
        "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig",
        lambda _: {
            "studioLifecycleConfigName": "idle",
            "studioLifecycleConfigAppType": "JupyterLab",
            "studioLifecycleConfigContent": _SCRIPT,
        },
        {"tags": {"a": "b"}},
        {"studioLifecycleConfigContent": _OTHER_SCRIPT},
    ),
    Life(
        "aws:sagemaker/notebookInstance:NotebookInstance",
        lambda make: {
            "instanceType": "ml.t3.medium",
            "roleArn": a_role(make)["arn"],
            "lifecycleConfigName": "idle",
            "rootAccess": "Disabled",
        },
        {"instanceType": "ml.t3.large", "tags": {"a": "b"}},
        {"directInternetAccess": "Disabled", "subnetId": "subnet-1"},
    ),
    Life(
        "aws:sagemaker/notebookInstanceLifecycleConfiguration:NotebookInstanceLifecycleConfiguration",
        lambda _: {"onStart": _SCRIPT},
        {"onStart": None, "onCreate": _OTHER_SCRIPT},
        {"name": "other"},
    ),
]
