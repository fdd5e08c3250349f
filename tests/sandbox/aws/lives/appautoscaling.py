"""The lives of the types of `appautoscaling`."""

from __future__ import annotations

from lives.life import Life, Make
from sandbox.engine.values import PropertyMap

_SCALED = {
    "serviceNamespace": "sagemaker",
    "resourceId": "endpoint/live/variant/live",
    "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


_TRACKING = {
    "targetValue": 70.0,
    "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}


def _scaled(make: Make) -> PropertyMap:
    target = {**_SCALED, "resourceId": "endpoint/b/variant/live", "minCapacity": 1, "maxCapacity": 2}
    made = make("aws:appautoscaling/target:Target", "scaled", target)
    return {name: made[name] for name in _SCALED}


LIVES = [
    Life(
        "aws:appautoscaling/target:Target",
        lambda _: {**_SCALED, "minCapacity": 2, "maxCapacity": 4},
        {"maxCapacity": 6},
        {"resourceId": "endpoint/other/variant/live"},
    ),
    Life(
        "aws:appautoscaling/policy:Policy",
        lambda make: {
            **_scaled(make),
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": _TRACKING,
        },
        {"targetTrackingScalingPolicyConfiguration": {**_TRACKING, "targetValue": 50.0}},
        {"name": "other"},
    ),
    Life(
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        lambda make: {
            **_scaled(make),
            "schedule": "cron(0 7 ? * MON-FRI *)",
            "timezone": "Europe/Paris",
            "scalableTargetAction": {"minCapacity": 1, "maxCapacity": 2},
        },
        {"schedule": "cron(0 8 ? * MON-FRI *)"},
        {"name": "other"},
    ),
]
