"""Firehose: delivery streams into S3, also converted to Parquet or ORC, and to HTTP endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.aws.cloud import wait_until
from sandbox.aws.requests import build
from sandbox.aws.rows import reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "firehose"
_TOKEN = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"  # noqa: S105 - a type's
_READY_S = 600
_KEY = "EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN"
_UNSUPPORTED = (
    "elasticsearchConfiguration",
    "icebergConfiguration",
    "mskSourceConfiguration",
    "opensearchConfiguration",
    "opensearchserverlessConfiguration",
    "redshiftConfiguration",
    "snowflakeConfiguration",
    "splunkConfiguration",
)
_DESTINATIONS = {
    "extended_s3": "extendedS3Configuration",
    "http_endpoint": "httpEndpointConfiguration",
    "elasticsearch": "elasticsearchConfiguration",
    "iceberg": "icebergConfiguration",
    "opensearch": "opensearchConfiguration",
    "opensearchserverless": "opensearchserverlessConfiguration",
    "redshift": "redshiftConfiguration",
    "snowflake": "snowflakeConfiguration",
    "splunk": "splunkConfiguration",
}


def _bucket(path: str) -> dict[str, str]:
    return {
        f"{path}.bufferingInterval": "BufferingHints.IntervalInSeconds",
        f"{path}.bufferingSize": "BufferingHints.SizeInMBs",
        f"{path}.kmsKeyArn": _KEY,
    }


_S3, _HTTP = "extendedS3Configuration", "httpEndpointConfiguration"
_FORMAT = f"{_S3}.dataFormatConversionConfiguration"
_NESTED = {
    **_bucket(_S3),
    **_bucket(f"{_S3}.s3BackupConfiguration"),
    **_bucket(f"{_HTTP}.s3Configuration"),
    f"{_S3}.dynamicPartitioningConfiguration.retryDuration": "RetryOptions.DurationInSeconds",
    f"{_HTTP}.url": "EndpointConfiguration.Url",
    f"{_HTTP}.name": "EndpointConfiguration.Name",
    f"{_HTTP}.accessKey": "EndpointConfiguration.AccessKey",
    f"{_HTTP}.bufferingInterval": "BufferingHints.IntervalInSeconds",
    f"{_HTTP}.bufferingSize": "BufferingHints.SizeInMBs",
    f"{_HTTP}.retryDuration": "RetryOptions.DurationInSeconds",
    f"{_HTTP}.requestConfiguration.commonAttributes.name": "AttributeName",
    f"{_HTTP}.requestConfiguration.commonAttributes.value": "AttributeValue",
}
_NAMES = {
    "name": "DeliveryStreamName",
    _S3: "ExtendedS3DestinationConfiguration",
    _HTTP: "HttpEndpointDestinationConfiguration",
    "kinesisSourceConfiguration": "KinesisStreamSourceConfiguration",
    **_NESTED,
}
_CREATE = Call(
    operation="CreateDeliveryStream",
    sends=("name", _S3, _HTTP, "kinesisSourceConfiguration"),
    names=_NAMES,
    fills=("EndpointConfiguration",),
    adds=lambda s: _created(s),
)
_UPDATE = Call(
    operation="UpdateDestination",
    sends=(_S3, _HTTP),
    names={
        **_NESTED,
        _S3: "ExtendedS3DestinationUpdate",
        f"{_S3}.s3BackupConfiguration": "S3BackupUpdate",
        _HTTP: "HttpEndpointDestinationUpdate",
        f"{_HTTP}.s3Configuration": "S3Update",
    },
)


def _created(subject: Subject) -> Params:
    kind = "KinesisStreamAsSource" if subject.inputs.get("kinesisSourceConfiguration") else "DirectPut"
    encryption = subject.inputs.get("serverSideEncryption") or {}
    added: Params = {"DeliveryStreamType": kind}
    if encryption.get("enabled"):
        added["DeliveryStreamEncryptionConfigurationInput"] = _encryption(encryption)
    return added


def _encryption(setting: PropertyMap) -> Params:
    key = {"KeyARN": setting["keyArn"]} if setting.get("keyArn") else {}
    return {"KeyType": setting.get("keyType") or "AWS_OWNED_CMK", **key}


def _name(subject: Subject) -> Params:
    return {"DeliveryStreamName": subject.id.rsplit("/", 1)[-1]}


_describe = reading(_SERVICE, "DescribeDeliveryStream", _name, "DeliveryStreamDescription")


def _settle(subject: Subject) -> None:
    wait_until(
        lambda: (_describe(subject) or {}).get("DeliveryStreamStatus") == "ACTIVE",
        _READY_S,
        f"the delivery stream {subject.id}",
        subject.cloud.cancelled,
    )


def _update_destination(subject: Subject) -> None:
    found: dict[str, Any] = _describe(subject) or {}
    shape = subject.cloud.operation(_SERVICE, _UPDATE.operation).input_shape
    params = {
        **build(_UPDATE, shape, subject.inputs).params,
        **_name(subject),
        "CurrentDeliveryStreamVersionId": found["VersionId"],
        "DestinationId": found["Destinations"][0]["DestinationId"],
    }
    subject.cloud.call(_SERVICE, _UPDATE.operation, params)


def _encrypt(subject: Subject) -> None:
    setting = subject.inputs.get("serverSideEncryption") or {}
    if setting.get("enabled"):
        params = {"DeliveryStreamEncryptionConfigurationInput": _encryption(setting)}
        subject.cloud.call(_SERVICE, "StartDeliveryStreamEncryption", {**_name(subject), **params})
    else:
        subject.cloud.call(_SERVICE, "StopDeliveryStreamEncryption", _name(subject))


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    destination = inputs.get("destination")
    if not isinstance(destination, str):
        return
    wanted = _DESTINATIONS.get(destination)
    if wanted is None:
        known = ", ".join(sorted(_DESTINATIONS))
        yield CheckFailure("destination", f"{destination!r} is not one of {known}")
        return
    if inputs.get(wanted) is None:
        yield CheckFailure(wanted, f"is required for the destination {destination} and was not given")
    for name in _DESTINATIONS.values():
        if name != wanted and inputs.get(name) is not None:
            yield CheckFailure(name, f"does not belong to the destination {destination}")
    if inputs.get("kinesisSourceConfiguration") and (inputs.get("serverSideEncryption") or {}).get("enabled"):
        yield CheckFailure(
            "serverSideEncryption", "cannot be enabled where a Kinesis stream is the source (it encrypts)"
        )
    yield from _check_conversion(inputs.get(_S3))


def _check_conversion(target: Any) -> Iterable[CheckFailure]:
    """Firehose developer guide: record format conversion takes at least 64 MiB, and compresses itself."""
    conversion = target.get("dataFormatConversionConfiguration") if isinstance(target, dict) else None
    if not isinstance(conversion, dict) or conversion.get("enabled") is False:
        return
    size = target.get("bufferingSize", 5)
    if isinstance(size, (int, float)) and size < 64:
        yield CheckFailure(f"{_S3}.bufferingSize", f"{size:g} is less than the 64 that conversion needs")
    if target.get("compressionFormat") not in (None, "UNCOMPRESSED"):
        yield CheckFailure(f"{_S3}.compressionFormat", "must be UNCOMPRESSED: the conversion compresses")


def _arn(subject: Subject) -> str:
    return subject.cloud.arn(_SERVICE, f"deliverystream/{subject.inputs['name']}")


DELIVERY_STREAM = ResourceType(
    type=_TOKEN,
    service=_SERVICE,
    tier="overlay",
    create=_CREATE,
    id=_arn,
    read=_describe,
    delete=Call(operation="DeleteDeliveryStream", sends=(), adds=_name),
    steps=(
        Step(on=(), do=_settle),
        Step(on=(_S3, _HTTP), do=_update_destination, at_create=False),
        Step(on=("serverSideEncryption",), do=_encrypt, at_create=False),
    ),
    outputs={
        "arn": "DeliveryStreamARN",
        "destinationId": "Destinations.0.DestinationId",
        "versionId": "VersionId",
    },
    echoes={"name": "DeliveryStreamName"},
    known_id=_arn,
    exclusive=True,
    auto_name=AutoName(prefix_property=None, limit=64),
    tags=Tags(
        set="TagDeliveryStream",
        unset="UntagDeliveryStream",
        target=_name,
        list="ListTagsForDeliveryStream",
    ),
    unsupported=("arn", "destinationId", "versionId", *_UNSUPPORTED),
    checked=(_UPDATE,),
    volatile=("versionId", "destinationId"),
    checks=_check,
)

TYPES = (DELIVERY_STREAM,)
