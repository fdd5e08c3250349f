"""Which operation of which service a request asks for, who asks, and whether it changes anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel

from sandbox.runtime.host.http import HttpRequest
from sandbox.runtime.overlay import Caller

_MODELS_BY_SIGNING_NAME = {
    "access-analyzer": "accessanalyzer",
    "aps": "amp",
    "elasticfilesystem": "efs",
    "kinesisanalytics": "kinesisanalyticsv2",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "application-autoscaling": "application-autoscaling",
}
"""Where the service model is named other than the signing name; botocore's models know no reverse look-up."""

_FEATURE_STORE = re.compile(r"/(FeatureGroup/|BatchGetRecord$|BatchWriteRecord$)")
"""Paths of the feature store's runtime, which signs as SageMaker does but has a model of its own."""

_READS = re.compile(
    r"(Get|List|Describe|Head|BatchGet|Search|Lookup|Query$|Scan$|Select|Filter|Validate|Test|Simulate|Estimate|Preview"
    r"|Encrypt$|Decrypt$|ReEncrypt$|GenerateDataKey|GenerateMac|GenerateRandom|Sign$|Verify)"
)
"""Beginnings of the names of operations that leave the emulator as it was."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]*)/([^/]+)/aws4_request")
_OUR_KEY = re.compile(r"AKIA0000(\d{12})")
_REST = {"rest-json", "rest-xml"}


@dataclass(frozen=True)
class Operation:
    """What a request asks for. `name` is empty where only the service's REST paths tell (see
    `rest_operation`)."""

    service: str
    name: str
    region: str
    access_key: str


def operation_of(request: HttpRequest, default_region: str) -> Operation:
    """Reads the signature's scope and the operation's name; an unsigned request is taken for S3, as it is
    on AWS."""
    header = request.header
    found = _CREDENTIAL.search(header.get("authorization", ""))
    if found is None and "X-Amz-Credential" in request.query:
        presigned = parse_qs(request.query)
        found = _CREDENTIAL.search(f"Credential={presigned['X-Amz-Credential'][0]}")
    access_key, region, service = found.groups() if found else ("", default_region, "s3")
    if service == "sagemaker" and _FEATURE_STORE.match(request.path):
        service = "sagemaker-featurestore-runtime"
    return Operation(service.lower(), _named(request), region or default_region, access_key)


def _named(request: HttpRequest) -> str:
    target = request.header.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if "smithy-protocol" in request.header:
        return request.path.rpartition("/")[2]
    kind = request.header.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded") and b"Action=" in request.body:
        return parse_qs(request.body.decode("utf-8", "replace")).get("Action", [""])[0]
    return parse_qs(request.query).get("Action", [""])[0] if "Action=" in request.query else ""


def changes(request: HttpRequest, operation: Operation) -> bool:
    """Whether the request may change what the emulator holds. In doubt it does."""
    if operation.name:
        return _READS.match(operation.name) is None
    return request.method not in {"GET", "HEAD", "OPTIONS"}


def account_of(access_key: str, default_account: str) -> str:
    """The account that our own access keys name; the default for every other key."""
    ours = _OUR_KEY.fullmatch(access_key)
    return ours.group(1) if ours else default_account


def caller_of(operation: Operation, default_account: str) -> Caller:
    """Who asks."""
    account = account_of(operation.access_key, default_account)
    return Caller(account, operation.region, operation.access_key)


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of the service with this signing name. Raises UnknownServiceError."""
    name = _MODELS_BY_SIGNING_NAME.get(service, service)
    return botocore.session.get_session().get_service_model(name)


@dataclass(frozen=True)
class _Route:
    operation: OperationModel
    path: re.Pattern[str]
    literals: int
    query: frozenset[str]


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = service_model(service)
    found = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        template, _, query = operation.http["requestUri"].partition("?")
        parts = re.split(r"\{(\w+)(\+?)\}", template.rstrip("/") or "/")
        pattern = re.escape(parts[0])
        for member, greedy, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            pattern += f"(?P<{member}>{'.+' if greedy else '[^/]+'}){re.escape(literal)}"
        literals = sum(len(part) for part in parts[0::3])
        wanted = frozenset(filter(None, query.split("&")))
        found.append(_Route(operation, re.compile(pattern + "/?"), literals, wanted))
    return tuple(sorted(found, key=lambda route: (-len(route.query), -route.literals)))


def rest_operation(service: str, request: HttpRequest) -> tuple[OperationModel, dict[str, str]] | None:
    """The operation whose path in the service's model fits, with the members that stand in the path."""
    if service_model(service).resolved_protocol not in _REST:
        return None
    given = {pair.rstrip("=") for pair in request.query.split("&")}
    names = {pair.partition("=")[0] for pair in given}
    for route in _routes(service):
        if route.operation.http["method"] != request.method or not route.query <= given | names:
            continue
        fits = route.path.fullmatch(request.path)
        if fits:
            return route.operation, {name: unquote(value) for name, value in fits.groupdict().items()}
    return None
