"""Where does what the job reads lie in the cloud? The model of an endpoint, and the last days' objects in S3.

A processing job's inputs are whole prefixes, known beforehand, and must not be empty: captures lie by variant
and hour, and the first run finds no state. So the job fetches what it needs itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ml.container import JobFailed


@dataclass(frozen=True)
class Champion:
    """What an endpoint serves: its variant with the most traffic, and where that one's model archive lies."""

    variant: str
    model_uri: str
    captures_uri: str | None
    """Where captures of the endpoint lie, `s3://…/<endpoint>`; None where it keeps none."""


class NotFound(JobFailed):
    """Something in the cloud that the job needs is not there or may not be read."""

    def __init__(self, what: str, why: object) -> None:
        super().__init__(
            f"{what} could not be read: {why}. Look at whether it is there (a parked endpoint is not), and "
            "whether the job's role may read it."
        )


def champion(endpoint: str) -> Champion:
    """Endpoint → configuration → model → package → archive. Raises NotFound."""
    try:
        client = _client("sagemaker")
        described = client.describe_endpoint(EndpointName=endpoint)
        config = client.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
        variant = max(config["ProductionVariants"], key=lambda one: one.get("InitialVariantWeight", 1.0))
        model = client.describe_model(ModelName=variant["ModelName"])
        container = (model.get("PrimaryContainer") or model["Containers"][0]) | {}
        uri = container.get("ModelDataUrl")
        if uri is None:
            uri = archive_of(container["ModelPackageName"])
    except _errors(KeyError, IndexError) as error:
        raise NotFound(f"What the endpoint {endpoint} serves", error) from None
    kept = config.get("DataCaptureConfig") or {}
    captures = f"{kept['DestinationS3Uri'].rstrip('/')}/{endpoint}" if kept.get("EnableCapture") else None
    return Champion(variant["VariantName"], uri, captures)


def archive_of(package: str) -> str:
    """Where the archive of a model package lies. Raises NotFound."""
    try:
        described = _client("sagemaker").describe_model_package(ModelPackageName=package)
        return str(described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
    except _errors(KeyError, IndexError) as error:
        raise NotFound(f"The model package {package}", error) from None


def outcomes_uri(group: str) -> str:
    """Where a feature group's offline store lies. Raises NotFound."""
    try:
        described = _client("sagemaker").describe_feature_group(FeatureGroupName=group)
        return str(described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]).rstrip("/")
    except _errors(KeyError) as error:
        raise NotFound(f"The feature group {group}", error) from None


def fetch_file(uri: str, folder: Path) -> Path:
    """Brings one object into a folder. Raises NotFound."""
    bucket, key = _split(uri)
    path = folder / key.rpartition("/")[2]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _client("s3").download_file(bucket, key, str(path))
    except _errors() as error:
        raise NotFound(uri, error) from None
    return path


def fetch(uri: str, folder: Path) -> int:
    """Brings everything below a prefix into a folder, if there is anything: how many objects."""
    return _fetch([f"{uri.rstrip('/')}/"], uri, folder)


def fetch_captures(uri: str, folder: Path, *, first: date, last: date, variant: str | None) -> int:
    """Brings the captures of some days, by when they were written, below `<uri>/<variant>/yyyy/mm/dd/`."""
    below = uri.rstrip("/")
    names = [variant] if variant else _folders(f"{below}/")
    prefixes = [f"{below}/{name}/{day:%Y/%m/%d}/" for name in names for day in _days(first, last)]
    return _fetch(prefixes, below, folder)


def fetch_outcomes(uri: str, folder: Path, *, first: date, last: date) -> int:
    """Brings the outcomes that were written on some days, below `<uri>/year=…/month=…/day=…/`."""
    below = uri.rstrip("/")
    return _fetch([f"{below}/{day:year=%Y/month=%m/day=%d}/" for day in _days(first, last)], below, folder)


def _fetch(prefixes: Sequence[str], below: str, folder: Path) -> int:
    from concurrent.futures import ThreadPoolExecutor

    bucket, root = _split(below)
    client = _client("s3")

    def one(key: str) -> None:
        path = folder / key.removeprefix(root).lstrip("/")
        if ".." in path.parts:
            # A key is any text: none of SageMaker's leads out of its folder.
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, key, str(path))

    try:
        keys = [key for prefix in prefixes for key in _keys(client, prefix) if not key.endswith("/")]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(one, keys))
    except _errors() as error:
        raise NotFound(below, error) from None
    return len(keys)


def _keys(client: Any, uri: str) -> Iterator[str]:
    bucket, prefix = _split(uri)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            yield item["Key"]


def _folders(uri: str) -> list[str]:
    bucket, prefix = _split(uri)
    try:
        pages = _client("s3").get_paginator("list_objects_v2")
        return [
            one["Prefix"].rstrip("/").rpartition("/")[2]
            for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
            for one in page.get("CommonPrefixes", ())
        ]
    except _errors() as error:
        raise NotFound(uri, error) from None


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _client(service: str) -> Any:
    import boto3

    connect: Any = boto3.client
    return connect(service)


def _errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError, Boto3Error, *more)
