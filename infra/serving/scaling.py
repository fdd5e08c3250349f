"""Scaling: as many instances as the requests need."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@dataclass(frozen=True, kw_only=True)
class ScalingArgs:
    """What the endpoint hands to its scaling."""

    endpoint_name: pulumi.Input[str]
    variant: str
    least: int
    most: int
    invocations_per_minute: int


class Scaling(pulumi.ComponentResource):
    """Target tracking on the invocations of each instance: out within a minute, in after five."""

    policy_name: pulumi.Output[str]

    def __init__(self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Scaling", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        target = aws.appautoscaling.Target(
            f"{name}-target",
            service_namespace="sagemaker",
            resource_id=pulumi.Output.concat("endpoint/", args.endpoint_name, "/variant/", args.variant),
            scalable_dimension=_DIMENSION,
            min_capacity=args.least,
            max_capacity=args.most,
            opts=child,
        )
        policy = aws.appautoscaling.Policy(
            f"{name}-policy",
            name=pulumi.Output.concat(args.endpoint_name, "-invocations"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            target_tracking_scaling_policy_configuration={
                "target_value": args.invocations_per_minute,
                "predefined_metric_specification": {
                    "predefined_metric_type": "SageMakerVariantInvocationsPerInstance"
                },
                "scale_out_cooldown": 60,
                "scale_in_cooldown": 300,
            },
            opts=child,
        )
        self.policy_name = policy.name
        self.register_outputs({"policy_name": self.policy_name})
