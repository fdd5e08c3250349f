"""The lives of how Auto Scaling's groups scale, and what they fill."""

from __future__ import annotations

from lives.ec2_instances import a_template
from lives.lb import a_target_group
from lives.life import Life, Make, a_subnet
from sandbox.engine.values import PropertyMap


def _group(make: Make, subnet: PropertyMap) -> str:
    inputs = {
        "name": "held-group",
        "minSize": 0,
        "maxSize": 2,
        "vpcZoneIdentifiers": [subnet["id"]],
        "launchTemplate": {"id": a_template(make)["id"]},
    }
    return str(make("aws:autoscaling/group:Group", "group", inputs)["name"])


def _filled(make: Make) -> PropertyMap:
    subnet = a_subnet(make)
    targets = a_target_group(make, subnet["vpcId"])
    return {"autoscalingGroupName": _group(make, subnet), "lbTargetGroupArn": targets["arn"]}


LIVES = [
    Life(
        "aws:autoscaling/policy:Policy",
        lambda make: {
            "autoscalingGroupName": _group(make, a_subnet(make)),
            "policyType": "TargetTrackingScaling",
            "targetTrackingConfiguration": {
                "predefinedMetricSpecification": {"predefinedMetricType": "ASGAverageCPUUtilization"},
                "targetValue": 50,
            },
        },
        {"estimatedInstanceWarmup": 60},
        {"autoscalingGroupName": "other"},
    ),
    Life(
        "aws:autoscaling/attachment:Attachment",
        _filled,
        None,
        {"lbTargetGroupArn": "other"},
        by_code=frozenset({"lbTargetGroupArn"}),
    ),
]
