"""The training: the registry, the pipeline that fills it, and what starts and watches its runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.data.pseudonyms import secret_name
from infra.settings.loading import PlatformSettings
from infra.stages.ground import Ground
from infra.training.pipeline import TrainingPipeline, TrainingPipelineArgs, pipeline_of
from infra.training.registry import ModelRegistry, ModelRegistryArgs
from infra.training.runs import TrainingRuns, TrainingRunsArgs


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What the training hands to what watches over it."""

    pipeline_name: str
    undelivered_arn: pulumi.Output[str]
    exports: Mapping[str, Any]


def train_models(settings: PlatformSettings, ground: Ground) -> Trained:
    """Makes what turns prepared data into registered models."""
    base, zones, topics = ground.foundation, ground.storage.buckets, ground.notifications.topics
    registry = ModelRegistry(
        "registry", ModelRegistryArgs(place=base.place, case=settings.case, settings=settings.registry)
    )
    pipeline = TrainingPipeline(
        "training",
        TrainingPipelineArgs(
            settings=settings.training,
            foundation=base,
            placement=ground.network.workloads,
            zones=zones,
            role_arns=ground.identity.role_arns,
            use_case=settings.use_case,
            image=ground.image.uri,
            serving_image=ground.serving_image,
            source_uri=ground.source_uri,
            group_name=registry.group_name,
            pseudonym_keys=secret_name(base.place) if settings.privacy.pseudonyms else None,
        ),
    )
    name = pipeline_of(base.place, settings.use_case)
    runs = TrainingRuns(
        "training-runs",
        TrainingRunsArgs(settings=settings.training, foundation=base, topics=topics, pipeline_name=name),
    )
    return Trained(
        pipeline_name=name,
        undelivered_arn=runs.undelivered_arn,
        exports={
            "pipeline": pipeline.pipeline_name,
            "modelPackageGroup": registry.group_name,
        },
    )
