"""Consumer: the function that writes events to the features, and how the stream hands them to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.data.declared import EVENT_TIME, FeatureGroup
from infra.data.questions import (
    Asking,
    Questions,
    QuestionsArgs,
    QuestionSettings,
    code_of,
    namespace_of,
)
from infra.data.stream import TOPIC
from infra.foundation.alarm import Topics, alarm
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.settings.block import Settings

PURPOSE = "consumer"


class ConsumerSettings(Settings):
    """`groundplan:streaming.consumer`: in which batches events are written, and how often it is tried."""

    batch: int = Field(default=1000, ge=1, le=1000, description="Events at a time, at most.")
    window_seconds: int = Field(
        default=5, ge=0, le=300, description="Seconds that a batch waits to be filled."
    )
    parallel: int = Field(
        default=1,
        ge=1,
        le=10,
        description="Batches of one shard at a time; 1 where the use case asks the model.",
    )
    retries: int = Field(default=5, ge=0, le=1000, description="Tries again until a batch is given up.")
    age_alarm_minutes: int = Field(
        default=10, ge=1, le=1440, description="Age of an unread event that tells of a consumer that lags."
    )
    questions: QuestionSettings = QuestionSettings()


@dataclass(frozen=True, kw_only=True)
class ConsumerArgs:
    """What streaming hands to the consumer. `groups`: a declared group with the name of its feature group.

    `asking` is none where events are features as they stand. `source_arn` is a stream of Kinesis, or with
    `kafka` a cluster of MSK. `archive` is the name and ARN of a delivery stream that the consumer puts events
    to, where that does not read the source by itself.
    """

    settings: ConsumerSettings
    foundation: Foundation
    topics: Topics
    groups: Sequence[tuple[FeatureGroup, pulumi.Input[str]]]
    asking: Asking | None
    source_arn: pulumi.Input[str]
    kafka: bool
    archive: tuple[pulumi.Input[str], pulumi.Input[str]] | None = None


class Consumer(pulumi.ComponentResource):
    """A function on the stream: failures by record, halves of a batch, a queue for what is given up.

    Controls: Lambda.2; least privilege, dead letters, alarms on age and errors.
    """

    function_name: pulumi.Output[str]
    undelivered_url: pulumi.Output[str]

    def __init__(self, name: str, args: ConsumerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Consumer", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place, settings = args.foundation, args.foundation.place, args.settings
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose="events", runbook="events-undelivered", foundation=foundation, topics=args.topics
            ),
            opts=child,
        )
        archive_name, archive_arn = args.archive or (None, None)
        questions = None
        if args.asking is not None:
            questions = Questions(
                f"{name}-questions",
                QuestionsArgs(
                    asking=args.asking,
                    settings=settings.questions,
                    foundation=foundation,
                    topics=args.topics,
                ),
                opts=child,
            )
        statements = pulumi.Output.all(
            source=args.source_arn,
            key=foundation.key_arns["data"],
            groups=[group for _, group in args.groups],
            archive=archive_arn,
            asking=questions.statements if questions is not None else [],
        ).apply(
            lambda known: [
                *consumer_statements(
                    place, known["source"], known["key"], known["groups"], args.kafka, known["archive"]
                ),
                *known["asking"],
            ]
        )
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose=PURPOSE,
                description="Writes events to the feature groups",
                foundation=foundation,
                statements=statements,
                code=code_of(args.asking),
                handler="ml.streaming.handler",
                environment={
                    "METRICS": namespace_of(place),
                    "GROUPS": pulumi.Output.all(*[group for _, group in args.groups]).apply(
                        lambda names: groups_document([group for group, _ in args.groups], names)
                    ),
                    "UNDELIVERED_URL": undelivered.queue_url,
                    **({"ARCHIVE": archive_name} if archive_name is not None else {}),
                    **(questions.environment if questions is not None else {}),
                },
                undelivered_arn=undelivered.queue_arn,
                timeout_seconds=60,
                memory_mb=256 if questions is None else 512,
            ),
            opts=child,
        )
        aws.lambda_.EventSourceMapping(
            f"{name}-mapping",
            event_source_arn=args.source_arn,
            function_name=function.function_name,
            starting_position="TRIM_HORIZON",
            batch_size=settings.batch,
            maximum_batching_window_in_seconds=settings.window_seconds,
            destination_config={"on_failure": {"destination_arn": undelivered.queue_arn}},
            **_by_source(settings, args.kafka, place),
            # Lambda looks whether the role may read the source: `arn` waits for its policy.
            opts=child,
        )
        watched: dict[str, Any] = {
            "topics": args.topics,
            "foundation": foundation,
            "namespace": "AWS/Lambda",
            "dimensions": {"FunctionName": f"{place.prefix}-{PURPOSE}"},
            "comparison_operator": "GreaterThanThreshold",
            "period": 60,
            "opts": child,
        }
        alarm(
            f"{name}-age",
            name=f"{place.prefix}-{PURPOSE}-age",
            says=f"Events wait for {settings.age_alarm_minutes} minutes and more until they are features.",
            runbook="events-lag",
            severity="warning",
            metric_name="OffsetLag" if args.kafka else "IteratorAge",
            statistic="Maximum",
            threshold=10_000 if args.kafka else settings.age_alarm_minutes * 60_000,
            evaluation_periods=3,
            **watched,
        )
        alarm(
            f"{name}-errors",
            name=f"{place.prefix}-{PURPOSE}-errors",
            says="The function that writes events to the features fails.",
            runbook="events-lag",
            severity="warning",
            metric_name="Errors",
            statistic="Sum",
            threshold=0,
            evaluation_periods=3,
            **watched,
        )
        self.function_name = function.function_name
        self.undelivered_url = undelivered.queue_url
        self.register_outputs({"function_name": self.function_name, "undelivered_url": self.undelivered_url})


def _by_source(settings: ConsumerSettings, kafka: bool, place: Place) -> dict[str, Any]:
    """What a mapping says of its source alone: Kafka's knows no shards, and gives a batch up by no count."""
    if kafka:
        return {
            "topics": [TOPIC],
            "amazon_managed_kafka_event_source_config": {"consumer_group_id": f"{place.prefix}-{PURPOSE}"},
        }
    return {
        "parallelization_factor": settings.parallel,
        "bisect_batch_on_function_error": True,
        "maximum_retry_attempts": settings.retries,
        "function_response_types": ["ReportBatchItemFailures"],
    }


def groups_document(groups: Sequence[FeatureGroup], names: Sequence[str]) -> str:
    """What the function knows of the groups: type of event → feature group and its features, as JSON."""
    told: Mapping[str, Any] = {
        group.event: {
            "name": name,
            "entity": group.entity,
            "event_time": EVENT_TIME,
            "features": dict(group.features),
        }
        for group, name in zip(groups, names, strict=True)
    }
    return json.dumps(told, sort_keys=True)


def consumer_statements(
    place: Place, source: str, key: str, groups: Sequence[str], kafka: bool, archive: str | None
) -> list[Statement]:
    """What the function may do: read its source, write its groups.

    Sources: Lambda guide, "Configure permissions" for Kinesis and for Amazon MSK.
    """
    statements = [
        Statement(
            sid="WriteFeatures",
            # In batches, or one by one where the function's own boto3 is too old for that.
            actions=["sagemaker:BatchWriteRecord", "sagemaker:PutRecord"],
            resources=[place.arn("sagemaker", f"feature-group/{group}") for group in groups],
        ),
        Statement(sid="UseDataKey", actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=[key]),
        Statement(
            sid="CountEvents",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            any_resource_because="metrics have no ARN; the condition names the namespace",
            conditions={"StringEquals": {"cloudwatch:namespace": namespace_of(place)}},
        ),
    ]
    if archive:
        statements.append(
            Statement(sid="FillArchive", actions=["firehose:PutRecordBatch"], resources=[archive])
        )
    if not kafka:
        return [
            *statements,
            Statement(
                sid="ReadEvents",
                actions=[
                    "kinesis:DescribeStream",
                    "kinesis:DescribeStreamSummary",
                    "kinesis:GetRecords",
                    "kinesis:GetShardIterator",
                    "kinesis:ListShards",
                ],
                resources=[source],
            ),
        ]
    parts = source.partition(":cluster/")
    return [
        *statements,
        Statement(
            sid="KnowCluster",
            actions=["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
            resources=[source],
        ),
        Statement(
            sid="ReadEvents",
            actions=[
                "kafka-cluster:AlterGroup",
                "kafka-cluster:Connect",
                "kafka-cluster:DescribeClusterDynamicConfiguration",
                "kafka-cluster:DescribeGroup",
                "kafka-cluster:DescribeTopic",
                "kafka-cluster:ReadData",
            ],
            resources=[
                source,
                f"{parts[0]}:topic/{parts[2]}/{TOPIC}",
                f"{parts[0]}:group/{parts[2]}/{place.prefix}-{PURPOSE}",
            ],
        ),
        Statement(
            sid="StandInNetwork",
            actions=[
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
            any_resource_because="Lambda asks for them unbound, for what reads the cluster (Lambda guide)",
        ),
    ]
