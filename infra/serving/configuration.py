"""What does an endpoint configuration say? Its variants, what is captured, and where answers go."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra.serving.settings import EndpointSettings
from infra.serving.variants import Variant

REQUESTS = "requests"
"""Folder below the endpoint's in the captures zone that asynchronous and batch requests lie in."""
ANSWERS = "answers"
"""Folder beside it for what comes of them."""
_FAILED = "failed"


def variant_inputs(one: Variant, model: pulumi.Input[str], settings: EndpointSettings) -> Any:
    """A variant as the provider takes it: on instances, or serverless."""
    common = {"variant_name": one.name, "model_name": model, "initial_variant_weight": one.weight}
    if settings.mode == "serverless":
        chosen = settings.serverless
        memory = {"memory_size_in_mb": chosen.memory_mb, "max_concurrency": chosen.max_concurrency}
        if chosen.provisioned_concurrency is not None:
            memory["provisioned_concurrency"] = chosen.provisioned_concurrency
        return {**common, "serverless_config": memory}
    return {**common, "instance_type": settings.instance, "initial_instance_count": one.instances}


def capture(
    settings: EndpointSettings, endpoint: str, bucket: pulumi.Input[str], key: pulumi.Input[str]
) -> Any:
    """Requests and answers, kept for monitoring; of real-time endpoints alone, as SageMaker has it."""
    if settings.mode != "realTime":
        return None
    return {
        "enable_capture": True,
        "initial_sampling_percentage": settings.capture_percent,
        "destination_s3_uri": folder(bucket, endpoint),
        "kms_key_id": key,
        "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        "capture_content_type_header": {
            "csv_content_types": ["text/csv"],
            "json_content_types": ["application/json"],
        },
    }


def later(
    settings: EndpointSettings,
    endpoint: str,
    bucket: pulumi.Input[str],
    key: pulumi.Input[str],
    topics: Mapping[str, pulumi.Input[str]],
) -> Any:
    """Where an asynchronous endpoint puts its answers, and whom it tells."""
    return {
        "client_config": {
            "max_concurrent_invocations_per_instance": settings.asynchronous.concurrent_per_instance
        },
        "output_config": {
            "s3_output_path": folder(bucket, endpoint, ANSWERS),
            "s3_failure_path": folder(bucket, endpoint, _FAILED),
            "kms_key_id": key,
            "notification_config": {"success_topic": topics["answered"], "error_topic": topics["failed"]},
        },
    }


def folder(bucket: pulumi.Input[str], *parts: str) -> pulumi.Output[str]:
    """`s3://<bucket>/<parts>`, without a slash at the end."""
    return pulumi.Output.concat("s3://", bucket, "/", "/".join(parts))


def contents(settings: EndpointSettings, chosen: Sequence[Variant]) -> tuple[object, ...]:
    """What makes a configuration another one, besides the resources that it names."""
    common: tuple[object, ...] = tuple(
        (one.name, one.model_package_arn, one.weight, one.instances) for one in chosen
    )
    match settings.mode:
        case "serverless":
            return ("serverless", *common, settings.serverless.model_dump(mode="json"))
        case "asynchronous":
            waiting = settings.asynchronous.concurrent_per_instance
            return ("asynchronous", *common, settings.instance, waiting)
        case _:
            return (*common, settings.instance, settings.capture_percent)
