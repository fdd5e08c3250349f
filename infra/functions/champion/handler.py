"""Champion: where is the model that a new one has to stand against? A step of the training pipeline asks.

That is the newest approved package of the group. Where there is none, or its archive lies in another stack's
bucket, which the pipeline's jobs may not read, the answer is the object NO_MODEL, which is no model: a
processing job cannot have an input that leads nowhere.
"""

import os
from typing import Any

import boto3


def handle(event: dict[str, Any], context: object) -> dict[str, str]:
    """`{"Model": S3 URI, "Package": ARN or "none"}`."""
    sagemaker = boto3.client("sagemaker")
    newest = sagemaker.list_model_packages(
        ModelPackageGroupName=os.environ["GROUP"],
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    if not newest:
        print("No package of this group is approved.")
        return _none()
    arn = str(newest[0]["ModelPackageArn"])
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    model = archive_of(package)
    if not model.startswith(f"{os.environ['MODELS']}/"):
        print(f"The archive of {arn} does not lie in {os.environ['MODELS']}: {model or 'it has none'}")
        return _none()
    print(f"The champion is {arn}, {model}")
    return {"Model": model, "Package": arn}


def archive_of(package: dict[str, Any]) -> str:
    """The S3 URI of a package's archive; empty where it has none."""
    containers = package.get("InferenceSpecification", {}).get("Containers") or [{}]
    return str(containers[0].get("ModelDataUrl") or "")


def _none() -> dict[str, str]:
    return {"Model": os.environ["NO_MODEL"], "Package": "none"}
