"""What a life of a type is, and what many types need beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine.values import Archive, Asset, PropertyMap


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(service: str) -> str:
    return policy({"Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"})


READS = policy({"Action": "s3:GetObject", "Resource": "*"})
LISTS = policy({"Action": ["s3:ListBucket"], "Resource": ["*"]})


Make = Callable[[str, str, PropertyMap], PropertyMap]
"""Makes a resource of a type by a name and gives its outputs."""


@dataclass(frozen=True)
class Life:
    """One type's life: `inputs` to make it, `change` laid over them to update it in place."""

    type: str
    inputs: Callable[[Make], PropertyMap]
    change: PropertyMap | None = None
    replace: PropertyMap = field(default_factory=dict)
    """A change that needs a new one."""
    by_code: frozenset[str] = frozenset()
    """Properties that the row's code sends or refuses, which the table alone does not show."""
    importable: bool = True
    """False for what an id alone does not name: an import needs the id of what it belongs to before it."""
    recoverable: bool = True
    """False for what is told once, at the create, and lost with an interrupted one."""
    leaves_something: bool = True
    """False for what only happens, such as a call: an interrupted one happens again."""
    gone_after_delete: bool = True
    """False for what only goes with another resource (a setting of a bucket that versioning leaves)."""


def a_bucket(make: Make) -> str:
    return str(make("aws:s3/bucket:Bucket", "held", {"forceDestroy": True})["bucket"])


def a_vpc(make: Make) -> str:
    return str(make("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.20.0.0/16"})["id"])


def a_subnet(make: Make) -> PropertyMap:
    return make("aws:ec2/subnet:Subnet", "subnet", {"vpcId": a_vpc(make), "cidrBlock": "10.20.1.0/24"})


def a_role(make: Make, service: str = "sagemaker") -> PropertyMap:
    return make("aws:iam/role:Role", f"for-{service}", {"assumeRolePolicy": trust(service)})


def a_key(make: Make) -> PropertyMap:
    return make("aws:kms/key:Key", "key", {"description": "for a test"})


def a_group(make: Make) -> PropertyMap:
    return make("aws:ec2/securityGroup:SecurityGroup", "group", {"vpcId": a_vpc(make)})


def a_topic(make: Make) -> str:
    return str(make("aws:sns/topic:Topic", "topic", {})["arn"])


def a_queue(make: Make) -> PropertyMap:
    return make("aws:sqs/queue:Queue", "queue", {})


CODE = Archive(assets={"handler.py": Asset(text="def handle(event, _):\n    return 0\n")}, hash="1")
OTHER_CODE = Archive(assets={"handler.py": Asset(text="def handle(event, _):\n    return 1\n")}, hash="2")


def function_inputs(make: Make, code: Archive = CODE) -> PropertyMap:
    return {
        "code": code,
        "handler": "handler.handle",
        "runtime": "python3.12",
        "role": a_role(make, "lambda")["arn"],
        "environment": {"variables": {"ZONE": "raw"}},
    }


def a_function(make: Make) -> PropertyMap:
    return make("aws:lambda/function:Function", "function", function_inputs(make))
