"""What does an endpoint configuration ask to run? Its variants as plans, models and packages looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker.fleet import VariantPlan
from sandbox.runtime.sagemaker.images import UnknownImageError, serving_image
from sandbox.runtime.sagemaker.instance import Container
from sandbox.runtime.sagemaker.packages import Packages
from sandbox.runtime.sagemaker.records import Record
from sandbox.runtime.sagemaker.shelves import Shelves
from sandbox.runtime.sagemaker.surroundings import zones_of


class Planner:
    """Turns configurations into plans, and plans into documents and back.

    An endpoint keeps its plans with it: its configuration and model may be deleted while it serves.
    """

    def __init__(self, cloud: Cloud, shelves: Shelves, packages: Packages) -> None:
        self._cloud = cloud
        self._shelves = shelves
        self._packages = packages

    def plans(self, config: Record) -> tuple[VariantPlan, ...]:
        """Raises ServiceError for what the sandbox cannot serve."""
        caller = config.caller
        production = [self._plan(variant, caller) for variant in config.fields["ProductionVariants"]]
        shadows = config.fields.get("ShadowProductionVariants") or []
        return (*production, *(replace(self._plan(one, caller), shadow=True) for one in shadows))

    def _plan(self, variant: Params, caller: Caller) -> VariantPlan:
        name = variant["VariantName"]
        if not variant.get("ModelName"):
            raise ServiceError("ValidationException", f"Production variant {name} names no model.")
        container, model = self.container(variant["ModelName"], caller)
        subnets = (model.fields.get("VpcConfig") or {}).get("Subnets") or []
        zones = tuple(zones_of(self._cloud, subnets, caller))
        # A serverless variant has no instances of its own choosing; one process stands in for it.
        count = variant.get("InitialInstanceCount") or 1
        weight = variant.get("InitialVariantWeight", 1.0)
        return VariantPlan(name, container, count, zones, weight, serverless="ServerlessConfig" in variant)

    def container(self, model_name: str, caller: Caller) -> tuple[Container, Record]:
        """What a model runs, and the model. Raises ServiceError for what the sandbox cannot serve."""
        model = self._shelves.models.get(model_name, caller)
        containers = [model.fields["PrimaryContainer"]] if model.fields.get("PrimaryContainer") else []
        containers += model.fields.get("Containers") or []
        if len(containers) != 1:
            raise ServiceError(
                "ValidationException",
                f"The sandbox serves models of one container; model {model.name} has {len(containers)}.",
            )
        container = self._container(containers[0], caller)
        try:
            serving_image(self._cloud, container.image, caller)
        except UnknownImageError as error:
            raise ServiceError("ValidationException", f"Model {model.name}: {error}") from error
        return container, model

    def _container(self, container: Params, caller: Caller) -> Container:
        environment = dict(container.get("Environment") or {})
        if package := container.get("ModelPackageName"):
            record = self._packages.find(package, caller)
            source = record.fields["InferenceSpecification"]["Containers"][0]
            environment = {**(source.get("Environment") or {}), **environment}
            container = source
        data = container.get("ModelDataUrl")
        if data is None and (place := (container.get("ModelDataSource") or {}).get("S3DataSource")):
            if place["S3DataType"] != "S3Object" or place.get("CompressionType") != "Gzip":
                raise ServiceError(
                    "ValidationException",
                    "The sandbox serves a model from one Gzip archive: ModelDataUrl, or ModelDataSource with "
                    "S3DataType S3Object and CompressionType Gzip.",
                )
            data = place["S3Uri"]
        return Container(container["Image"], data, environment)


def to_document(plans: Sequence[VariantPlan]) -> list[dict[str, Any]]:
    return [
        {
            "name": plan.name,
            **container_document(plan.container),
            "count": plan.count,
            "zones": list(plan.zones),
            "weight": plan.weight,
            "shadow": plan.shadow,
            "serverless": plan.serverless,
        }
        for plan in plans
    ]


def from_document(document: Sequence[Mapping[str, Any]]) -> tuple[VariantPlan, ...]:
    return tuple(
        VariantPlan(
            entry["name"],
            container_of(entry),
            entry["count"],
            tuple(entry["zones"]),
            entry["weight"],
            entry.get("shadow", False),
            entry.get("serverless", False),
        )
        for entry in document
    )


def container_document(container: Container) -> dict[str, Any]:
    return {
        "image": container.image,
        "archive": container.archive,
        "environment": dict(container.environment),
    }


def container_of(document: Mapping[str, Any]) -> Container:
    return Container(document["image"], document["archive"], document["environment"])
