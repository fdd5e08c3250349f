"""Parking: deletes the endpoint after hours, or when nobody has asked it; keeps what brings it back.

The event is `{"reason": "after-hours" | "idle", "at": "<time that it was scheduled for>"}`, as the schedules
send it; without a time it is meant now. The answer, which is logged too, says whether the endpoint was
parked, and why (not).
"""

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

_IDLE = "idle"
_HOUR = 3600
_OLDEST = timedelta(minutes=30)
"""Of an order: one that is made up for, after a laptop was closed, must not park what stands since."""
_NOT_FOUND = "Could not find"
_MISSING = "ValidationException"

Answer = dict[str, Any]


def handle(event: dict[str, Any], context: object) -> Answer:
    """Parks the endpoint where there is reason to. Raises what AWS refuses."""
    endpoint, reason, now = os.environ["ENDPOINT"], str(event.get("reason", "")), datetime.now(UTC)
    late = now - _OLDEST
    if "at" in event and datetime.fromisoformat(event["at"].replace("Z", "+00:00")) < late:
        answer = _left(endpoint, f"the order is of {event['at']}, too old to park what stands now")
    else:
        answer = _answer(endpoint, reason, now)
    print(json.dumps(answer))
    return answer


def _answer(endpoint: str, reason: str, now: datetime) -> Answer:
    described = _describe(endpoint)
    if described is None:
        return _left(endpoint, "it is parked already, or was never brought up")
    if described["EndpointStatus"] not in ("InService", "Failed"):
        return _left(endpoint, f"it is {described['EndpointStatus']}: a change is under way")
    hours = int(os.environ["IDLE_HOURS"])
    variants = [one["VariantName"] for one in described.get("ProductionVariants", [])]
    if reason == _IDLE:
        since = now - timedelta(hours=hours)
        if described["LastModifiedTime"] > since:
            return _left(endpoint, f"it was brought up or changed within {hours} h")
        asked = sum(_requests("Invocations", endpoint, variant, since, now) for variant in variants)
        # Of an asynchronous endpoint, the service counts what was answered, for the whole of it.
        asked += _requests("InvocationsProcessed", endpoint, "", since, now)
        if asked:
            return _left(endpoint, f"it was asked {asked:.0f} times within {hours} h")
    elif reason != "after-hours":
        raise ValueError(f'the reason {reason!r}; allowed: "after-hours" and "{_IDLE}"')
    released = _let_go(endpoint, variants)
    boto3.client("sagemaker").delete_endpoint(EndpointName=endpoint)
    why = f"nobody has asked it for {hours} h" if reason == _IDLE else "the working day is over"
    _tell(endpoint, why)
    return {
        "parked": endpoint,
        "why": why,
        "at": now.isoformat(timespec="seconds"),
        "configuration": described["EndpointConfigName"],
        "deregistered": released,
    }


def _describe(endpoint: str) -> dict[str, Any] | None:
    client = boto3.client("sagemaker")
    try:
        found: dict[str, Any] = client.describe_endpoint(EndpointName=endpoint)
    except client.exceptions.ClientError as refused:
        error = refused.response["Error"]
        if error["Code"] == _MISSING and _NOT_FOUND in error["Message"]:
            return None
        raise
    return found


def _requests(metric: str, endpoint: str, variant: str, since: datetime, until: datetime) -> float:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}]
    if variant:
        dimensions.append({"Name": "VariantName", "Value": variant})
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=dimensions,
        StartTime=since,
        EndTime=until,
        Period=_HOUR,
        Statistics=["Sum"],
    )
    return float(sum(one["Sum"] for one in answer["Datapoints"]))


def _let_go(endpoint: str, variants: list[str]) -> list[str]:
    """Deregisters the variants, as the guide asks before an endpoint with automatic scaling is deleted."""
    if not variants:
        return []
    client = boto3.client("application-autoscaling")
    ids = [f"endpoint/{endpoint}/variant/{variant}" for variant in variants]
    found = client.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=ids)["ScalableTargets"]
    for one in found:
        client.deregister_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=one["ResourceId"],
            ScalableDimension=one["ScalableDimension"],
        )
    return [one["ResourceId"] for one in found]


def _left(endpoint: str, why: str) -> Answer:
    return {"parked": None, "endpoint": endpoint, "why": why}


def _tell(endpoint: str, why: str) -> None:
    stack = os.environ["STACK_NAME"]
    boto3.client("sns").publish(
        TopicArn=os.environ["TOPIC"],
        Subject=f"{endpoint} is parked",
        Message=(
            f"The endpoint {endpoint} is parked: {why}. That saves {os.environ['SAVES']}. "
            f"Its models and its configuration are kept; bring it back with: groundplan up {stack} "
            f"(or: pulumi up --refresh --stack {stack})"
        ),
    )
