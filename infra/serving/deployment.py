"""How do requests move to a new model, and what takes them back?"""

import math
from collections.abc import Sequence
from typing import Any

import pulumi

from infra.serving.settings import EndpointSettings

_LONGEST_SECONDS = 3600
_WHOLE = 100
_HALF = 50


def deployment(settings: EndpointSettings, alarm_names: Sequence[pulumi.Input[str]]) -> Any:
    """The endpoint's `deploymentConfig`; none for serverless, which has no deployment guardrails.

    A step is at least one instance and at most half of them (SageMaker API: TrafficRoutingConfig,
    RollingUpdatePolicy).
    """
    if not settings.on_instances:
        return None
    rollback = {"alarms": [{"alarm_name": name} for name in alarm_names]}
    if settings.shift == "rolling":
        rolling = {
            "maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": _step(settings)},
            "wait_interval_in_seconds": settings.canary_minutes * 60,
            "maximum_execution_timeout_in_seconds": _timeout(settings),
        }
        return {"rolling_update_policy": rolling, "auto_rollback_configuration": rollback}
    return {
        "blue_green_update_policy": {
            "traffic_routing_configuration": _routing(settings),
            "termination_wait_in_seconds": 60,
            "maximum_execution_timeout_in_seconds": _timeout(settings),
        },
        "auto_rollback_configuration": rollback,
    }


def _routing(settings: EndpointSettings) -> Any:
    wait = settings.canary_minutes * 60
    if settings.shift == "canary":
        size = {"type": "INSTANCE_COUNT", "value": 1}
        return {"type": "CANARY", "canary_size": size, "wait_interval_in_seconds": wait}
    if settings.shift == "linear":
        size = {"type": "CAPACITY_PERCENT", "value": _step(settings)}
        return {"type": "LINEAR", "linear_step_size": size, "wait_interval_in_seconds": wait}
    return {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": wait}


def _step(settings: EndpointSettings) -> int:
    one_instance = math.ceil(_WHOLE / settings.instances)
    return min(_HALF, max(settings.step_percent, one_instance))


def _timeout(settings: EndpointSettings) -> int:
    """Seconds for the whole: its watched steps, and an hour for instances to come up; 8 h is the most."""
    steps = 1 if settings.shift in ("canary", "allAtOnce") else math.ceil(_WHOLE / _step(settings))
    return min(28800, _LONGEST_SECONDS + (steps - 1) * settings.canary_minutes * 60)
