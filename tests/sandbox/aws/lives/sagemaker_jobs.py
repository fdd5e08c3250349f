"""The lives of SageMaker's jobs."""

from __future__ import annotations

from lives.life import Life, Make, a_bucket, a_role
from lives.sagemaker import IMAGE, packed
from sandbox.engine.values import PropertyMap

_PROGRAM = b"print('validation-logloss=0.5', flush=True)"


def _training(make: Make) -> PropertyMap:
    return {
        "trainingJobName": "first",
        "roleArn": a_role(make)["arn"],
        "algorithmSpecification": {"trainingImage": IMAGE, "trainingInputMode": "File"},
        "outputDataConfig": {"s3OutputPath": f"s3://{a_bucket(make)}/out"},
        "resourceConfig": {"instanceType": "ml.m5.large", "instanceCount": 1, "volumeSizeInGb": 10},
        "stoppingCondition": {"maxRuntimeInSeconds": 600},
        "hyperParameters": {"max_depth": "3"},
    }


def _tuning(make: Make) -> PropertyMap:
    training = _training(make)
    place = {"bucket": training["outputDataConfig"]["s3OutputPath"].split("/")[2], "key": "code.tar.gz"}
    make(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "code",
        {**place, "contentBase64": packed("train.py", _PROGRAM)},
    )
    named = ("roleArn", "outputDataConfig", "resourceConfig", "stoppingCondition")
    return {
        "config": {
            "strategy": "Bayesian",
            "objective": {"metricName": "validation:logloss", "type": "Minimize"},
            "resourceLimits": {"maxNumberOfTrainingJobs": 2, "maxParallelTrainingJobs": 1},
            "parameterRanges": {
                "integerParameterRanges": [{"name": "max_depth", "minValue": "2", "maxValue": "4"}]
            },
        },
        "trainingJobDefinition": {
            "algorithmSpecification": {
                **training["algorithmSpecification"],
                "metricDefinitions": [
                    {"name": "validation:logloss", "regex": "validation-logloss=([0-9.]+)"}
                ],
            },
            "staticHyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": f"s3://{place['bucket']}/{place['key']}",
            },
            **{name: training[name] for name in named},
        },
    }


LIVES = [
    Life(
        "aws:sagemaker/trainingJob:TrainingJob",
        _training,
        {"tags": {"a": "b"}},
        {"hyperParameters": {"max_depth": "4"}},
    ),
    Life(
        "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob",
        _tuning,
        None,
        {"name": "other"},
    ),
]
