"""The lives of what is put on EC2's machines and groups, and of log streams."""

from __future__ import annotations

from lives.ec2_instances import AMI
from lives.life import Life, Make, a_group, a_subnet
from sandbox.engine.values import PropertyMap


def _machine(make: Make) -> PropertyMap:
    inputs = {
        "ami": AMI,
        "instanceType": "t3.micro",
        "subnetId": a_subnet(make)["id"],
        "availabilityZone": "eu-west-1a",
    }
    return make("aws:ec2/instance:Instance", "machine", inputs)


_VOLUME = {"availabilityZone": "eu-west-1a", "size": 10}

LIVES = [
    Life(
        "aws:ec2/eipAssociation:EipAssociation",
        lambda make: {
            "allocationId": make("aws:ec2/eip:Eip", "address", {"domain": "vpc"})["allocationId"],
            "instanceId": _machine(make)["id"],
        },
        None,
        {"instanceId": "other"},
    ),
    Life("aws:ebs/volume:Volume", lambda _: _VOLUME, {"size": 20}, {"availabilityZone": "eu-west-1b"}),
    Life(
        "aws:ec2/volumeAttachment:VolumeAttachment",
        lambda make: {
            "deviceName": "/dev/sdh",
            "volumeId": make("aws:ebs/volume:Volume", "volume", _VOLUME)["id"],
            "instanceId": _machine(make)["id"],
        },
        None,
        {"deviceName": "/dev/sdg"},
    ),
    Life(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        lambda make: {
            "securityGroupId": a_group(make)["id"],
            "type": "ingress",
            "protocol": "tcp",
            "fromPort": 80,
            "toPort": 80,
            "cidrBlocks": ["0.0.0.0/0"],
        },
        None,
        {"toPort": 81},
        by_code=frozenset(
            {
                "cidrBlocks",
                "description",
                "fromPort",
                "ipv6CidrBlocks",
                "prefixListIds",
                "protocol",
                "securityGroupId",
                "self",
                "sourceSecurityGroupId",
                "toPort",
                "type",
            }
        ),
        importable=False,
    ),
    Life(
        "aws:cloudwatch/logStream:LogStream",
        lambda make: {"logGroupName": make("aws:cloudwatch/logGroup:LogGroup", "group", {})["name"]},
        None,
        {"name": "other"},
        importable=False,
    ),
]
