"""Models, groups, packages and tags are kept whole, and refused as the service refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def package(cloud: Any, group: str, **more: Any) -> str:
    container = {
        "Image": cloud.image,
        "ModelDataUrl": cloud.put("registry/model.tar.gz", cloud.model_archive()),
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    }
    answer = cloud.sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        **more,
    )
    return str(answer["ModelPackageArn"])


def test_packages_are_numbered_and_a_number_is_never_used_twice(cloud: Any) -> None:
    sagemaker = cloud.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName="numbered")
    first, second = package(cloud, "numbered"), package(cloud, "numbered")
    assert [arn.rpartition("/")[2] for arn in (first, second)] == ["1", "2"]
    sagemaker.delete_model_package(ModelPackageName=second)
    assert package(cloud, "numbered").endswith("/numbered/3")


def test_the_newest_approved_package_is_found(cloud: Any) -> None:
    sagemaker = cloud.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName="approved")
    arns = [package(cloud, "approved", CustomerMetadataProperties={"inputs": str(n)}) for n in range(3)]
    sagemaker.update_model_package(
        ModelPackageArn=arns[1], ModelApprovalStatus="Approved", CustomerMetadataProperties={"by": "me"}
    )
    found = sagemaker.list_model_packages(
        ModelPackageGroupName="approved", ModelApprovalStatus="Approved", SortBy="CreationTime"
    )["ModelPackageSummaryList"]
    assert [entry["ModelPackageArn"] for entry in found] == [arns[1]]
    newest = sagemaker.list_model_packages(ModelPackageGroupName="approved", MaxResults=1)
    assert newest["ModelPackageSummaryList"][0]["ModelPackageArn"] == arns[2]
    described = sagemaker.describe_model_package(ModelPackageName=arns[1])
    assert described["CustomerMetadataProperties"] == {"inputs": "1", "by": "me"}
    assert described["ModelPackageVersion"] == 2


def test_a_package_that_nobody_approved_is_not_deployed(cloud: Any) -> None:
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName="pending")
    arn = package(cloud, "pending")
    with pytest.raises(ClientError, match="PendingManualApproval; approve it first"):
        cloud.sagemaker.create_model(ModelName="pending", PrimaryContainer={"ModelPackageName": arn})


def test_a_group_with_packages_is_not_deleted(cloud: Any) -> None:
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName="full")
    arn = package(cloud, "full")
    with pytest.raises(ClientError, match="still holds model packages"):
        cloud.sagemaker.delete_model_package_group(ModelPackageGroupName="full")
    cloud.sagemaker.delete_model_package(ModelPackageName=arn)
    cloud.sagemaker.delete_model_package_group(ModelPackageGroupName="full")
    with pytest.raises(ClientError, match="does not exist"):
        cloud.sagemaker.describe_model_package_group(ModelPackageGroupName="full")


def test_a_model_keeps_every_member_of_its_request(cloud: Any) -> None:
    data = cloud.put("registry/model.tar.gz", cloud.model_archive())
    request = {
        "ModelName": "whole",
        "PrimaryContainer": {"Image": cloud.image, "ModelDataUrl": data, "Environment": {"A": "b"}},
        "ExecutionRoleArn": cloud.role,
        "EnableNetworkIsolation": True,
        "VpcConfig": {"Subnets": ["subnet-1234"], "SecurityGroupIds": ["sg-12345"]},
    }
    cloud.sagemaker.create_model(**request, Tags=[{"Key": "Project", "Value": "delays"}])
    described = cloud.sagemaker.describe_model(ModelName="whole")
    assert {name: described[name] for name in request} == request
    arn = described["ModelArn"]
    assert arn.endswith(":model/whole")
    cloud.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "Owner", "Value": "me"}])
    cloud.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["Project"])
    assert cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "Owner", "Value": "me"}]
    with pytest.raises(ClientError, match="Cannot create already existing model"):
        cloud.sagemaker.create_model(**request)


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("describe_model", {"ModelName": "nobody"}, 'Could not find model "arn:aws:sagemaker:'),
        ("delete_endpoint", {"EndpointName": "nobody"}, 'Could not find endpoint "arn:aws:sagemaker:'),
        (
            "describe_endpoint_config",
            {"EndpointConfigName": "nobody"},
            'Could not find endpoint configuration "arn:aws:sagemaker:',
        ),
        ("describe_training_job", {"TrainingJobName": "nobody"}, "Requested resource not found"),
    ],
)
def test_what_is_not_there_is_told_in_the_services_words(
    cloud: Any, operation: str, request_: dict[str, str], words: str
) -> None:
    with pytest.raises(ClientError, match=words) as refused:
        getattr(cloud.sagemaker, operation)(**request_)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_model_data_that_is_not_there_is_refused(cloud: Any) -> None:
    container = {"Image": cloud.image, "ModelDataUrl": f"s3://{cloud.bucket}/nothing.tar.gz"}
    with pytest.raises(ClientError, match=r"Could not find model data at s3://models/nothing.tar.gz"):
        cloud.sagemaker.create_model(ModelName="empty", PrimaryContainer=container)


def test_a_listing_is_paged(cloud: Any) -> None:
    for number in range(5):
        cloud.sagemaker.create_model_package_group(ModelPackageGroupName=f"page-{number}")
    pages = cloud.sagemaker.get_paginator("list_model_package_groups").paginate(
        NameContains="page-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    names = [[g["ModelPackageGroupName"] for g in page["ModelPackageGroupSummaryList"]] for page in pages]
    assert names == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]
