"""The lives of EC2's instances, keys and launch templates, and of the groups that use them."""

from __future__ import annotations

from lives.life import Life, Make, a_group, a_subnet
from sandbox.engine.values import PropertyMap

AMI = "ami-04681a1dbd79675a5"
PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@example.org"
)


def a_template(make: Make) -> PropertyMap:
    return make(
        "aws:ec2/launchTemplate:LaunchTemplate", "template", {"imageId": AMI, "instanceType": "t3.micro"}
    )


def _instance(make: Make) -> PropertyMap:
    return {
        "ami": AMI,
        "instanceType": "t3.micro",
        "subnetId": a_subnet(make)["id"],
        "associatePublicIpAddress": True,
        "userData": "#!/bin/sh\necho hello\n",
        "rootBlockDevice": {"volumeSize": 20, "encrypted": True},
        "metadataOptions": {"httpTokens": "required"},
    }


LIVES = [
    Life(
        "aws:ec2/instance:Instance",
        _instance,
        {"instanceType": "t3.small", "userData": "#!/bin/sh\n", "tags": {"a": "b"}},
        {"ami": "ami-785db401"},
        by_code=frozenset({"userData", "ebsBlockDevices", "rootBlockDevice", "associatePublicIpAddress"}),
    ),
    Life(
        "aws:ec2/keyPair:KeyPair",
        lambda _: {"publicKey": PUBLIC_KEY},
        {"tags": {"a": "b"}},
        {"keyName": "other"},
        by_code=frozenset({"publicKey"}),
    ),
    Life(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda make: {
            "imageId": AMI,
            "instanceType": "t3.micro",
            "vpcSecurityGroupIds": [a_group(make)["id"]],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "web"}}],
        },
        {"instanceType": "t3.small", "updateDefaultVersion": True},
        {"name": "other"},
    ),
    Life(
        "aws:ec2/launchConfiguration:LaunchConfiguration",
        lambda _: {"imageId": AMI, "instanceType": "t3.micro", "userData": "#!/bin/sh\n"},
        None,
        {"instanceType": "t3.small"},
        by_code=frozenset({"userData", "userDataBase64", "rootBlockDevice", "ebsBlockDevices"}),
    ),
    Life(
        "aws:autoscaling/group:Group",
        lambda make: {
            "minSize": 1,
            "maxSize": 2,
            "vpcZoneIdentifiers": [a_subnet(make)["id"]],
            "launchTemplate": {"id": a_template(make)["id"], "version": "$Latest"},
            "tags": [{"key": "Name", "value": "web", "propagateAtLaunch": True}],
        },
        {"maxSize": 3, "tags": [{"key": "Name", "value": "api", "propagateAtLaunch": True}]},
        {"name": "other"},
        by_code=frozenset({"vpcZoneIdentifiers"}),
    ),
]
