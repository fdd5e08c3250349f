"""Verification: is the live endpoint the one that the program intends? Field by field, from the cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ops.errors import OK, DiffersError
from ops.outputs import Intended
from ops.progress import Progress, Step
from ops.screen import counted
from ops.session import Session


@dataclass(frozen=True)
class Live:
    """The endpoint as the cloud has it."""

    status: str
    endpoint_config: str
    model_package_arn: str
    variant: str
    instance_type: str
    instance_count: int
    """What the endpoint configuration asks for."""
    serving: int
    """Instances in service; autoscaling may have moved it within its bounds."""
    least: int
    most: int
    zones: Sequence[str]
    """Availability zones that the model's subnets lie in."""


def verify(session: Session) -> int:
    """`groundplan verify`."""
    session.announce()
    endpoint, intended = session.outputs().released
    progress = Progress(session.screen)
    with progress.step("verify", "compare the live endpoint with what the program intends") as step:
        live = check(session, endpoint, intended, step)
    session.screen.document(
        {
            "command": "verify",
            "stack": session.stack,
            "endpoint": endpoint,
            "asIntended": True,
            "live": asdict(live),
        }
    )
    return OK


def check(session: Session, endpoint: str, intended: Intended, step: Step) -> Live:
    """The live endpoint where it is as intended. Raises `DiffersError` with every difference."""
    live = look(session, endpoint)
    found = differences(intended, live)
    if found:
        raise DiffersError(endpoint, found, session.stack)
    step.note(f"endpoint {endpoint}: {live.status}, configuration {live.endpoint_config}")
    step.note(f"serves {live.model_package_arn.split(':model-package/', 1)[-1]} on {live.instance_type}")
    step.done(f"{counted(live.serving, 'instance')} in {_zones(live)}: all as intended")
    return live


def differences(intended: Intended, live: Live) -> list[str]:
    """What is not as intended, one line a field: its name, what is live and what is intended."""
    pairs = (
        ("status", live.status, "InService"),
        ("endpointConfig", live.endpoint_config, intended.endpoint_config),
        ("modelPackageArn", live.model_package_arn, intended.model_package_arn),
        ("variant", live.variant, intended.variant),
        ("instanceType", live.instance_type, intended.instance_type),
        ("instanceCount", live.instance_count, intended.instance_count),
    )
    found = [f"{name}: live {is_!r}, intended {should!r}" for name, is_, should in pairs if is_ != should]
    if not live.least <= live.serving <= live.most:
        span = f"{live.least}" if live.least == live.most else f"{live.least} to {live.most}"
        found.append(f"instances in service: live {live.serving}, intended {span}")
    if intended.instance_count > 1 and len(live.zones) < 2:
        where = ", ".join(live.zones) or "no zone of its own"
        found.append(f"zones: live {where}, intended at least two for {intended.instance_count} instances")
    return found


def look(session: Session, endpoint: str) -> Live:
    """Asks the cloud for the endpoint, its configuration, its model, its scaling and its zones."""
    sagemaker = session.client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    variant = config["ProductionVariants"][0]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    container = model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]
    serving: dict[str, Any] = next(
        (
            one
            for one in described.get("ProductionVariants", [])
            if one["VariantName"] == variant["VariantName"]
        ),
        {},
    )
    count = int(variant.get("InitialInstanceCount", 0))
    least, most = _bounds(session, endpoint, variant["VariantName"], count)
    return Live(
        status=described["EndpointStatus"],
        endpoint_config=described["EndpointConfigName"],
        model_package_arn=container.get("ModelPackageName", ""),
        variant=variant["VariantName"],
        instance_type=variant.get("InstanceType", ""),
        instance_count=count,
        serving=int(serving.get("CurrentInstanceCount", 0)),
        least=least,
        most=most,
        zones=_zones_of(session, (model.get("VpcConfig") or {}).get("Subnets", [])),
    )


def _bounds(session: Session, endpoint: str, variant: str, count: int) -> tuple[int, int]:
    answer = session.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{endpoint}/variant/{variant}"]
    )
    for one in answer["ScalableTargets"]:
        return int(one["MinCapacity"]), int(one["MaxCapacity"])
    return count, count


def _zones_of(session: Session, subnets: Sequence[str]) -> list[str]:
    if not subnets:
        return []
    found: list[dict[str, Any]] = session.client("ec2").describe_subnets(SubnetIds=list(subnets))["Subnets"]
    return sorted({one["AvailabilityZone"] for one in found})


def _zones(live: Live) -> str:
    used = live.zones[: live.serving]
    return f"{counted(len(used), 'zone')} ({', '.join(used)})" if used else "the service's own network"
