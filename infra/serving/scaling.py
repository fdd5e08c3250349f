"""Scaling: as many instances as the requests need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.serving.release import CHAMPION
from infra.serving.settings import EndpointSettings

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_NAMESPACE = "AWS/SageMaker"


@dataclass(frozen=True, kw_only=True)
class ScalingArgs:
    """What the endpoint hands to its scaling. `standing` is known once the old targets may be taken away."""

    endpoint_name: pulumi.Input[str]
    standing: pulumi.Input[str]
    variants: Sequence[str]
    settings: EndpointSettings


class Scaling(pulumi.ComponentResource):
    """Target tracking for each variant: out within a minute, in after five; other bounds by the clock.

    An asynchronous endpoint follows the requests that wait, and begins again from none.
    """

    policy_names: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Scaling", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        self.policy_names = []
        for variant in args.variants:
            # The champion's were there before others were: they keep their names.
            part = name if variant == CHAMPION else f"{name}-{variant}"
            called = "" if variant == CHAMPION else f"-{variant}"
            target = aws.appautoscaling.Target(
                f"{part}-target",
                service_namespace="sagemaker",
                # `standing` only orders: without it, a target would stand while its instances change.
                resource_id=pulumi.Output.all(args.endpoint_name, args.standing).apply(
                    partial(_resource, variant)
                ),
                scalable_dimension=_DIMENSION,
                min_capacity=settings.least_instances,
                max_capacity=settings.most_instances,
                opts=child,
            )
            scaled: dict[str, Any] = {
                "service_namespace": target.service_namespace,
                "resource_id": target.resource_id,
                "scalable_dimension": target.scalable_dimension,
            }
            policy = aws.appautoscaling.Policy(
                f"{part}-policy",
                name=pulumi.Output.concat(args.endpoint_name, f"{called}-invocations"),
                policy_type="TargetTrackingScaling",
                target_tracking_scaling_policy_configuration=_tracking(settings, args.endpoint_name),
                opts=child,
                **scaled,
            )
            self.policy_names.append(policy.name)
            for one in settings.scheduled_scaling:
                aws.appautoscaling.ScheduledAction(
                    f"{part}-{one.name}",
                    name=pulumi.Output.concat(args.endpoint_name, f"{called}-{one.name}"),
                    schedule=one.at,
                    timezone=one.time_zone,
                    scalable_target_action={
                        "min_capacity": one.instances,
                        "max_capacity": one.most_instances,
                    },
                    opts=child,
                    **scaled,
                )
            if settings.mode == "asynchronous" and settings.least_instances == 0:
                _from_none(
                    part, pulumi.Output.concat(args.endpoint_name, called), args.endpoint_name, scaled, child
                )
        self.register_outputs({"policy_names": self.policy_names})


class Standing(pulumi.ComponentResource):
    """What the variants stand on, written down so that autoscaling lets go of them before that changes.

    Application Auto Scaling refuses an update that changes a scaled variant's instance type or takes it away
    ("Update endpoints that use auto scaling"; hashicorp/terraform-provider-aws #14337). The parameter is
    replaced by any such change, before the endpoint is updated; the targets depend on it, so they are
    deregistered first and registered again after the update.
    """

    key: pulumi.Output[str]
    parameter: aws.ssm.Parameter

    def __init__(
        self,
        name: str,
        endpoint_name: str,
        variants: Sequence[str],
        settings: EndpointSettings,
        foundation: Foundation,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("groundplan:infra:Standing", name, opts=opts)
        self.parameter = aws.ssm.Parameter(
            f"{name}-parameter",
            name=f"/{foundation.place.prefix}/endpoint/{endpoint_name}/instances",
            description="Variants that are scaled, and their instance type; deregistered before it changes",
            type="String",
            insecure_value=",".join(f"{variant}={settings.instance}" for variant in variants),
            opts=pulumi.ResourceOptions(
                parent=self, replace_on_changes=["insecureValue"], delete_before_replace=True
            ),
        )
        self.key = self.parameter.arn
        self.register_outputs({"key": self.key})


def _resource(variant: str, known: Sequence[str]) -> str:
    return f"endpoint/{known[0]}/variant/{variant}"


def _tracking(settings: EndpointSettings, endpoint: pulumi.Input[str]) -> Any:
    cooldowns = {"scale_out_cooldown": 60, "scale_in_cooldown": 300}
    if settings.mode == "asynchronous":
        return {
            "target_value": settings.asynchronous.backlog_per_instance,
            "customized_metric_specification": {
                "metric_name": "ApproximateBacklogSizePerInstance",
                "namespace": _NAMESPACE,
                "dimensions": [{"name": "EndpointName", "value": endpoint}],
                "statistic": "Average",
            },
            **cooldowns,
        }
    return {
        "target_value": settings.invocations_per_minute,
        "predefined_metric_specification": {
            "predefined_metric_type": "SageMakerVariantInvocationsPerInstance"
        },
        **cooldowns,
    }


def _from_none(
    name: str,
    called: pulumi.Input[str],
    endpoint: pulumi.Input[str],
    scaled: dict[str, Any],
    child: pulumi.ResourceOptions,
) -> None:
    """The first instance: a backlog divided by no instances is no number that a target could be tracked by.

    Source: SageMaker guide, "Autoscale an asynchronous endpoint", HasBacklogWithoutCapacity.
    """
    first = aws.appautoscaling.Policy(
        f"{name}-first",
        name=pulumi.Output.concat(called, "-first"),
        policy_type="StepScaling",
        step_scaling_policy_configuration={
            "adjustment_type": "ChangeInCapacity",
            "metric_aggregation_type": "Average",
            "cooldown": 120,
            "step_adjustments": [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}],
        },
        opts=child,
        **scaled,
    )
    # Autoscaling's own trigger: it wakes an instance and nobody else, so it is none of the platform's alarms.
    aws.cloudwatch.MetricAlarm(
        f"{name}-waiting",
        name=pulumi.Output.concat(called, "-waiting"),
        alarm_description="Requests wait and no instance is there: autoscaling starts the first one.",
        namespace=_NAMESPACE,
        metric_name="HasBacklogWithoutCapacity",
        dimensions={"EndpointName": endpoint},
        statistic="Average",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        period=60,
        evaluation_periods=2,
        datapoints_to_alarm=2,
        treat_missing_data="missing",
        alarm_actions=[first.arn],
        opts=child,
    )
