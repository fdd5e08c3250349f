"""Images that a build has put into ECR serve, train and transform as their Dockerfile says."""

from __future__ import annotations

import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
SERVER = """
import json, os, signal, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from app.words import GREETING

assert sys.argv[1:] == ["serve"], sys.argv
model = open(os.path.join(os.environ["SM_MODEL_DIR"], "name.txt")).read()

class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        proposed = {"MaxConcurrentTransforms": 4, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
        self.answer(json.dumps(proposed) if self.path == "/execution-parameters" else "")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        batch = os.environ.get("SAGEMAKER_BATCH", "false")
        self.answer(f"{GREETING} {body} from {model} of {os.environ['FLAVOUR']}, batch {batch}")
    def answer(self, text):
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Requests)

def leave(*_):
    print("asked to leave", flush=True)
    threading.Thread(target=server.shutdown).start()

signal.signal(signal.SIGTERM, leave)
print("serving", os.getpid(), flush=True)
server.serve_forever()
"""
DOCKERFILE = """
# syntax=docker/dockerfile:1
ARG BASE=python:3.11-slim
FROM ${BASE} AS base
RUN pip install nothing \\
    && echo more
ENV FLAVOUR=mint PLACE=/opt/app/words.py
FROM base
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
WORKDIR /opt
COPY app ./app
COPY --chmod=755 bin/train /usr/local/bin/
USER nobody
EXPOSE 8080
ENTRYPOINT ["python3", "-m", "app.server"]
"""
TRAIN = """#!/usr/bin/env python3
import json, os
settings = json.load(open(os.environ["SM_INPUT_CONFIG_DIR"] + "/hyperparameters.json"))
place = os.environ["PLACE"]
assert open(place).read().startswith("GREETING"), place
open(os.environ["SM_MODEL_DIR"] + "/name.txt", "w").write(settings["name"])
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "app/__init__.py": "",
    "app/words.py": 'GREETING = "hello"\n',
    "app/server.py": SERVER,
    "bin/train": TRAIN,
    "buildspec.yml": """
version: 0.2
env:
  variables: {TAG: unset}
phases:
  pre_build:
    commands:
      - mkdir deep && cd deep
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
  build:
    commands:
      - cd ..
      - docker build --pull --build-arg "BASE=$BASE" -t "$REPOSITORY:$TAG" .
      - docker push "$REPOSITORY:$TAG"
  post_build:
    commands:
      - aws ecr wait image-scan-complete --repository-name "$NAME" --image-id "imageTag=$TAG"
      - |
        aws ecr describe-images --repository-name "$NAME" --image-ids "imageTag=$TAG" \\
          --query 'imageDetails[0].imageTags' --output text
""",
}


def zipped(files: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def built(cloud: Any, name: str, **files: str) -> dict[str, Any]:
    """Builds an image of these files as `NAME:one`, and answers the build at its end."""
    cloud.put(f"{name}.zip", zipped({**FILES, **files}))
    cloud.client("ecr").create_repository(
        repositoryName=name, imageScanningConfiguration={"scanOnPush": True}, imageTagMutability="IMMUTABLE"
    )
    variables = {"NAME": name, "REPOSITORY": f"{REGISTRY}/{name}", "TAG": "one", "BASE": "python:3.12"}
    codebuild = cloud.client("codebuild")
    codebuild.create_project(
        name=name,
        source={"type": "S3", "location": f"{cloud.bucket}/{name}.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        serviceRole=cloud.role,
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": True,
            "environmentVariables": [{"name": key, "value": value} for key, value in variables.items()],
        },
    )
    return finished(cloud, codebuild.start_build(projectName=name)["build"]["id"])


def finished(cloud: Any, identity: str) -> dict[str, Any]:
    codebuild = cloud.client("codebuild")
    return dict(
        cloud.until(
            lambda: codebuild.batch_get_builds(ids=[identity])["builds"][0],
            "buildStatus",
            "SUCCEEDED",
            "FAILED",
            "FAULT",
            "STOPPED",
            "TIMED_OUT",
        )
    )


def log(cloud: Any, build: Mapping[str, Any]) -> str:
    return "\n".join(cloud.log(build["logs"]["groupName"], build["logs"]["streamName"]))


@pytest.fixture(scope="module")
def image(cloud: Any) -> str:
    build = built(cloud, "app")
    assert build["buildStatus"] == "SUCCEEDED", log(cloud, build)
    return f"{REGISTRY}/app:one"


@pytest.fixture(scope="module")
def endpoint(cloud: Any, image: str) -> str:
    serve(cloud, "greeter", image, count=2)
    assert cloud.deployed("greeter")["EndpointStatus"] == "InService"
    return "greeter"


def serve(cloud: Any, name: str, image: str, count: int = 1) -> None:
    model = cloud.put(f"{name}.tar.gz", cloud.archive({"name.txt": "somebody"}))
    container = {"Image": image, "ModelDataUrl": model}
    cloud.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=cloud.role)
    variant = {
        "VariantName": "champion",
        "ModelName": name,
        "InitialInstanceCount": count,
        "InstanceType": "ml.m5.large",
    }
    cloud.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    cloud.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def ask(cloud: Any, endpoint: str, text: str) -> str:
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="text/plain", Body=text
    )
    return str(answer["Body"].read().decode())


def test_a_build_runs_its_buildspec_and_its_image_lies_in_ecr(cloud: Any, image: str) -> None:
    build = cloud.client("codebuild").batch_get_builds(
        ids=cloud.client("codebuild").list_builds_for_project(projectName="app")["ids"]
    )["builds"][0]
    assert [one["phaseType"] for one in build["phases"]] == [
        "DOWNLOAD_SOURCE",
        "PRE_BUILD",
        "BUILD",
        "POST_BUILD",
        "COMPLETED",
    ]
    text = log(cloud, build)
    assert "RUN pip install nothing" in text
    assert "not run: the sandbox has no containers" in text
    assert "one" in text.splitlines(), "the aws command answered what the last command asked"
    ecr = cloud.client("ecr")
    found = ecr.describe_images(repositoryName="app", imageIds=[{"imageTag": "one"}])["imageDetails"]
    assert len(found) == 1
    scan = ecr.describe_image_scan_findings(repositoryName="app", imageId={"imageTag": "one"})
    assert scan["imageScanStatus"]["status"] == "COMPLETE"
    assert scan["imageScanFindings"]["findings"] == []


def test_an_endpoint_of_the_image_answers_with_its_own_server(cloud: Any, endpoint: str) -> None:
    assert ask(cloud, endpoint, "you") == "hello you from somebody of mint, batch false"
    assert len(cloud.started(endpoint, 2)) == 2


def test_a_killed_instance_of_the_image_loses_no_request(cloud: Any, endpoint: str) -> None:
    before = cloud.started(endpoint, 2)
    _, (_, victim) = sorted(before.items())[0]
    answers = []
    for number in range(60):
        if number == 20:
            os.kill(victim, signal.SIGKILL)
        answers.append(ask(cloud, endpoint, str(number)))
    assert answers == [f"hello {number} from somebody of mint, batch false" for number in range(60)]
    deadline = time.monotonic() + 30
    while len(cloud.instances(endpoint)) == len(before):
        assert time.monotonic() < deadline, "the instance was not replaced"
        time.sleep(0.1)


def test_a_transform_job_of_the_image_follows_its_execution_parameters(cloud: Any, endpoint: str) -> None:
    cloud.put("greeted/names.txt", "a\nb\nc\n")
    place = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{cloud.bucket}/greeted/"}}
    cloud.sagemaker.create_transform_job(
        TransformJobName="greetings",
        ModelName="greeter",
        TransformInput={"DataSource": place, "ContentType": "text/plain", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://{cloud.bucket}/greetings", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    sagemaker = cloud.sagemaker
    job = cloud.until(
        lambda: sagemaker.describe_transform_job(TransformJobName="greetings"),
        "TransformJobStatus",
        "Completed",
        "Failed",
    )
    assert job["TransformJobStatus"] == "Completed", job
    lines = cloud.read("greetings/names.txt.out").decode().splitlines()
    assert lines == [f"hello {name} from somebody of mint, batch true" for name in "abc"]
    assert "asked to leave" in cloud.log("/aws/sagemaker/TransformJobs", "greetings/")


def test_a_training_job_runs_the_images_train_program(cloud: Any, image: str) -> None:
    build = built(cloud, "trainer", Dockerfile=DOCKERFILE.split("ENTRYPOINT")[0])
    assert build["buildStatus"] == "SUCCEEDED", log(cloud, build)
    request = cloud.training(
        "named",
        "",
        AlgorithmSpecification={"TrainingImage": f"{REGISTRY}/trainer:one", "TrainingInputMode": "File"},
        HyperParameters={"name": "trained"},
    )
    cloud.sagemaker.create_training_job(**request)
    job = cloud.trained("named")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert cloud.archive({"name.txt": "trained"})[:2] == cloud.read("trained/named/output/model.tar.gz")[:2]


def test_an_image_without_a_port_runs_jobs_and_is_refused_as_a_server_by_name(cloud: Any) -> None:
    dockerfile = 'FROM a\nCOPY app /srv/app\nENTRYPOINT ["python3", "/srv/app/words.py"]\nCMD ["--all"]\n'
    words = 'import sys\nprint("words", sys.argv)\n'
    build = built(cloud, "words", **{"Dockerfile": dockerfile, "app/words.py": words})
    assert build["buildStatus"] == "SUCCEEDED", log(cloud, build)
    cloud.process("words", AppSpecification={"ImageUri": f"{REGISTRY}/words:one"})
    assert cloud.processed("words")["ProcessingJobStatus"] == "Completed"
    said = "\n".join(cloud.log("/aws/sagemaker/ProcessingJobs", "words/"))
    assert "/srv/app/words.py', '--all']" in said, "the image's own command ran"
    with pytest.raises(ClientError, match="accept-bind-to-port=true"):
        serve(cloud, "portless", f"{REGISTRY}/words:one")


def test_an_image_that_is_not_in_its_repository_is_refused_by_name(cloud: Any, image: str) -> None:
    with pytest.raises(ClientError, match="the repository app holds no such image"):
        serve(cloud, "absent", f"{REGISTRY}/app:two")


def test_servers_of_images_end_with_the_sandbox_and_come_up_again_with_it(cloud: Any, endpoint: str) -> None:
    servers = {pid for _, pid in cloud.instances(endpoint).values()}
    running = {pid for pid in servers if _lives(pid)}
    assert len(running) == 2
    cloud.put("slow.zip", zipped({"buildspec.yml": SLOW}))
    codebuild = cloud.client("codebuild")
    project = codebuild.batch_get_projects(names=["app"])["projects"][0]
    slow = {**project["environment"], "environmentVariables": []}
    codebuild.create_project(
        name="slow",
        source={"type": "S3", "location": f"{cloud.bucket}/slow.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        serviceRole=cloud.role,
        environment=slow,
    )
    cut_off = codebuild.start_build(projectName="slow", idempotencyToken="once")["build"]["id"]
    again = codebuild.start_build(projectName="slow", idempotencyToken="once")["build"]["id"]
    assert again == cut_off
    cloud.restart(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while any(_lives(pid) for pid in running):
        assert time.monotonic() < deadline, "a server outlived its sandbox"
        time.sleep(0.05)
    assert cloud.deployed(endpoint)["EndpointStatus"] == "InService"
    assert ask(cloud, endpoint, "again") == "hello again from somebody of mint, batch false"
    build = finished(cloud, cut_off)
    assert (build["buildStatus"], build["buildNumber"]) == ("SUCCEEDED", 1)


SLOW = """
version: 0.2
phases:
  build:
    commands:
      - sleep 2
    finally:
      - echo done
"""


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_builds_and_their_ends_are_told_as_events(cloud: Any, image: str) -> None:
    events, sqs = cloud.client("events"), cloud.client("sqs")
    queue = sqs.create_queue(QueueName="builds")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    pattern = {"source": ["aws.codebuild"], "detail": {"build-status": ["FAILED"]}}
    events.put_rule(Name="builds", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="builds", Targets=[{"Id": "queue", "Arn": arn}])
    build = built(cloud, "eventful", Dockerfile="FROM a\nVOLUME /x\n")
    assert build["buildStatus"] == "FAILED"
    messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    detail = json.loads(messages[0]["Body"])["detail"]
    assert (detail["project-name"], detail["build-status"]) == ("eventful", "FAILED")
