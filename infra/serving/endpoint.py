"""Endpoint: the released model, served in two zones, changed step by step and taken back on alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.cost.idle_endpoint import IdleEndpoint, IdleEndpointArgs
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.network.placement import Placement
from infra.serving import configuration
from infra.serving.answer_topics import AnswerTopics, AnswerTopicsArgs
from infra.serving.deployment import deployment
from infra.serving.endpoint_alarms import EndpointAlarms, EndpointAlarmsArgs
from infra.serving.endpoint_names import name_of, part_of
from infra.serving.release import CHAMPION, ReleaseSettings
from infra.serving.scaling import Scaling, ScalingArgs, Standing
from infra.serving.served_model import served_model
from infra.serving.settings import EndpointSettings
from infra.serving.variants import variants
from infra.settings.block import InstanceType
from infra.storage.storage import Zone
from infra.training.instances import has_local_storage


@dataclass(frozen=True, kw_only=True)
class EndpointArgs:
    """What the rest of the platform hands to the endpoint."""

    settings: EndpointSettings
    release: ReleaseSettings
    foundation: Foundation
    placement: Placement
    zones: Mapping[Zone, pulumi.Input[str]]
    topics: Topics
    endpoint_name: str
    role_arn: pulumi.Input[str]


class Endpoint(pulumi.ComponentResource):
    """A SageMaker endpoint: real-time, serverless or asynchronous, with challengers or a shadow beside the
    champion.

    A new model or configuration is made before the old one goes, which is once the endpoint has moved.

    Controls: SageMaker.4 and .5, checkov 98 and 370; alarms that roll back, autoscaling, capture, two zones.
    """

    endpoint_name: pulumi.Output[str]
    intended: pulumi.Output[dict[str, Any]]
    variant_names: Sequence[str]
    """The variants that answer: the champion, then the challengers."""
    instances: Sequence[tuple[str, int]]
    """`(type, count)` of what stands while nobody asks."""

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Endpoint", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, package, mode = args.settings, args.release.model_package_arn, args.settings.mode
        chosen = variants(settings, args.release)
        data_key, model_key = args.foundation.key_arns["data"], args.foundation.key_arns["model"]
        captures = args.zones["captures"]

        models = {
            one: served_model(
                f"{name}-model-{part_of(one) if mode == 'realTime' else part_of(one, mode)}",
                package=one,
                mode=mode,
                endpoint_name=args.endpoint_name,
                placement=args.placement,
                role_arn=args.role_arn,
                opts=child,
            )
            for one in dict.fromkeys(variant.model_package_arn for variant in chosen)
        }
        named = [model.name for model in models.values()]
        told: Mapping[str, pulumi.Output[str]] = {}
        if mode == "asynchronous":
            told = AnswerTopics(
                f"{name}-answers",
                AnswerTopicsArgs(endpoint_name=args.endpoint_name, foundation=args.foundation),
                opts=child,
            ).arns
        contents = configuration.contents(settings, chosen)
        sides: dict[bool, list[Any]] = {False: [], True: []}
        for one in chosen:
            inputs = configuration.variant_inputs(one, models[one.model_package_arn].name, settings)
            sides[one.shadow].append(inputs)
        configured = aws.sagemaker.EndpointConfiguration(
            f"{name}-configuration-{part_of(package, *contents)}",
            name=pulumi.Output.all(*named, captures, data_key, model_key, *told.values()).apply(
                lambda known: name_of(args.endpoint_name, package, *known, *contents)
            ),
            kms_key_arn=None if _disks_are_its_own(settings) else model_key,
            production_variants=sides[False],
            shadow_production_variants=sides[True] or None,
            data_capture_config=configuration.capture(settings, args.endpoint_name, captures, data_key),
            async_inference_config=configuration.later(settings, args.endpoint_name, captures, data_key, told)
            if told
            else None,
            opts=child,
        )
        alarms = EndpointAlarms(
            f"{name}-alarms",
            EndpointAlarmsArgs(
                endpoint_name=args.endpoint_name,
                variant=CHAMPION,
                latency_ms=settings.latency_alarm_ms,
                foundation=args.foundation,
                topics=args.topics,
            ),
            opts=child,
        )
        scaled = [one.name for one in chosen if not one.shadow] if settings.scales else []
        standing = None
        if scaled:
            standing = Standing(
                f"{name}-standing", args.endpoint_name, scaled, settings, args.foundation, opts=child
            )
        endpoint = aws.sagemaker.Endpoint(
            f"{name}-endpoint" if mode == "realTime" else f"{name}-{mode}",
            name=args.endpoint_name,
            endpoint_config_name=configured.name,
            deployment_config=deployment(settings, alarms.alarm_names),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[standing.parameter] if standing else []),
        )
        if standing is not None:
            Scaling(
                f"{name}-scaling",
                ScalingArgs(
                    endpoint_name=endpoint.name, standing=standing.key, variants=scaled, settings=settings
                ),
                opts=child,
            )
        if settings.on_instances and settings.least_instances:
            IdleEndpoint(
                f"{name}-idle",
                IdleEndpointArgs(
                    endpoint_name=args.endpoint_name,
                    variant=CHAMPION,
                    instances=[(settings.instance, sum(one.instances for one in chosen))],
                    hours=settings.idle_alarm_hours,
                    asynchronous=mode == "asynchronous",
                    foundation=args.foundation,
                    topics=args.topics,
                ),
                opts=child,
            )

        self.variant_names = [one.name for one in chosen if not one.shadow]
        self.instances = [(settings.instance, sum(one.instances for one in chosen))]
        self.endpoint_name = endpoint.name
        self.intended = configured.name.apply(
            lambda known: {
                "mode": mode,
                "endpointConfig": known,
                "modelPackageArn": package,
                "variant": CHAMPION,
                "instanceType": settings.instance if settings.on_instances else None,
                "instanceCount": chosen[0].instances,
                "variants": [one.intended(settings) for one in chosen],
            }
        )
        self.register_outputs({"endpoint_name": self.endpoint_name, "intended": self.intended})


def _disks_are_its_own(settings: EndpointSettings) -> bool:
    """Whether SageMaker refuses a key: for instances with disks of their own."""
    kind: InstanceType = settings.instance
    return settings.on_instances and has_local_storage(kind)
