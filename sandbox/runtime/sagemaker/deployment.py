"""How does traffic move from an endpoint's old fleet to its new one? At once, by canary, in steps, and back.

The sandbox shortens the waits of a deployment: each second of WaitIntervalInSeconds and
TerminationWaitInSeconds is a sixtieth here, and no wait is longer than five seconds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud

_SCALE = 60.0
_LONGEST_SECONDS = 5.0
_LOOK_SECONDS = 0.25


class RollbackError(Exception):
    """The deployment must be taken back; the text is the endpoint's FailureReason."""


@dataclass(frozen=True)
class Shift:
    """One stage of a deployment: the new fleet's share of the traffic, and seconds to watch it."""

    share: float
    wait: float


def shifts(deployment: Mapping[str, Any], instances: int) -> Iterator[Shift]:
    """The stages of a deployment of so many instances. Without a policy all traffic moves at once."""
    policy = deployment.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {}
    rolling = deployment.get("RollingUpdatePolicy")
    interval = shortened(routing.get("WaitIntervalInSeconds", 0))
    kind = routing.get("Type", "ALL_AT_ONCE")
    if rolling:
        # Rolling moves capacity by batches; to the traffic that is the same as linear steps.
        kind, interval = "LINEAR", shortened(rolling["WaitIntervalInSeconds"])
        routing = {"LinearStepSize": rolling["MaximumBatchSize"]}
    if kind == "CANARY":
        yield Shift(_share(routing["CanarySize"], instances), interval)
    elif kind == "LINEAR":
        step = _share(routing["LinearStepSize"], instances)
        for number in range(1, math.ceil(1 / step)):
            yield Shift(min(1.0, step * number), interval)
    baking = shortened(policy.get("TerminationWaitInSeconds", 0))
    yield Shift(1.0, max(baking, interval if kind == "ALL_AT_ONCE" else 0.0))


def shortened(seconds: float) -> float:
    """A wait of the service as the sandbox waits it."""
    return min(seconds / _SCALE, _LONGEST_SECONDS)


def watch(
    cloud: Cloud,
    deployment: Mapping[str, Any],
    seconds: float,
    caller: Caller,
    abandoned: Callable[[], bool],
) -> None:
    """Waits, and raises RollbackError as soon as one of the rollback alarms is in ALARM."""
    configuration = deployment.get("AutoRollbackConfiguration") or {}
    names = [alarm["AlarmName"] for alarm in configuration.get("Alarms") or []]
    deadline = time.monotonic() + seconds
    while not abandoned():
        alarmed = _in_alarm(cloud, names, caller)
        if alarmed:
            raise RollbackError(
                f"One or more configured alarms are in ALARM state: {', '.join(alarmed)}. "
                "The deployment was rolled back."
            )
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(_LOOK_SECONDS, left))


def _in_alarm(cloud: Cloud, names: list[str], caller: Caller) -> list[str]:
    if not names:
        return []
    try:
        kinds = ["MetricAlarm", "CompositeAlarm"]
        answer = cloud.client("cloudwatch", caller).describe_alarms(AlarmNames=names, AlarmTypes=kinds)
    except ClientError as error:
        raise RollbackError(f"The alarms cannot be read: {error.response['Error']['Message']}") from error
    found = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
    return sorted(alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM")


def _share(size: Mapping[str, Any], instances: int) -> float:
    if size["Type"] == "INSTANCE_COUNT":
        return min(1.0, float(size["Value"]) / max(1, instances))
    return min(1.0, float(size["Value"]) / 100)
