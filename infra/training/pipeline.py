"""Training pipeline: the steps from raw data to a registered model, as SageMaker runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.identity.identity import Work
from infra.network.placement import Placement
from infra.packaging.images import Image
from infra.storage.storage import Zone
from infra.training.champion import Champion, ChampionArgs
from infra.training.settings import TrainingSettings
from infra.training.site import Site
from infra.training.steps import training_definition


@dataclass(frozen=True, kw_only=True)
class TrainingPipelineArgs:
    """What the rest of the platform hands to the pipeline."""

    settings: TrainingSettings
    foundation: Foundation
    placement: Placement
    zones: Mapping[Zone, pulumi.Input[str]]
    role_arns: Mapping[Work, pulumi.Input[str]]
    use_case: str
    image: pulumi.Input[str]
    serving_image: Image
    source_uri: pulumi.Input[str]
    group_name: pulumi.Input[str]
    pseudonym_keys: str | None = None
    """Name of the secret with the keys of the pseudonyms, where there are any."""


class TrainingPipeline(pulumi.ComponentResource):
    """A SageMaker pipeline on spot instances, with checkpoints, in the private subnets.

    Controls: SageMaker.4 to .10, prowler AISF-ML-01 and -03; spot with a checkpoint and a maximum run time.
    """

    pipeline_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: TrainingPipelineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:TrainingPipeline", name, opts=opts)
        case = args.use_case.rpartition(".")[2]
        pipeline_name = pipeline_of(args.foundation.place, args.use_case)
        champion = Champion(
            f"{name}-champion",
            ChampionArgs(
                foundation=args.foundation,
                group_name=args.group_name,
                models_uri=pulumi.Output.concat("s3://", args.zones["models"]),
                no_model=args.source_uri,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        site = pulumi.Output.all(
            source=args.source_uri,
            raw=args.zones["raw"],
            curated=args.zones["curated"],
            models=args.zones["models"],
            data_key=args.foundation.key_arns["data"],
            model_key=args.foundation.key_arns["model"],
            processing_role=args.role_arns["processing"],
            training_role=args.role_arns["training"],
            subnets=pulumi.Output.all(*args.placement.subnet_ids),
            security_group=args.placement.security_group_id,
            group=args.group_name,
            champion=champion.function_arn,
            image=args.image,
            serving_image=args.serving_image.uri,
        ).apply(
            lambda known: Site(
                use_case=args.use_case,
                image=known["image"],
                serving_image=known["serving_image"],
                serving_types=args.serving_image.content_types,
                source_uri=known["source"],
                raw_uri=f"s3://{known['raw']}",
                curated_uri=f"s3://{known['curated']}",
                models_uri=f"s3://{known['models']}",
                data_key=known["data_key"],
                model_key=known["model_key"],
                processing_role=known["processing_role"],
                training_role=known["training_role"],
                subnets=known["subnets"],
                security_group=known["security_group"],
                group=known["group"],
                champion_function=known["champion"],
                pseudonym_keys=args.pseudonym_keys,
            )
        )
        if args.settings.instances > 1:
            self._let_machines_talk(name, args.placement.security_group_id)
        pipeline = aws.sagemaker.Pipeline(
            f"{name}-pipeline",
            pipeline_name=pipeline_name,
            pipeline_display_name=pipeline_name,
            pipeline_description=f"From raw data to a registered model of {case}",
            role_arn=args.role_arns["pipeline"],
            pipeline_definition=site.apply(lambda known: training_definition(args.settings, known)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.pipeline_name = pipeline.pipeline_name
        self.register_outputs({"pipeline_name": self.pipeline_name})

    def _let_machines_talk(self, name: str, group: pulumi.Input[str]) -> None:
        """Machines of one job speak with each other: TCP on ports of their choice, and IPsec's protocols.

        Source: SageMaker guide, "Protect Communications Between ML Compute Instances in a Distributed
        Training Job".
        """
        rule: dict[str, Any] = {
            "security_group_id": group,
            "referenced_security_group_id": group,
            "description": "Machines of one training job, with each other",
            "ip_protocol": "-1",
            "opts": pulumi.ResourceOptions(parent=self),
        }
        aws.vpc.SecurityGroupIngressRule(f"{name}-machines-in", **rule)
        aws.vpc.SecurityGroupEgressRule(f"{name}-machines-out", **rule)


def pipeline_of(place: Place, use_case: str) -> str:
    """The name of a use case's training pipeline, which rules and schedules are made of as well."""
    return f"{place.prefix}-{use_case.rpartition('.')[2]}-training"
