"""The model registry as the command reads it: packages, what they were trained from, their metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ops.errors import NoModelError, NotApprovedError
from ops.session import Session

APPROVED = "Approved"
PENDING = "PendingManualApproval"
REJECTED = "Rejected"


@dataclass(frozen=True)
class ModelPackage:
    """One version in a model package group."""

    arn: str
    version: int
    approval: str
    inputs: str
    """The fingerprint of what it was trained from; empty where nobody noted it."""
    quality: str
    """S3 URI of its metrics; empty where there are none."""
    image: str
    """URI of the image that serves it; empty where it names none."""
    model: str
    """S3 URI of its archive; empty where it names none."""

    @property
    def name(self) -> str:
        """`<group>/<version>`."""
        return self.arn.split(":model-package/", 1)[-1]


def packages(session: Session, group: str) -> Iterator[ModelPackage]:
    """The group's packages, newest first."""
    sagemaker = session.client("sagemaker")
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    found = [one for page in pages for one in page["ModelPackageSummaryList"]]
    for one in sorted(found, key=lambda one: int(one.get("ModelPackageVersion", 0)), reverse=True):
        yield _package(sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"]))


def package(session: Session, arn: str) -> ModelPackage:
    """One package by its ARN."""
    return _package(session.client("sagemaker").describe_model_package(ModelPackageName=arn))


def choose(session: Session, group: str, version: int | None, approval: str) -> ModelPackage:
    """The newest package of that approval status, or the version asked for. Raises `NoModelError`."""
    for one in packages(session, group):
        if version is not None and one.version != version:
            continue
        if version is not None or one.approval == approval:
            return one
    what = f"version {version}" if version is not None else f"package that is {approval}"
    raise NoModelError(group, what, f"train one: groundplan train {session.stack}")


def require_approved(one: ModelPackage, stack: str) -> ModelPackage:
    """The package where it may be released. Raises `NotApprovedError`."""
    if one.approval != APPROVED:
        raise NotApprovedError(one.arn, one.approval, stack)
    return one


def metrics(session: Session, one: ModelPackage) -> Mapping[str, float]:
    """The package's quality metrics by name (`pr_auc`, `auc`, …); empty where it has none.

    The file has SageMaker's model-quality form: `{"binary_classification_metrics": {"auc": {"value": .81}}}`.
    """
    if not one.quality:
        return {}
    where = urlsplit(one.quality)
    body = session.client("s3").get_object(Bucket=where.netloc, Key=where.path.lstrip("/"))["Body"].read()
    found: dict[str, float] = {}
    for kind, values in json.loads(body).items():
        if kind.endswith("_metrics") and isinstance(values, dict):
            for name, entry in values.items():
                value = entry.get("value") if isinstance(entry, dict) else None
                if isinstance(value, int | float):
                    found[name] = float(value)
    return found


def _package(answer: Mapping[str, Any]) -> ModelPackage:
    statistics = (answer.get("ModelMetrics") or {}).get("ModelQuality", {}).get("Statistics", {})
    containers = (answer.get("InferenceSpecification") or {}).get("Containers") or []
    return ModelPackage(
        arn=answer["ModelPackageArn"],
        version=int(answer.get("ModelPackageVersion", 0)),
        approval=answer.get("ModelApprovalStatus", ""),
        inputs=(answer.get("CustomerMetadataProperties") or {}).get("inputs", ""),
        quality=statistics.get("S3Uri", ""),
        image=str(containers[0].get("Image", "")) if containers else "",
        model=str(containers[0].get("ModelDataUrl", "")) if containers else "",
    )
