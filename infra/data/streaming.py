"""Streaming: from events to features within seconds, and all of them to the archive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import pulumi
from pydantic import Field, model_validator

from infra.data.archive import Archive, ArchiveArgs
from infra.data.consumer import Consumer, ConsumerArgs, ConsumerSettings
from infra.data.declared import FeatureGroup
from infra.data.flink import Flink, FlinkArgs, FlinkSettings
from infra.data.questions import Asking
from infra.data.stream import Kafka, KafkaArgs, KafkaSettings, Kinesis, KinesisArgs
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.network.placement import Placement
from infra.settings.block import Settings
from infra.storage.storage import Zone


class StreamingSettings(Settings):
    """`groundplan:streaming`: how events come in. They are encrypted in every case."""

    kind: Literal["none", "kinesis", "msk"] = Field(
        default="kinesis", description="What carries events: Kinesis, Kafka (MSK), or nothing."
    )
    capacity: Literal["onDemand", "provisioned"] = Field(
        default="onDemand", description="Whether Kinesis scales by itself, or has a number of shards."
    )
    shards: int = Field(default=1, ge=1, le=500, description="Shards, where `capacity` is `provisioned`.")
    retention_hours: int = Field(
        default=24, ge=24, le=8760, description="Hours that Kinesis keeps an event; beyond 24 they cost."
    )
    archive_seconds: int = Field(
        default=300, ge=60, le=900, description="Seconds until events are in the archive, at most."
    )
    consumer: ConsumerSettings = ConsumerSettings()
    kafka: KafkaSettings = KafkaSettings()
    flink: FlinkSettings = FlinkSettings()

    @model_validator(mode="after")
    def _flink_reads_kinesis(self) -> Self:
        if self.flink.enabled and self.kind != "kinesis":
            raise ValueError(
                "flink.enabled false, or kind kinesis: the application reads a stream of Kinesis"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class StreamingArgs:
    """What the rest of the platform hands to streaming.

    `groups`: a declared group with the name of its feature group; without any, the archive alone takes the
    events. `asking` is how the consumer asks the model, if it does. `brokers` is where Kafka stands,
    `clients` where those stand that call it.
    """

    settings: StreamingSettings
    foundation: Foundation
    topics: Topics
    zones: Mapping[Zone, pulumi.Input[str]]
    brokers: Placement
    clients: Placement
    groups: Sequence[tuple[FeatureGroup, pulumi.Input[str]]]
    asking: Asking | None
    database: pulumi.Input[str]


class Streaming(pulumi.ComponentResource):
    """A stream, its archive, the function that makes features of it, and an application by setting.

    Controls: Kinesis.1, Kinesis.3, MSK.1, MSK.4, MSK.6, DataFirehose.1, Lambda.2.
    """

    source: pulumi.Output[str]
    """Name of the stream, or the addresses of Kafka's brokers."""
    archive_stream: pulumi.Output[str]
    consumer: Consumer | None

    def __init__(self, name: str, args: StreamingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Streaming", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation = args.settings, args.foundation
        is_kafka = settings.kind == "msk"
        if is_kafka:
            kafka = Kafka(
                f"{name}-kafka",
                KafkaArgs(
                    settings=settings.kafka,
                    foundation=foundation,
                    placement=args.brokers,
                    clients_group_id=args.clients.security_group_id,
                ),
                opts=child,
            )
            source_arn, self.source = kafka.cluster_arn, kafka.brokers
        else:
            kinesis = Kinesis(
                f"{name}-kinesis",
                KinesisArgs(
                    foundation=foundation,
                    shards=settings.shards if settings.capacity == "provisioned" else None,
                    retention_hours=settings.retention_hours,
                ),
                opts=child,
            )
            source_arn, self.source = kinesis.stream_arn, kinesis.stream_name
        archive = Archive(
            f"{name}-archive",
            ArchiveArgs(
                foundation=foundation,
                topics=args.topics,
                zones=args.zones,
                database=args.database,
                wait_seconds=settings.archive_seconds,
                stream_arn=None if is_kafka else source_arn,
            ),
            opts=child,
        )
        self.consumer = None
        if args.groups:
            self.consumer = Consumer(
                f"{name}-consumer",
                ConsumerArgs(
                    settings=settings.consumer,
                    foundation=foundation,
                    topics=args.topics,
                    groups=args.groups,
                    asking=args.asking,
                    source_arn=source_arn,
                    kafka=is_kafka,
                    archive=(archive.delivery_stream_name, archive.delivery_stream_arn) if is_kafka else None,
                ),
                opts=child,
            )
        if settings.flink.enabled:
            Flink(
                f"{name}-flink",
                FlinkArgs(
                    settings=settings.flink, foundation=foundation, zones=args.zones, stream_arn=source_arn
                ),
                opts=child,
            )
        self.archive_stream = archive.delivery_stream_name
        self.register_outputs({"source": self.source, "archive_stream": self.archive_stream})
