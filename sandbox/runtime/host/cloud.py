"""What the host gives to an overlay: clients, the emulator, documents, logs, events, metrics, faults."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from sandbox.runtime.host import event_buses
from sandbox.runtime.host.clients import SECRET_KEY, access_key_for, environment
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.host.faults import Faults
from sandbox.runtime.host.http import HttpRequest
from sandbox.runtime.overlay import Caller, Documents, Metric, Params, ServiceError

_CLIENT = Config(
    retries={"total_max_attempts": 1},
    parameter_validation=True,
    max_pool_connections=50,
    # A function may take fifteen minutes to answer.
    read_timeout=960,
)
_MAX_BATCH = 1000


class HostedCloud:
    """The `Cloud` of `sandbox.runtime.overlay`, in the daemon's process."""

    def __init__(
        self, root: Path, endpoint_url: str, documents: Documents, emulator: Emulator, faults: Faults
    ) -> None:
        self.root = root
        self.endpoint_url = endpoint_url
        self.documents = documents
        self._emulator = emulator
        self._faults = faults
        self._clients: dict[tuple[str, str, str, bool], Any] = {}
        self._making = threading.Lock()

    def client(self, service: str, caller: Caller) -> Any:
        """A boto3 client over HTTP, overlays included; kept, and safe to share between threads."""
        return self._client(service, caller, in_process=False)

    def environment(self, caller: Caller) -> dict[str, str]:
        """What leads any AWS client in a child process to this cloud."""
        return environment(self.root, self.endpoint_url, caller.account_id, caller.region)

    def emulate(self, service: str, operation: str, params: Params, caller: Caller) -> Params:
        """Asks the emulator itself, in process. Raises ServiceError as it answers."""
        client = self._client(service, caller, in_process=True)
        method: Callable[..., Params] = getattr(client, _method(client, operation))
        try:
            answer = method(**params)
        except botocore.exceptions.ClientError as refused:
            error, meta = refused.response["Error"], refused.response["ResponseMetadata"]
            raise ServiceError(error["Code"], error["Message"], meta["HTTPStatusCode"]) from refused
        answer.pop("ResponseMetadata", None)
        return answer

    def log(self, group: str, stream: str, lines: Sequence[str], caller: Caller) -> None:
        """Writes lines to CloudWatch Logs; the group and the stream are made where they are missing."""
        if not lines:
            return
        now = int(time.time() * 1000)
        for first in range(0, len(lines), _MAX_BATCH):
            # An empty message is refused by the service.
            events = [
                {"timestamp": now, "message": line or " "} for line in lines[first : first + _MAX_BATCH]
            ]
            params = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
            try:
                self.emulate("logs", "PutLogEvents", params, caller)
            except ServiceError as missing:
                if missing.code != "ResourceNotFoundException":
                    raise
                self._make_stream(group, stream, caller)
                self.emulate("logs", "PutLogEvents", params, caller)

    def emit(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        caller: Caller,
        resources: Sequence[str] = (),
    ) -> None:
        """Puts an event on the default EventBridge bus. One that no rule matches is not even journalled."""
        text = json.dumps(detail, default=str)
        event = {
            "source": source,
            "detail-type": detail_type,
            "account": caller.account_id,
            "region": caller.region,
            "resources": list(resources),
            "detail": json.loads(text),
        }
        with self._emulator.lock:
            wanted = event_buses.somebody_listens(event, caller)
        if wanted:
            entry = {
                "Source": source,
                "DetailType": detail_type,
                "Detail": text,
                "Resources": list(resources),
            }
            self.emulate("events", "PutEvents", {"Entries": [entry]}, caller)

    def measure(self, namespace: str, metrics: Sequence[Metric], caller: Caller) -> None:
        """Puts CloudWatch metrics, all in one request."""
        data = [
            {
                "MetricName": metric.name,
                "StatisticValues": {
                    "SampleCount": metric.count,
                    "Sum": metric.total,
                    "Minimum": metric.least,
                    "Maximum": metric.most,
                },
                "Unit": metric.unit,
                "Dimensions": [{"Name": key, "Value": text} for key, text in metric.dimensions.items()],
            }
            for metric in metrics
        ]
        self.emulate("cloudwatch", "PutMetricData", {"Namespace": namespace, "MetricData": data}, caller)

    def fault(self, name: str, *targets: str) -> bool:
        """Takes a requested fault: True once for each request."""
        return self._faults.take(name, *targets)

    def _make_stream(self, group: str, stream: str, caller: Caller) -> None:
        for operation, params in (
            ("CreateLogGroup", {"logGroupName": group}),
            ("CreateLogStream", {"logGroupName": group, "logStreamName": stream}),
        ):
            try:
                self.emulate("logs", operation, params, caller)
            except ServiceError as there:
                if there.code != "ResourceAlreadyExistsException":
                    raise

    def _client(self, service: str, caller: Caller, *, in_process: bool) -> Any:
        key = (service, caller.account_id, caller.region, in_process)
        with self._making:
            if key not in self._clients:
                client = boto3.session.Session().client(  # type: ignore[call-overload]
                    service,
                    endpoint_url=self.endpoint_url,
                    region_name=caller.region,
                    aws_access_key_id=access_key_for(caller.account_id),
                    aws_secret_access_key=SECRET_KEY,
                    config=_CLIENT,
                )
                if in_process:
                    client.meta.events.register("before-send", self._send)
                self._clients[key] = client
            return self._clients[key]

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        headers = tuple(
            (name.lower(), value.decode() if isinstance(value, bytes) else str(value))
            for name, value in request.headers.items()
        )
        answer = self._emulator.call(
            HttpRequest(
                str(request.method),
                url.path or "/",
                url.query,
                (("host", url.netloc), *headers),
                body.encode() if isinstance(body, str) else bytes(body),
            )
        )
        response = AWSResponse(request.url, answer.status, _headers(answer.headers), None)
        response._content = answer.body  # type: ignore[attr-defined]
        return response


def _headers(pairs: tuple[tuple[str, str], ...]) -> Any:
    headers = HTTPHeaders()
    for name, value in pairs:
        headers[name] = value
    return headers


def _method(client: Any, operation: str) -> str:
    for method, name in client.meta.method_to_api_mapping.items():
        if name == operation:
            return str(method)
    raise ServiceError(
        "InvalidAction", f"{client.meta.service_model.service_name} has no operation {operation}."
    )
