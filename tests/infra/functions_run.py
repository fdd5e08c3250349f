"""Functions of the platform, run by a sandbox of their own: its clients, and a function of its folder."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.runtime import daemon

FUNCTIONS = Path(__file__).parents[2] / "infra" / "functions"
Client = Callable[[str], Any]


@contextmanager
def sandbox(root: Path) -> Iterator[Client]:
    """A sandbox in the folder, until the end of the block; the client of a service."""
    address = daemon.start(root)
    variables = daemon.environment(address)

    def make(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=address.endpoint_url,
            region_name=address.region,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    yield make
    daemon.stop(root)


def role(client: Client, service: str) -> str:
    """The ARN of a new role that the service may take."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = client("iam").create_role(RoleName=service.partition(".")[0], AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def function(client: Client, name: str, variables: Mapping[str, str]) -> str:
    """The ARN of a new function, made of the handler in the folder of that name."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(FUNCTIONS / name / "handler.py", "handler.py")
    made = client("lambda").create_function(
        FunctionName=name,
        Role=role(client, "lambda.amazonaws.com"),
        Runtime="python3.13",
        Handler="handler.handle",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
        Environment={"Variables": dict(variables)},
    )
    return str(made["FunctionArn"])
