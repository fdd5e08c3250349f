"""Batch: the released model asked about what lies in S3, by a transform job on a schedule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Topics
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.network.placement import Placement
from infra.notifications.event_alert import EventAlert, EventAlertArgs
from infra.serving.configuration import ANSWERS, REQUESTS, folder
from infra.serving.endpoint_names import part_of
from infra.serving.release import CHAMPION, ReleaseSettings
from infra.serving.served_model import served_model
from infra.serving.settings import EndpointSettings
from infra.storage.storage import Zone
from infra.training.instances import has_local_storage

_LONGEST_NAME = 63
_EXECUTION = "<aws.scheduler.execution-id>"
_ID_LENGTH = 36
_CREATE_JOB = "aws:scheduler:::aws-sdk:sagemaker:createTransformJob"


@dataclass(frozen=True, kw_only=True)
class BatchArgs:
    """What the rest of the platform hands to batch transform. `name` is what its jobs begin with."""

    settings: EndpointSettings
    release: ReleaseSettings
    foundation: Foundation
    placement: Placement
    zones: Mapping[Zone, pulumi.Input[str]]
    topics: Topics
    name: str
    role_arn: pulumi.Input[str]


class Batch(pulumi.ComponentResource):
    """A model, and a schedule that starts a transform job by itself: no endpoint, no function.

    A job reads `captures/<name>/requests/`, one request an object, and writes `captures/<name>/answers/`. A
    failed job tells the topic `warning`.

    Controls: SageMaker.5; volumes and answers on our keys.
    """

    intended: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, args: BatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Batch", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, settings = args.foundation, args.settings
        place, keys = foundation.place, foundation.key_arns
        package = args.release.model_package_arn
        model = served_model(
            f"{name}-model-{part_of(package)}",
            package=package,
            mode="batch",
            endpoint_name=args.name,
            placement=args.placement,
            role_arn=args.role_arn,
            opts=child,
        )
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose="batch", runbook="batch-failed", foundation=foundation, topics=args.topics
            ),
            opts=child,
        )
        prefix = args.name[: _LONGEST_NAME - _ID_LENGTH - 1].rstrip("-")
        role = Role(
            f"{name}-schedule",
            RoleArgs(
                purpose="batch-schedule",
                description="Starts transform jobs",
                service="scheduler.amazonaws.com",
                statements=pulumi.Output.all(
                    model.arn, undelivered.queue_arn, keys["messages"], keys["model"]
                ).apply(lambda known: batch_statements(place, prefix, *known)),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        captures = args.zones["captures"]
        job = pulumi.Output.all(
            model.name,
            folder(captures, args.name, REQUESTS),
            folder(captures, args.name, ANSWERS),
            keys["data"],
            keys["model"],
        ).apply(lambda known: json.dumps(transform_job(settings, prefix, *known)))
        schedule = aws.scheduler.Schedule(
            f"{name}-schedule",
            name=args.name,
            description="Asks the released model about what lies in the captures zone",
            schedule_expression=settings.batch.schedule,
            schedule_expression_timezone=settings.batch.time_zone,
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=keys["messages"],
            target={
                "arn": f"arn:{place.partition}:{_CREATE_JOB.removeprefix('aws:')}",
                "role_arn": role.arn,
                "input": job,
                "dead_letter_config": {"arn": undelivered.queue_arn},
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 5},
            },
            opts=child,
        )
        EventAlert(
            f"{name}-failed",
            EventAlertArgs(
                purpose="batch-failed",
                pattern={
                    "source": ["aws.sagemaker"],
                    "detail-type": ["SageMaker Transform Job State Change"],
                    "detail": {
                        "TransformJobName": [{"prefix": f"{prefix}-"}],
                        "TransformJobStatus": ["Failed"],
                    },
                },
                says="A transform job has failed: what lay in the captures zone is not answered.",
                runbook="batch-failed",
                severity="warning",
                topics=args.topics,
                foundation=foundation,
            ),
            opts=child,
        )
        self.intended = pulumi.Output.all(model.name, schedule.name, captures).apply(
            lambda known: {
                "mode": "batch",
                "endpointConfig": None,
                "modelPackageArn": package,
                "variant": CHAMPION,
                "instanceType": settings.instance,
                "instanceCount": 0,
                "variants": [],
                "batch": {
                    "model": known[0],
                    "schedule": known[1],
                    "requests": f"s3://{known[2]}/{args.name}/{REQUESTS}",
                    "answers": f"s3://{known[2]}/{args.name}/{ANSWERS}",
                },
            }
        )
        self.register_outputs({"intended": self.intended})


def transform_job(
    settings: EndpointSettings,
    prefix: str,
    model: str,
    requests: str,
    answers: str,
    data_key: str,
    model_key: str,
) -> dict[str, Any]:
    """The request to CreateTransformJob: an object is a request, as `invoke_endpoint` takes it.

    The scheduler puts an id of its own into the name, so that no two calls make the same job.
    """
    resources: dict[str, Any] = {"InstanceType": settings.instance, "InstanceCount": 1}
    if not has_local_storage(settings.instance):
        resources["VolumeKmsKeyId"] = model_key
    return {
        "TransformJobName": f"{prefix}-{_EXECUTION}",
        "ModelName": model,
        "MaxPayloadInMB": settings.batch.record_mb,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{requests}/"}},
            "ContentType": "application/json",
            "SplitType": "None",
        },
        "TransformOutput": {"S3OutputPath": answers, "Accept": "application/json", "KmsKeyId": data_key},
        "TransformResources": resources,
    }


def batch_statements(
    place: Place, prefix: str, model_arn: str, queue: str, messages_key: str, model_key: str
) -> list[Statement]:
    """Starts jobs of this name with this model; the model's own role reads and writes."""
    return [
        Statement(
            sid="StartJobs",
            actions=["sagemaker:CreateTransformJob"],
            resources=[place.arn("sagemaker", f"transform-job/{prefix}-*"), model_arn],
        ),
        Statement(sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[queue]),
        Statement(
            sid="UseMessagesKey", actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=[messages_key]
        ),
        Statement(
            sid="EncryptVolumes",
            actions=["kms:CreateGrant"],
            resources=[model_key],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        Statement(sid="LookAtKey", actions=["kms:DescribeKey"], resources=[model_key]),
    ]
