"""Runs a piece of the program against mocks that refuse what the AWS provider's Check refuses."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.proto.source_pb2 import StackTrace

from infra.foundation.encryption import DOMAINS, REPLICATED
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from sandbox.aws.provider import AwsProvider

ACCOUNT = "123456789012"
REGION = "us-east-1"


OTHER_STACK: dict[str, Any] = {
    "images": {
        name: {
            "uri": f"999956789012.dkr.ecr.us-east-1.amazonaws.com/groundplan-dev-{name}:0a1b",
            "repositoryArn": f"arn:aws:ecr:us-east-1:999956789012:repository/groundplan-dev-{name}",
            "tag": "0a1b",
            "project": f"groundplan-dev-{name}-image",
        }
        for name in ("training", "inference")
    }
}
"""The outputs of whatever stack a program refers to."""


class RefusedError(Exception):
    """The provider's Check refuses the inputs of a resource."""


@dataclass
class Build:
    """What a program made. Inputs and outputs are by their names in Pulumi's schema (camelCase)."""

    made: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    """What the program returned, awaited."""

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of a type, such as `aws:s3/bucket:Bucket`: name in the program → inputs."""
        return {name: inputs for made, name, inputs in self.made if made == kind}

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.made]

    def policies(self, kind: str = "aws:iam/rolePolicy:RolePolicy") -> dict[str, list[dict[str, Any]]]:
        """The statements of each policy of a type."""
        return {name: json.loads(one["policy"])["Statement"] for name, one in self.of(kind).items()}


@cache
def _provider(region: str) -> AwsProvider:
    """One for all programs: Check keeps nothing."""
    provider = AwsProvider("http://127.0.0.1:9")  # Check makes no request
    provider.configure({"region": region})
    return provider


class CheckedMocks(mocks.Mocks):
    """Answers as a cloud that makes what it is asked for, once the provider's Check has let it through."""

    def __init__(self, found: Build, region: str = REGION) -> None:
        self._found = found
        self._provider = _provider(region)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = dict(args.inputs)
        self._found.made.append((args.typ, args.name, inputs))
        if args.typ.startswith("aws:"):
            urn = f"urn:pulumi:dev::groundplan::{args.typ}::{args.name}"
            checked = self._provider.check(urn, {}, inputs, b"0" * 32)
            if checked.failures:
                told = "; ".join(f"{one.property}: {one.reason}" for one in checked.failures)
                raise RefusedError(f"{args.typ} {args.name}: {told}")
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {**inputs, "outputs": OTHER_STACK, "secretOutputNames": []}
        return _made(args.typ, args.name, inputs)

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": REGION},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
            "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": {
                "registryPath": f"683313688378.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:3.2-0"
            },
        }[args.token]


_ARNS = {
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:iam/policy:Policy": "arn:aws:iam::{account}:policy/{name}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "arn:aws:iam::{account}:oidc-provider/{name}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/{digest}",
    "aws:kms/replicaKey:ReplicaKey": "arn:aws:kms:{region}:{account}:key/{digest}",
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "aws:secretsmanager/secret:Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "aws:kinesis/stream:Stream": "arn:aws:kinesis:{region}:{account}:stream/{name}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:sfn/stateMachine:StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "aws:backup/vault:Vault": "arn:aws:backup:{region}:{account}:backup-vault:{name}",
}
"""How the ARN of a type reads where it is not `arn:aws:<service>:<region>:<account>:<name>`."""

_BY_AWS: Mapping[str, Mapping[str, str]] = {
    "aws:ecr/repository:Repository": {"repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}"},
    "aws:apigateway/restApi:RestApi": {"rootResourceId": "root"},
    "aws:apigateway/stage:Stage": {"invokeUrl": "https://{digest}.execute-api.{region}.amazonaws.com/live"},
    "aws:apigatewayv2/api:Api": {"executionArn": "arn:aws:execute-api:{region}:{account}:{digest}"},
    "aws:apigatewayv2/stage:Stage": {"invokeUrl": "https://{digest}.execute-api.{region}.amazonaws.com/live"},
}
"""What AWS alone tells of a type, beside its id and its ARN."""

_IDS = {
    "aws:ec2/vpc:Vpc": "vpc-{digest}",
    "aws:ec2/subnet:Subnet": "subnet-{digest}",
    "aws:ec2/securityGroup:SecurityGroup": "sg-{digest}",
    "aws:ec2/routeTable:RouteTable": "rtb-{digest}",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce-{digest}",
    "aws:ec2/internetGateway:InternetGateway": "igw-{digest}",
    "aws:ec2/natGateway:NatGateway": "nat-{digest}",
    "aws:ec2/eip:Eip": "eipalloc-{digest}",
}


def _made(kind: str, resource: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Id and outputs of a resource as AWS would give them, as far as programs look at them."""
    named = [inputs[key] for key in _NAMES if isinstance(inputs.get(key), str)]
    name = named[0] if named else resource
    digest = hashlib.sha256(f"{kind} {resource}".encode()).hexdigest()[:17]
    service = kind.split(":")[1].split("/")[0] if kind.count(":") > 1 else ""
    told = {"account": ACCOUNT, "region": inputs.get("region") or REGION, "name": name, "digest": digest}
    told["digest"] = str(UUID(hashlib.md5(resource.encode()).hexdigest())) if "kms/" in kind else digest  # noqa: S324
    arn = _ARNS.get(kind, f"arn:aws:{service}:{{region}}:{{account}}:{{name}}").format(**told)
    outputs = {"arn": arn, "url": f"https://mock/{name}", "keyId": told["digest"], "name": name, **inputs}
    if kind == "aws:ec2/vpc:Vpc":
        outputs["defaultNetworkAclId"] = f"acl-{digest}"
    outputs |= {key: text.format(**told) for key, text in _BY_AWS.get(kind, {}).items()}
    id = _IDS[kind].format(**told) if kind in _IDS else (arn if "policy:Policy" in kind else name)
    return id, outputs


_NAMES = ("name", "bucket", "pipelineName", "modelPackageGroupName", "featureGroupName", "family")


def _key(domain: str, region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{domain}"


def foundation(**other: Any) -> Foundation:
    """A foundation of plain values, to build a component on by itself."""
    place = Place(project="groundplan", stack="dev", account=ACCOUNT, region=REGION, partition="aws")
    given: dict[str, Any] = {
        "place": place,
        "key_arns": {domain: pulumi.Output.from_input(_key(domain, REGION)) for domain in DOMAINS},
        "boundary_arn": pulumi.Output.from_input(f"arn:aws:iam::{ACCOUNT}:policy/groundplan-dev-boundary"),
        "log_days": 30,
        "protected": False,
        "runbooks": "https://example.com/runbooks",
    }
    if other.get("recovery_region"):
        second = other["recovery_region"]
        given["replica_key_arns"] = {
            domain: pulumi.Output.from_input(_key(domain, second)) for domain in REPLICATED
        }
    return Foundation(**{**given, **other})


def topics() -> Mapping[Any, str]:
    """The topics of each severity."""
    return {
        one: f"arn:aws:sns:{REGION}:{ACCOUNT}:groundplan-dev-{one}" for one in ("critical", "warning", "info")
    }


def build(program: Callable[[], Mapping[str, Any]], *, stack: str = "dev", preview: bool = False) -> Build:
    """Runs `program` under mocks, waits for all that it registers, and for the outputs that it returns.

    Raises RefusedError for what the provider's Check refuses.
    """
    found = Build()
    mocks.set_mocks(CheckedMocks(found), project="groundplan", stack=stack, preview=preview)

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        return pulumi.Output.from_input(dict(program())).apply(found.outputs.update)

    with _at_pace():
        run()
    return found


@contextmanager
def _at_pace() -> Iterator[None]:
    """Spares what costs a program under mocks two thirds of its time and tells a test nothing.

    The collector would go through the hundreds of thousands of objects that Pulumi's modules are, again and
    again; and each resource would be sent with the stack of calls that made it.
    """
    _leave_the_loaded_alone()
    gc.disable()
    try:
        with patch("pulumi.runtime.resource._get_stack_trace", StackTrace):
            yield
    finally:
        gc.enable()


@cache
def _leave_the_loaded_alone() -> None:
    gc.collect()
    gc.freeze()
