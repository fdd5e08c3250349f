"""Endpoint: the released model, served in two zones, changed by canary and taken back on alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.network.placement import Placement
from infra.serving.endpoint_alarms import EndpointAlarms, EndpointAlarmsArgs
from infra.serving.endpoint_names import name_of, part_of
from infra.serving.scaling import Scaling, ScalingArgs
from infra.settings.block import InstanceType, Settings
from infra.storage.storage import Zone
from infra.training.instances import has_local_storage

VARIANT = "champion"


class EndpointSettings(Settings):
    """`groundplan:endpoint`: how the model is served."""

    instance: InstanceType = Field(default="ml.m5.large", description="Serves; each zone has one at least.")
    instances: int = Field(default=2, ge=2, le=20, description="Instances at rest: two zones need two.")
    most_instances: int = Field(default=4, ge=2, le=100, description="Instances under the highest load.")
    invocations_per_minute: int = Field(
        default=6000, ge=1, description="Invocations a minute and instance that autoscaling aims at."
    )
    capture_percent: int = Field(
        default=100, ge=1, le=100, description="Share of requests kept for monitoring."
    )
    canary_minutes: int = Field(
        default=5, ge=1, le=60, description="Minutes in which one instance of a new model answers alone."
    )
    latency_alarm_ms: int = Field(
        default=500, ge=1, description="p99 of the model's latency that takes a change back."
    )

    @model_validator(mode="after")
    def _room_to_grow(self) -> Self:
        if self.most_instances < self.instances:
            raise ValueError(f"mostInstances of at least instances, {self.instances}")
        return self


@dataclass(frozen=True, kw_only=True)
class EndpointArgs:
    """What the rest of the platform hands to the endpoint."""

    settings: EndpointSettings
    foundation: Foundation
    placement: Placement
    zones: Mapping[Zone, pulumi.Input[str]]
    topics: Topics
    endpoint_name: str
    model_package_arn: str
    role_arn: pulumi.Input[str]


class Endpoint(pulumi.ComponentResource):
    """A SageMaker endpoint of one variant. A new model comes blue/green, one instance first.

    Controls: SageMaker.4 and .5, checkov 98 and 370; alarms that roll back, autoscaling, capture, two zones.
    """

    endpoint_name: pulumi.Output[str]
    intended: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Endpoint", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, package = args.settings, args.model_package_arn
        data_key, model_key = args.foundation.key_arns["data"], args.foundation.key_arns["model"]

        def named(*contents: pulumi.Input[Any]) -> pulumi.Output[str]:
            return pulumi.Output.all(*contents).apply(
                lambda known: name_of(args.endpoint_name, package, *known)
            )

        subnets = pulumi.Output.all(*args.placement.subnet_ids)
        chosen = (settings.instance, settings.instances, settings.capture_percent)
        model = aws.sagemaker.Model(
            f"{name}-model-{part_of(package)}",
            name=named(args.role_arn, subnets, args.placement.security_group_id),
            execution_role_arn=args.role_arn,
            primary_container={
                "model_package_name": package,
                "environment": {
                    "SAGEMAKER_PROGRAM": "inference.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                },
            },
            enable_network_isolation=True,
            vpc_config={
                "subnets": args.placement.subnet_ids,
                "security_group_ids": [args.placement.security_group_id],
            },
            opts=child,
        )
        configuration = aws.sagemaker.EndpointConfiguration(
            f"{name}-configuration-{part_of(package, *chosen)}",
            name=named(model.name, args.zones["captures"], data_key, model_key, *chosen),
            # SageMaker refuses a key for instances whose disks are their own.
            kms_key_arn=None if has_local_storage(settings.instance) else model_key,
            production_variants=[
                {
                    "variant_name": VARIANT,
                    "model_name": model.name,
                    "instance_type": settings.instance,
                    "initial_instance_count": settings.instances,
                    "initial_variant_weight": 1,
                }
            ],
            data_capture_config={
                "enable_capture": True,
                "initial_sampling_percentage": settings.capture_percent,
                "destination_s3_uri": pulumi.Output.concat(
                    "s3://", args.zones["captures"], "/", args.endpoint_name
                ),
                "kms_key_id": data_key,
                "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
                "capture_content_type_header": {
                    "csv_content_types": ["text/csv"],
                    "json_content_types": ["application/json"],
                },
            },
            opts=child,
        )
        alarms = EndpointAlarms(
            f"{name}-alarms",
            EndpointAlarmsArgs(
                endpoint_name=args.endpoint_name,
                variant=VARIANT,
                latency_ms=settings.latency_alarm_ms,
                foundation=args.foundation,
                topics=args.topics,
            ),
            opts=child,
        )
        endpoint = aws.sagemaker.Endpoint(
            f"{name}-endpoint",
            name=args.endpoint_name,
            endpoint_config_name=configuration.name,
            deployment_config={
                "blue_green_update_policy": {
                    "traffic_routing_configuration": {
                        "type": "CANARY",
                        "canary_size": {"type": "INSTANCE_COUNT", "value": 1},
                        "wait_interval_in_seconds": settings.canary_minutes * 60,
                    },
                    "termination_wait_in_seconds": 60,
                    "maximum_execution_timeout_in_seconds": 3600,
                },
                "auto_rollback_configuration": {
                    "alarms": [{"alarm_name": alarm} for alarm in alarms.alarm_names]
                },
            },
            opts=child,
        )
        Scaling(
            f"{name}-scaling",
            ScalingArgs(
                endpoint_name=endpoint.name,
                variant=VARIANT,
                least=settings.instances,
                most=settings.most_instances,
                invocations_per_minute=settings.invocations_per_minute,
            ),
            opts=child,
        )

        self.endpoint_name = endpoint.name
        self.intended = configuration.name.apply(
            lambda known: {
                "endpointConfig": known,
                "modelPackageArn": package,
                "variant": VARIANT,
                "instanceType": settings.instance,
                "instanceCount": settings.instances,
            }
        )
        self.register_outputs({"endpoint_name": self.endpoint_name, "intended": self.intended})
