"""From data to an answer: a pipeline trains and registers a model, and an endpoint serves it."""

from __future__ import annotations

import json
import uuid
from typing import Any

BUCKET = "models"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"

TRAIN = """
import argparse, json, os, pathlib, shutil
import numpy, xgboost
parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int)
parser.add_argument("--checkpoints")
arguments = parser.parse_args()
data = numpy.loadtxt(os.environ["SM_CHANNEL_TRAIN"] + "/rows.csv", delimiter=",")
matrix = xgboost.DMatrix(data[:, 1:], data[:, 0])
booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, matrix, arguments.rounds)
pathlib.Path(arguments.checkpoints, "done").write_text("yes")
booster.save_model(os.environ["SM_MODEL_DIR"] + "/model.ubj")
code = pathlib.Path(os.environ["SM_MODEL_DIR"], "code")
code.mkdir()
shutil.copy(pathlib.Path(__file__).with_name("inference.py"), code)
print("validation-auc: 0.91", flush=True)
"""
PREPARE = """
import sys, numpy
rng = numpy.random.default_rng(1)
data = rng.random((300, 2))
rows = numpy.column_stack([(data.sum(axis=1) > 1).astype(float), data])
assert open(sys.argv[1] + "/hello.txt").read() == "hello"
numpy.savetxt(sys.argv[2] + "/rows.csv", rows, delimiter=",")
print("prepared", len(rows), flush=True)
"""
EVALUATE = """
import json, pathlib, sys, tarfile
assert any(m.name.endswith("model.ubj") for m in tarfile.open(sys.argv[1] + "/model.tar.gz"))
metrics = {"binary_classification_metrics": {"auc": {"value": 0.91}}}
pathlib.Path(sys.argv[2], "evaluation.json").write_text(json.dumps(metrics))
"""
RESOURCES = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}}


def script(text: str, *arguments: str) -> dict[str, Any]:
    return {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["python3", "-c", text],
        "ContainerArguments": [*arguments],
    }


def source(name: str, uri: Any) -> dict[str, Any]:
    place = {
        "S3Uri": uri,
        "LocalPath": f"/opt/ml/processing/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    return {"InputName": name, "S3Input": place}


def output(name: str, uri: Any) -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": place}


def definition(code: str) -> dict[str, Any]:
    """Prepare, train, evaluate, and register the model if it is good enough."""
    of_run = {
        "Std:Join": {"On": "/", "Values": [f"s3://{BUCKET}/runs", {"Get": "Execution.PipelineExecutionId"}]}
    }
    prepare = {
        "Name": "Prepare",
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": RESOURCES,
            "AppSpecification": script(PREPARE, "/opt/ml/processing/raw", "/opt/ml/processing/train"),
            "ProcessingInputs": [source("raw", {"Get": "Parameters.RawData"})],
            "ProcessingOutputConfig": {"Outputs": [output("train", of_run)]},
        },
        "CacheConfig": {"Enabled": False},
    }
    train = {
        "Name": "Train",
        "Type": "Training",
        "Arguments": {
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "auc", "Regex": r"validation-auc: ([0-9.]+)"}],
            },
            "HyperParameters": {
                "sagemaker_program": json.dumps("train.py"),
                "sagemaker_submit_directory": json.dumps(code),
                "rounds": "5",
                "checkpoints": "/opt/ml/checkpoints",
            },
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": {
                                "Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"
                            },
                        }
                    },
                }
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/trained"},
            "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
            "EnableManagedSpotTraining": True,
            "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/checkpoints"},
        },
    }
    evaluate = {
        "Name": "Evaluate",
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": RESOURCES,
            "AppSpecification": script(EVALUATE, "/opt/ml/processing/model", "/opt/ml/processing/evaluation"),
            "ProcessingInputs": [source("model", {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"})],
            "ProcessingOutputConfig": {"Outputs": [output("evaluation", f"s3://{BUCKET}/evaluation")]},
        },
        "PropertyFiles": [
            {"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}
        ],
    }
    auc = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
            "Path": "binary_classification_metrics.auc.value",
        }
    }
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "delays",
            "ModelApprovalStatus": "PendingManualApproval",
            "CustomerMetadataProperties": {"auc": "high"},
            "InferenceSpecification": {
                "Containers": [
                    {
                        "Image": IMAGE,
                        "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
                        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
                    }
                ],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        },
    }
    message = {
        "Std:Join": {"On": "", "Values": ["auc ", auc, " is below ", {"Get": "Parameters.MinimumAuc"}]}
    }
    good_enough = {
        "Name": "GoodEnough",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [
                {
                    "Type": "GreaterThanOrEqualTo",
                    "LeftValue": auc,
                    "RightValue": {"Get": "Parameters.MinimumAuc"},
                }
            ],
            "IfSteps": [register],
            "ElseSteps": [{"Name": "NotGoodEnough", "Type": "Fail", "Arguments": {"ErrorMessage": message}}],
        },
    }
    return {
        "Version": "2020-12-01",
        "Parameters": [
            {"Name": "RawData", "Type": "String"},
            {"Name": "MinimumAuc", "Type": "Float", "DefaultValue": 0.7},
        ],
        "Steps": [prepare, train, evaluate, good_enough],
    }


def run_pipeline(cloud: Any, **parameters: str) -> dict[str, Any]:
    sagemaker = cloud.sagemaker
    arn = sagemaker.start_pipeline_execution(
        PipelineName="training",
        ClientRequestToken=str(uuid.uuid4()),
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )["PipelineExecutionArn"]
    return cloud.until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        "PipelineExecutionStatus",
        "Succeeded",
        "Failed",
        "Stopped",
    )


def steps_of(cloud: Any, execution: dict[str, Any]) -> dict[str, Any]:
    arn = execution["PipelineExecutionArn"]
    steps = cloud.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {step["StepName"]: step for step in steps["PipelineExecutionSteps"]}


def test_a_pipeline_trains_a_model_that_an_endpoint_serves(cloud: Any) -> None:
    sagemaker = cloud.sagemaker
    raw = cloud.put("raw/hello.txt", "hello").removesuffix("/hello.txt")
    code = cloud.put(
        "code/source.tar.gz", cloud.archive({"train.py": TRAIN, "inference.py": cloud.inference})
    )
    sagemaker.create_model_package_group(ModelPackageGroupName="delays")
    sagemaker.create_pipeline(
        PipelineName="training",
        PipelineDefinition=json.dumps(definition(code)),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=cloud.role,
    )

    failed = run_pipeline(cloud, RawData=raw, MinimumAuc="0.95")
    assert failed["PipelineExecutionStatus"] == "Failed"
    steps = steps_of(cloud, failed)
    assert steps["NotGoodEnough"]["FailureReason"] == "auc 0.91 is below 0.95"
    assert "Register" not in steps

    done = run_pipeline(cloud, RawData=raw)
    steps = steps_of(cloud, done)
    assert done["PipelineExecutionStatus"] == "Succeeded", steps
    assert list(steps) == ["Prepare", "Train", "Evaluate", "GoodEnough", "Register"]
    assert steps["GoodEnough"]["Metadata"]["Condition"]["Outcome"] == "True"

    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    described = sagemaker.describe_training_job(TrainingJobName=job)
    statuses = [entry["Status"] for entry in described["SecondaryStatusTransitions"]]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert described["FinalMetricDataList"][0]["Value"] == 0.91
    assert cloud.read("checkpoints/done") == b"yes"
    assert "validation-auc: 0.91" in cloud.log("/aws/sagemaker/TrainingJobs", job)
    prepare = steps["Prepare"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert "prepared 300" in cloud.log("/aws/sagemaker/ProcessingJobs", prepare)

    package = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert package.endswith("model-package/delays/1")
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    sagemaker.create_model(
        ModelName="delays", PrimaryContainer={"ModelPackageName": package}, ExecutionRoleArn=cloud.role
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="delays",
        ProductionVariants=[
            {
                "VariantName": "champion",
                "ModelName": "delays",
                "InitialInstanceCount": 2,
                "InstanceType": "ml.m5.large",
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName="delays", EndpointConfigName="delays")
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName="delays", WaiterConfig={"Delay": 1, "MaxAttempts": 40}
    )
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="delays",
        ContentType="application/json",
        Body=json.dumps({"instances": [{"a": 0.9, "b": 0.9}, {"a": 0.1, "b": 0.1}]}),
    )
    assert answer["InvokedProductionVariant"] == "champion"
    high, low = (p["probability"] for p in json.loads(answer["Body"].read())["predictions"])
    assert high > 0.5 > low
