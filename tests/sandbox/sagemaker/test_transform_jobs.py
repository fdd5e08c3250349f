"""Transform jobs ask the model for each record of their input, and leave the answers beside it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.sagemaker.batches import Cutting, RecordTooLargeError, assembled

COUNTS = """
def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    text = body.decode() if isinstance(body, bytes) else body
    if "bad" in text:
        raise ValueError("a bad record")
    return f"{len(text.splitlines())} of {content_type}", "text/plain"
"""


@pytest.fixture(scope="module")
def model(cloud: Any) -> str:
    data = cloud.put("counts/model.tar.gz", cloud.archive({"code/inference.py": COUNTS}))
    container = {
        "Image": cloud.image,
        "ModelDataUrl": data,
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    }
    cloud.sagemaker.create_model(ModelName="counts", PrimaryContainer=container, ExecutionRoleArn=cloud.role)
    return "counts"


def request(cloud: Any, name: str, source: str, **more: Any) -> dict[str, Any]:
    place = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{cloud.bucket}/{source}"}}
    return {
        "TransformJobName": name,
        "ModelName": "counts",
        "TransformInput": {"DataSource": place, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": f"s3://{cloud.bucket}/{name}", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


def transformed(cloud: Any, name: str) -> dict[str, Any]:
    sagemaker = cloud.sagemaker
    return dict(
        cloud.until(
            lambda: sagemaker.describe_transform_job(TransformJobName=name),
            "TransformJobStatus",
            "Completed",
            "Failed",
            "Stopped",
        )
    )


def test_each_object_gets_an_answer_beside_its_name(cloud: Any, model: str) -> None:
    cloud.put("in/a.csv", "1,2\n3,4\n5,6\n")
    cloud.put("in/deep/b.csv", "7,8\n")
    cloud.sagemaker.create_transform_job(**request(cloud, "many", "in/"))
    cloud.sagemaker.create_transform_job(**request(cloud, "single", "in/", BatchStrategy="SingleRecord"))
    assert transformed(cloud, "many")["TransformJobStatus"] == "Completed"
    assert transformed(cloud, "single")["TransformJobStatus"] == "Completed"
    assert cloud.keys("many/") == ["many/a.csv.out", "many/deep/b.csv.out"]
    assert cloud.read("many/a.csv.out") == b"3 of text/csv\n"
    assert cloud.read("single/a.csv.out") == b"1 of text/csv\n" * 3
    listed = cloud.sagemaker.list_transform_jobs(StatusEquals="Completed")["TransformJobSummaries"]
    assert {one["TransformJobName"] for one in listed} == {"many", "single"}


def test_a_record_that_the_model_refuses_fails_the_job(cloud: Any, model: str) -> None:
    cloud.put("wrong/a.csv", "bad\n")
    cloud.sagemaker.create_transform_job(**request(cloud, "refused", "wrong/"))
    job = transformed(cloud, "refused")
    assert job["TransformJobStatus"] == "Failed"
    assert "a bad record" in job["FailureReason"]
    assert cloud.keys("refused/") == []


def test_a_pipeline_transforms(cloud: Any, model: str) -> None:
    cloud.put("piped-in/a.csv", "1\n2\n")
    arguments = request(cloud, "", "piped-in/")
    del arguments["TransformJobName"]
    arguments["TransformOutput"]["S3OutputPath"] = f"s3://{cloud.bucket}/piped"
    steps = [{"Name": "Score", "Type": "Transform", "Arguments": arguments}]
    cloud.sagemaker.create_pipeline(
        PipelineName="scores",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": steps}),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=cloud.role,
    )
    arn = cloud.sagemaker.start_pipeline_execution(PipelineName="scores")["PipelineExecutionArn"]
    cloud.until(
        lambda: cloud.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        "PipelineExecutionStatus",
        "Succeeded",
    )
    assert cloud.read("piped/a.csv.out") == b"2 of text/csv\n"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ModelName": "nobody"}, "Could not find model"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "leave DataProcessing out"),
    ],
)
def test_what_cannot_be_transformed_is_refused(
    cloud: Any, model: str, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(ClientError, match=told):
        cloud.sagemaker.create_transform_job(**{**request(cloud, "wrong", "in/"), **wrong})


def test_records_are_cut_to_fit() -> None:
    lines = b"aaaa\nbbbb\ncccc\n"
    assert list(Cutting("Line", "MultiRecord", 10).requests(lines)) == [b"aaaa\nbbbb", b"cccc"]
    assert list(Cutting("Line", "SingleRecord", 10).requests(lines)) == [b"aaaa", b"bbbb", b"cccc"]
    assert list(Cutting("None", "MultiRecord", 100).requests(lines)) == [lines]
    with pytest.raises(RecordTooLargeError):
        list(Cutting("Line", "MultiRecord", 3).requests(lines))
    assert assembled([b"1", b"2\n"], "Line") == b"1\n2\n"
    assert assembled([b"1", b"2"], "None") == b"12"
