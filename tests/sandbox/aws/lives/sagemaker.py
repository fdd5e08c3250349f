"""The lives of the types of `sagemaker`."""

from __future__ import annotations

import base64
import io
import json
import tarfile

from lives.life import Life, Make, a_bucket, a_role
from sandbox.aws.images import registry_of
from sandbox.engine.values import PropertyMap

IMAGE = (
    f"{registry_of('sagemaker-xgboost', 'eu-west-1')}.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"
)
_INFERENCE = b"""
def model_fn(folder):
    return 1

def input_fn(body, content_type):
    return body

def predict_fn(data, model):
    return model

def output_fn(prediction, accept):
    return str(prediction), "application/json"
"""


def packed(name: str, content: bytes) -> str:
    """An archive of one file, as base64."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return base64.b64encode(written.getvalue()).decode()


def _model(make: Make) -> PropertyMap:
    held = a_bucket(make)
    make(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "archive",
        {"bucket": held, "key": "model.tar.gz", "contentBase64": packed("code/inference.py", _INFERENCE)},
    )
    return {
        "executionRoleArn": a_role(make)["arn"],
        "enableNetworkIsolation": True,
        "primaryContainer": {
            "image": IMAGE,
            "modelDataUrl": f"s3://{held}/model.tar.gz",
            "environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
    }


def _variant(make: Make) -> PropertyMap:
    return {
        "variantName": "live",
        "modelName": make("aws:sagemaker/model:Model", "model", _model(make))["name"],
        "instanceType": "ml.m5.large",
        "initialInstanceCount": 2,
        "initialVariantWeight": 1.0,
    }


def _endpoint_config(make: Make) -> PropertyMap:
    return {
        "productionVariants": [_variant(make)],
        "dataCaptureConfig": {
            "enableCapture": True,
            "initialSamplingPercentage": 100,
            "destinationS3Uri": "s3://captures/live",
            "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
            "captureContentTypeHeader": {"jsonContentTypes": ["application/json"]},
        },
    }


_STOP = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "on purpose"}}
_PIPELINE = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": [_STOP]}


LIVES = [
    Life(
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        lambda _: {"modelPackageGroupName": "flights", "modelPackageGroupDescription": "delays"},
        {"tags": {"a": "b"}},
        {"modelPackageGroupDescription": "other"},
    ),
    Life(
        "aws:sagemaker/pipeline:Pipeline",
        lambda make: {
            "pipelineName": "train",
            "pipelineDisplayName": "train",
            "pipelineDefinition": json.dumps(_PIPELINE),
            "roleArn": a_role(make)["arn"],
        },
        {"pipelineDefinition": json.dumps({**_PIPELINE, "Metadata": {"a": "b"}})},
        {"pipelineName": "other"},
    ),
    Life("aws:sagemaker/model:Model", _model, {"tags": {"a": "b"}}, {"enableNetworkIsolation": False}),
    Life(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        _endpoint_config,
        {"tags": {"a": "b"}},
        {"executionRoleArn": "arn:aws:iam::123456789012:role/other"},
    ),
    Life(
        "aws:sagemaker/endpoint:Endpoint",
        lambda make: {
            "endpointConfigName": make(
                "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "live", _endpoint_config(make)
            )["name"],
            "deploymentConfig": {
                "blueGreenUpdatePolicy": {
                    "trafficRoutingConfiguration": {
                        "type": "CANARY",
                        "waitIntervalInSeconds": 60,
                        "canarySize": {"type": "CAPACITY_PERCENT", "value": 10},
                    },
                    "terminationWaitInSeconds": 60,
                },
                "autoRollbackConfiguration": {"alarms": [{"alarmName": "errors"}]},
            },
        },
        {"tags": {"a": "b"}},
        {"name": "other"},
    ),
]
