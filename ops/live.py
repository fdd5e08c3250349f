"""What is live? An endpoint as the cloud has it: its configuration, variants, models, scaling and zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.parking import describe, gone
from ops.session import Session


@dataclass(frozen=True)
class LiveVariant:
    """One variant as the cloud has it."""

    name: str
    model_package_arn: str
    weight: float
    shadow: bool
    instance_type: str
    instance_count: int
    """What the endpoint configuration asks for; 0 for a serverless variant."""
    serving: int
    """Instances in service; autoscaling may have moved it within its bounds."""
    least: int
    most: int
    serverless: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Live:
    """The endpoint as the cloud has it. What is said without a variant's name is of the first one."""

    status: str
    endpoint_config: str
    model_package_arn: str
    variant: str
    instance_type: str
    instance_count: int
    serving: int
    least: int
    most: int
    zones: Sequence[str]
    """Availability zones that the models' subnets lie in."""
    mode: str = "realTime"
    variants: Sequence[LiveVariant] = ()


def look(session: Session, endpoint: str) -> Live:
    """Asks the cloud for the endpoint, its configuration, its models, its scaling and its zones.

    Raises `ParkedError` and `EndpointGoneError` where there is none.
    """
    described = describe(session, endpoint)
    if described is None:
        raise gone(session, endpoint)
    sagemaker = session.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    serving: dict[str, Mapping[str, Any]] = {
        one["VariantName"]: one
        for side in ("ProductionVariants", "ShadowProductionVariants")
        for one in described.get(side) or []
    }
    models: dict[str, Mapping[str, Any]] = {}
    variants = []
    for side in ("ProductionVariants", "ShadowProductionVariants"):
        for one in config.get(side) or []:
            model = models.setdefault(one["ModelName"], sagemaker.describe_model(ModelName=one["ModelName"]))
            now = serving.get(one["VariantName"], {})
            variants.append(_variant(session, endpoint, one, model, now, shadow=side.startswith("Shadow")))
    subnets = [
        subnet for model in models.values() for subnet in (model.get("VpcConfig") or {}).get("Subnets", [])
    ]
    first = variants[0]
    mode = "asynchronous" if config.get("AsyncInferenceConfig") else "realTime"
    return Live(
        status=described["EndpointStatus"],
        endpoint_config=described["EndpointConfigName"],
        model_package_arn=first.model_package_arn,
        variant=first.name,
        instance_type=first.instance_type,
        instance_count=first.instance_count,
        serving=first.serving,
        least=first.least,
        most=first.most,
        zones=_zones_of(session, list(dict.fromkeys(subnets))),
        mode="serverless" if first.serverless is not None else mode,
        variants=tuple(variants),
    )


def scaled(session: Session, endpoint: str) -> dict[str, int]:
    """Variant → the instances that autoscaling has brought it to, where that is more than its rest."""
    described = describe(session, endpoint)
    found = {}
    for one in (described or {}).get("ProductionVariants") or []:
        wanted = int(one.get("DesiredInstanceCount") or 0)
        least, most = _bounds(session, endpoint, one["VariantName"], wanted)
        if least < wanted <= most:
            found[one["VariantName"]] = wanted
    return found


def package_of(model: Mapping[str, Any]) -> str:
    """The model package that a model was made from; empty for one without."""
    container = model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]
    return str(container.get("ModelPackageName", ""))


def _variant(
    session: Session,
    endpoint: str,
    configured: Mapping[str, Any],
    model: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    shadow: bool,
) -> LiveVariant:
    name, count = configured["VariantName"], int(configured.get("InitialInstanceCount", 0))
    chosen = configured.get("ServerlessConfig")
    least, most = (0, count) if chosen else _bounds(session, endpoint, name, count)
    return LiveVariant(
        name=name,
        model_package_arn=package_of(model),
        weight=float(configured.get("InitialVariantWeight", 1.0)),
        shadow=shadow,
        instance_type=configured.get("InstanceType", ""),
        instance_count=count,
        serving=0 if chosen else int(now.get("CurrentInstanceCount", 0)),
        least=least,
        most=most,
        serverless=chosen
        and {
            "memoryMb": int(chosen["MemorySizeInMB"]),
            "maxConcurrency": int(chosen["MaxConcurrency"]),
            "provisionedConcurrency": chosen.get("ProvisionedConcurrency"),
        },
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
