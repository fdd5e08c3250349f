"""A sandbox of their own for the tests of SageMaker, with a role, a bucket and ordinary clients."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy
import pytest
import xgboost
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = "models"
INFERENCE = """
import json
import xgboost, numpy

def model_fn(model_dir):
    booster = xgboost.Booster()
    booster.load_model(model_dir + "/model.ubj")
    return booster

def input_fn(body, content_type):
    if content_type != "application/json":
        raise ValueError("only JSON, not " + content_type)
    rows = json.loads(body)["instances"]
    return numpy.array([[row["a"], row["b"]] for row in rows], dtype=float)

def predict_fn(data, model):
    return model.inplace_predict(data)

def output_fn(prediction, accept):
    return json.dumps({"predictions": [{"probability": float(p)} for p in prediction]}), "application/json"
"""


@dataclass(frozen=True)
class Cloud:
    """One running sandbox and its clients."""

    address: daemon.SandboxAddress
    role: str

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.address.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    @property
    def s3(self) -> Any:
        return self.client("s3")

    @property
    def sandbox(self) -> SandboxClient:
        return SandboxClient(self.address.endpoint_url)

    def put(self, key: str, body: bytes | str) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def log(self, group: str, prefix: str) -> list[str]:
        logs = self.client("logs")
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return []  # its first line has not come yet
        events = [
            event
            for stream in streams
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])[
                "events"
            ]
        ]
        return [event["message"] for event in events]

    @staticmethod
    def until(describe: Callable[[], Any], member: str, *wanted: str, seconds: float = 60) -> dict[str, Any]:
        """Describes again and again until a member has one of the values."""
        deadline = time.monotonic() + seconds
        while True:
            answer: dict[str, Any] = describe()
            if answer[member] in wanted:
                return answer
            assert time.monotonic() < deadline, f"{member} is {answer[member]} still: {answer}"
            time.sleep(0.05)

    def train(self, name: str, program: str, **more: Any) -> None:
        """Starts a training job in script mode with this program."""
        self.sagemaker.create_training_job(**self.training(name, program, **more))

    def training(self, name: str, program: str, **more: Any) -> dict[str, Any]:
        """The request for such a job."""
        code = self.put(f"code/{name}.tar.gz", archive({"train.py": program}))
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": code},
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/trained"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        }
        return {**request, **more}

    def trained(self, name: str, *statuses: str) -> dict[str, Any]:
        """Waits until a training job has one of these statuses, or any final one."""
        sagemaker = self.sagemaker
        wanted = statuses or ("Completed", "Failed", "Stopped")
        return self.until(
            lambda: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus", *wanted
        )

    def process(self, name: str, *command: str, **more: Any) -> None:
        """Starts a processing job with this command."""
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
        request: dict[str, Any] = {
            "ProcessingJobName": name,
            "RoleArn": self.role,
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": [*command]},
            "ProcessingResources": {"ClusterConfig": cluster},
        }
        self.sagemaker.create_processing_job(**{**request, **more})

    def processed(self, name: str) -> dict[str, Any]:
        sagemaker = self.sagemaker
        return self.until(
            lambda: sagemaker.describe_processing_job(ProcessingJobName=name),
            "ProcessingJobStatus",
            "Completed",
            "Failed",
            "Stopped",
        )

    def configure(self, name: str, model: bytes, count: int = 1, **more: Any) -> None:
        """Makes a model and an endpoint configuration of this name."""
        data = self.put(f"{name}/model.tar.gz", model)
        container = {
            "Image": IMAGE,
            "ModelDataUrl": data,
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        }
        vpc = {"VpcConfig": more.pop("VpcConfig")} if "VpcConfig" in more else {}
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role, **vpc
        )
        variant = {
            "VariantName": "champion",
            "ModelName": name,
            "InitialInstanceCount": count,
            "InstanceType": "ml.m5.large",
        }
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, **{"ProductionVariants": [variant], **more}
        )

    def deployed(self, name: str, *statuses: str) -> dict[str, Any]:
        """Waits until an endpoint has one of these statuses, by default until it is in service or failed."""
        sagemaker = self.sagemaker
        wanted = statuses or ("InService", "Failed")
        return self.until(lambda: sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus", *wanted)

    def ask(self, name: str, a: float = 0.9, b: float = 0.9, **more: Any) -> float:
        """The probability that an endpoint answers for one row."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name,
            ContentType="application/json",
            Body=json.dumps({"instances": [{"a": a, "b": b}]}),
            **more,
        )
        document = json.loads(answer["Body"].read())
        return float(document["predictions"][0]["probability"])

    def instances(self, endpoint: str) -> dict[str, tuple[str, int]]:
        """Zone and process number by instance, from the log lines of their starts."""
        found = {}
        for line in self.log(f"/aws/sagemaker/Endpoints/{endpoint}", "champion/"):
            if match := re.match(r"instance (i-\w+) in (\S+) starts .* as process (\d+)", line):
                found[match[1]] = (match[2], int(match[3]))
        return found

    def started(self, endpoint: str, count: int) -> dict[str, tuple[str, int]]:
        """The instances, once the log has told of so many: it is written a moment after they answer."""
        deadline = time.monotonic() + 30
        while len(found := self.instances(endpoint)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} instances are in the log"
            time.sleep(0.1)
        return found

    @contextmanager
    def asking(self, endpoint: str) -> Iterator[list[Any]]:
        """Asks without a pause in two threads; the list grows by each answer, or by the error that it got."""
        answers: list[Any] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                try:
                    answers.append(self.ask(endpoint))
                except ClientError as error:
                    answers.append(error)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield answers
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def restart(self, number: int = signal.SIGTERM) -> None:
        """Ends the daemon by this signal and starts it again; its address stays."""
        end(self.address, number)
        object.__setattr__(self, "address", daemon.start(self.address.root))

    image = IMAGE
    bucket = BUCKET
    inference = INFERENCE

    @staticmethod
    def archive(files: dict[str, bytes | str]) -> bytes:
        return archive(files)

    @staticmethod
    def model_archive(program: str = INFERENCE, bias: float = 0.0) -> bytes:
        return model_archive(program, bias)


def archive(files: dict[str, bytes | str]) -> bytes:
    """A `tar.gz` of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def model_archive(program: str = INFERENCE, bias: float = 0.0) -> bytes:
    """A real, small XGBoost model that says how likely a + b is above one; `bias` moves that."""
    rng = numpy.random.default_rng(7)
    data = rng.random((400, 2))
    labels = (data.sum(axis=1) + bias > 1).astype(float)
    matrix = xgboost.DMatrix(data, labels)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2, "nthread": 1}, matrix, 10)
    return archive({"model.ubj": bytes(booster.save_raw("ubj")), "code/inference.py": program})


def new_sandbox(root: Path) -> Cloud:
    address = daemon.start(root)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    bare = Cloud(address, "")
    role = bare.client("iam").create_role(RoleName="jobs", AssumeRolePolicyDocument=json.dumps(trust))
    bare.s3.create_bucket(Bucket=BUCKET)
    return Cloud(address, role["Role"]["Arn"])


def end(address: daemon.SandboxAddress, number: int = signal.SIGTERM) -> None:
    """Ends the daemon that this process started, and waits for its end."""
    os.kill(address.pid, number)
    os.waitpid(address.pid, 0)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    root = tmp_path_factory.mktemp("sandbox")
    made = new_sandbox(root)
    try:
        yield made
    finally:
        end(made.address)
