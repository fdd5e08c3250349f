"""How long does `invoke_endpoint` take? A small XGBoost model on two instances, asked through boto3.

`python -m benchmarks.endpoint_latency [--calls N]` starts a sandbox of its own in a temporary folder, prints
one line of JSON (milliseconds, through boto3, through a bare HTTP client, and through boto3 against a server
that answers at once), and stops it.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import io
import json
import multiprocessing
import socket
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
import numpy
import xgboost
from botocore.config import Config

from sandbox.runtime import daemon

FEATURES, TREES = 25, 200
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
PROGRAM = """
import json
import numpy
import xgboost

def model_fn(model_dir):
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(model_dir + "/model.ubj")
    return booster

def input_fn(body, content_type):
    rows = json.loads(body)["instances"]
    return numpy.array([list(row.values()) for row in rows], dtype=numpy.float32)

def predict_fn(data, model):
    return model.inplace_predict(data)

def output_fn(prediction, accept):
    return json.dumps({"predictions": [{"probability": float(p)} for p in prediction]}), "application/json"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory(prefix="endpoint-latency-") as folder:
        root = Path(folder)
        address = daemon.start(root)
        try:
            figures = measure(address.endpoint_url, calls)
        finally:
            daemon.stop(root)
    print(json.dumps({"benchmark": "endpoint_latency", "calls": calls, **figures}))


def measure(endpoint_url: str, calls: int) -> dict[str, float]:
    """Deploys the model and asks it `calls` times each way, one request after the other."""
    deploy(endpoint_url)
    row = {f"feature_{index}": index / FEATURES for index in range(FEATURES)}
    body = json.dumps({"instances": [row]}).encode()
    runtime = _client("sagemaker-runtime", endpoint_url)
    with instant_server() as floor_url:
        floor = _client("sagemaker-runtime", floor_url)

        def ask_floor() -> None:
            floor.invoke_endpoint(EndpointName="bench", ContentType="application/json", Body=body)[
                "Body"
            ].read()

        at_once = _timed("floor", ask_floor, calls)
    place = urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port)
    headers = {"Content-Type": "application/json"}

    def ask() -> None:
        answer = runtime.invoke_endpoint(EndpointName="bench", ContentType="application/json", Body=body)
        answer["Body"].read()

    def ask_bare() -> None:
        connection.request("POST", "/endpoints/bench/invocations", body, headers)
        connection.getresponse().read()

    found = {**_timed("boto3", ask, calls), **_timed("http", ask_bare, calls), **at_once}
    return {**found, "boto3_to_floor_ratio": round(found["boto3_p50_ms"] / found["floor_p50_ms"], 2)}


class _AtOnce(asyncio.Protocol):
    """Answers every read with the same prediction: what boto3 itself and the loopback cost."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        # boto3 sends head and body in one write or two; the body ends the request.
        if data.endswith(b"}]}"):
            body = b'{"predictions": [{"probability": 0.5}]}'
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            self._transport.write(head % len(body) + body)


def _serve_at_once(listener: socket.socket) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_AtOnce, sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def instant_server() -> Iterator[str]:
    """The address of a server in a process of its own that answers at once: the floor of any endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(target=_serve_at_once, args=(listener,))
        process.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.join()


def deploy(endpoint_url: str) -> None:
    """Makes an endpoint `bench` of two instances, and waits until it is in service."""
    rng = numpy.random.default_rng(3)
    data = rng.random((2000, FEATURES))
    labels = (data.sum(axis=1) > FEATURES / 2).astype(float)
    parameters = {"objective": "binary:logistic", "max_depth": 6, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(data, labels), TREES)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        files = (("model.ubj", bytes(booster.save_raw("ubj"))), ("code/inference.py", PROGRAM.encode()))
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = _client("iam", endpoint_url).create_role(RoleName="bench", AssumeRolePolicyDocument=trust)
    s3 = _client("s3", endpoint_url)
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="model.tar.gz", Body=archive.getvalue())
    sagemaker = _client("sagemaker", endpoint_url)
    sagemaker.create_model(
        ModelName="bench",
        ExecutionRoleArn=role["Role"]["Arn"],
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": "s3://bench/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
    )
    variant = {
        "VariantName": "champion",
        "ModelName": "bench",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="bench", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="bench", EndpointConfigName="bench")
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName="bench", WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def _timed(name: str, ask: Callable[[], None], calls: int) -> dict[str, float]:
    for _ in range(max(50, calls // 10)):
        ask()
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(taken, n=100)
    return {f"{name}_p50_ms": round(cuts[49], 3), f"{name}_p99_ms": round(cuts[98], 3)}


def _client(service: str, endpoint_url: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - the sandbox checks no signature
        config=Config(s3={"addressing_style": "path"}),
    )


if __name__ == "__main__":
    main()
