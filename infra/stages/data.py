"""The data: its catalog, queries and workflow, the features, and the streams that keep them fresh."""

from collections.abc import Mapping
from typing import Any

from infra.data.declared import UseCase, declared
from infra.data.features import Features, FeaturesArgs
from infra.data.pipeline import DataPipeline, DataPipelineArgs
from infra.data.pseudonyms import Pseudonyms, PseudonymsArgs, secret_name
from infra.data.quality import Quality, QualityArgs
from infra.data.questions import Asking
from infra.data.streaming import Streaming, StreamingArgs
from infra.settings.loading import PlatformSettings
from infra.stages.ground import Ground


def prepare_data(settings: PlatformSettings, ground: Ground) -> Mapping[str, Any]:
    """Makes what data comes in through and is prepared by; the outputs of it."""
    base, zones, topics = ground.foundation, ground.storage.buckets, ground.notifications.topics
    data = declared(settings.use_case)
    pipeline = DataPipeline(
        "data",
        DataPipelineArgs(
            settings=settings.data_pipeline,
            foundation=base,
            topics=topics,
            zones=zones,
            placement=ground.network.workloads,
            declared=data,
            use_case=settings.use_case,
            source_uri=ground.source_uri,
            image=ground.image.uri,
            processing_role_arn=ground.identity.role_arns["processing"],
            pseudonym_keys=secret_name(base.place) if settings.privacy.pseudonyms else None,
        ),
    )
    Quality(
        "quality",
        QualityArgs(
            settings=settings.quality,
            foundation=base,
            topics=topics,
            case=settings.case,
            log_group=ground.processing_log,
        ),
    )
    if settings.privacy.pseudonyms:
        Pseudonyms(
            "pseudonyms",
            PseudonymsArgs(
                settings=settings.privacy,
                foundation=base,
                topics=topics,
                reader_arn=ground.identity.role_arns["processing"],
            ),
        )
    features = None
    if settings.features.enabled:
        features = Features(
            "features",
            FeaturesArgs(
                settings=settings.features,
                foundation=base,
                zones=zones,
                case=settings.case,
                groups=data.groups,
            ),
        )
    streaming = None
    if settings.streaming.kind != "none":
        streaming = Streaming(
            "streaming",
            StreamingArgs(
                settings=settings.streaming,
                foundation=base,
                topics=topics,
                zones=zones,
                brokers=ground.network.isolated,
                clients=ground.network.workloads,
                groups=[(one, features.group_names[one.name]) for one in data.groups] if features else [],
                asking=_asking(settings, ground, data),
                database=pipeline.catalog.databases["archive"],
            ),
        )
    return {
        "dataWorkflow": pipeline.machine_arn,
        "queries": pipeline.workgroup_name,
        "featureGroups": dict(features.group_names) if features else {},
        "events": streaming.source if streaming else None,
    }


def _asking(settings: PlatformSettings, ground: Ground, data: UseCase) -> Asking | None:
    """How the consumer asks: where the use case has a stream, and the endpoint answers while one waits."""
    if not data.stream:
        return None
    answers = settings.endpoint.mode in {"realTime", "serverless"}
    return Asking(
        use_case=settings.use_case,
        case=settings.case,
        files=data.stream,
        endpoint_name=ground.endpoint_name if answers else "",
        is_released=answers and settings.release is not None,
    )
