"""How the provider speaks to the emulated cloud: one boto3 client a service, retries, and named refusals."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import ResponseParserError

from sandbox.aws.identity import Identity
from sandbox.engine.provider import OutcomeUnknown, ProviderError

_ATTEMPTS: Final = 5
_FIRST_PAUSE_S: Final = 0.1
_THROTTLED: Final = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|LimitExceededException$"
)
_REPEATABLE: Final = re.compile(r"Get|List|Describe|Head|Put|Update|Delete|Modify|Tag|Untag|Attach|Detach")
_GONE: Final = re.compile(
    r"NotFound|NoSuch|NotExist|NonExist|DoesNotExist|^404$|^ResourceNotFound$|^Unknown(Monitor|Subscription)",
    re.IGNORECASE,
)
_GONE_MESSAGE: Final = re.compile(
    r"could not find|does not exist|not found|no such|cannot find|^no .+ found", re.IGNORECASE
)
_GONE_BY_MESSAGE: Final = frozenset(
    {
        "ClientException",
        "InvalidParameterValue",
        "InvalidRequestException",
        "ValidationError",
        "ValidationException",
    }
)
"""Codes that some services have for what is gone too, and only the message tells."""


class CloudError(ProviderError):
    """The service refused a request. `code` is the service's own."""

    def __init__(self, service: str, operation: str, code: str, message: str) -> None:
        super().__init__(f"{service} {operation}: {code}: {message}")
        self.code = code
        self.passing = False
        """Whether it may go away by itself: throttling, or a fault of the service."""
        self.gone = bool(_GONE.search(code)) or (
            code in _GONE_BY_MESSAGE and bool(_GONE_MESSAGE.search(message))
        )


class NotEmulatedError(ProviderError):
    """The emulated cloud has no such operation, or broke inside it."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(
            f"{service} {operation} is not emulated in the sandbox (the emulator shows an error page). "
            "On AWS the operation exists; in the sandbox leave the resource out or make its type `recorded`."
        )


class UnreachableError(ProviderError):
    """Nothing answers at the sandbox's address."""

    def __init__(self, endpoint_url: str) -> None:
        super().__init__(
            f"the sandbox does not answer at {endpoint_url}; start it with `groundplan sandbox start`"
        )


class AnswerLostError(OutcomeUnknown):
    """The connection broke under a request that must not be sent twice."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(
            f"{service} {operation} was sent, but the sandbox's answer never came: whether it was done, "
            "the next run finds out; run it again"
        )


class CancelledError(ProviderError):
    """The run was cancelled: nothing new is begun, and nothing waited for."""


class Cloud:
    """The emulated account in one region. Safe to use from several threads."""

    def __init__(self, endpoint_url: str, region: str, identity: Identity) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self.identity = identity
        self.cancelled = threading.Event()
        self._core = botocore.session.get_session()
        self._session: Any = boto3.Session(botocore_session=self._core)
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._models: dict[str, ServiceModel] = {}
        self._siblings: dict[str, Cloud] = {}

    def in_region(self, region: str | None) -> Cloud:
        """The same account in another region."""
        if not region or region == self.region:
            return self
        with self._lock:
            if region not in self._siblings:
                sibling = Cloud(self.endpoint_url, region, self.identity)
                sibling.cancelled = self.cancelled
                self._siblings[region] = sibling
            return self._siblings[region]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, by the region's name."""
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(self.region.rsplit("-", 2)[0], "aws")

    @property
    def dns_suffix(self) -> str:
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @cached_property
    def account_id(self) -> str:
        """The account that the credentials belong to; asks the cloud once."""
        return str(self.call("sts", "GetCallerIdentity")["Account"])

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def model(self, service: str) -> ServiceModel:
        """The service's model as the installed botocore has it, read once."""
        with self._lock:
            if service not in self._models:
                self._models[service] = self._core.get_service_model(service)
            return self._models[service]

    def operation(self, service: str, operation: str) -> OperationModel:
        return self.model(service).operation_model(operation)

    def client(self, service: str) -> Any:
        """The boto3 client of a service; made once, since making it reads the model."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self.endpoint_url,
                    region_name=self.region,
                    aws_access_key_id=self.identity.access_key,
                    aws_secret_access_key=self.identity.secret_key,
                    config=Config(
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                        connect_timeout=5,
                        read_timeout=120,
                        max_pool_connections=32,
                        parameter_validation=True,
                        # A proxy of the environment must not stand between this machine and itself.
                        proxies={},
                    ),
                )
                if service == "s3control":
                    self._clients[service].meta.events.register("before-sign.s3-control", _without_account)
            return self._clients[service]

    def refuse_after_cancel(self, what: str) -> None:
        """Raises CancelledError where the run was cancelled. What has begun already goes on to its end."""
        if self.cancelled.is_set():
            raise CancelledError(f"{what} was not begun: the run was cancelled")

    def call(self, service: str, operation: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Makes one request and gives its answer.

        Throttling, a broken connection and the emulator's own faults are tried again with growing pauses.
        Raises CloudError where the service refuses, NotEmulatedError where there is no such operation,
        UnreachableError where nothing answers, AnswerLostError where a request may have been carried out.
        """
        client = self.client(service)
        method = getattr(client, _python_name(client, operation))
        answer: dict[str, Any] = self._attempt(service, operation, lambda: method(**(params or {})))
        return answer

    def pages(
        self, service: str, operation: str, key: str, params: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Every page of a listing, each with at least `key`. Raises as `call` does."""
        client = self.client(service)
        name = _python_name(client, operation)
        if not client.can_paginate(name):
            return [{key: [], **self.call(service, operation, params)}]

        def everything() -> list[dict[str, Any]]:
            return [{key: [], **page} for page in client.get_paginator(name).paginate(**(params or {}))]

        pages: list[dict[str, Any]] = self._attempt(service, operation, everything)
        return pages

    def _attempt(self, service: str, operation: str, ask: Callable[[], Any]) -> Any:
        pauses = _pauses()
        while True:
            pause = next(pauses, None)
            try:
                return ask()
            except ClientError as error:
                refusal = _refusal(service, operation, error)
                if not refusal.passing or pause is None:
                    raise refusal from error
            except ResponseParserError as error:
                raise NotEmulatedError(service, operation) from error
            except EndpointConnectionError as error:
                if pause is None:
                    raise UnreachableError(self.endpoint_url) from error
            except (ConnectionClosedError, ReadTimeoutError) as error:
                # The request may have been carried out: a second create would make a second resource.
                if not _REPEATABLE.match(operation):
                    raise AnswerLostError(service, operation) from error
                if pause is None:
                    raise UnreachableError(self.endpoint_url) from error
            except BotoCoreError as error:
                raise CloudError(service, operation, type(error).__name__, str(error)) from error
            if self.cancelled.wait(pause):
                raise CancelledError(f"{service} {operation} was not tried again: the run was cancelled")

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            for sibling in self._siblings.values():
                sibling.close()


def _without_account(request: Any, **_: Any) -> None:
    """S3 Control puts the account before the host's name, which an address does not have."""
    scheme, _, rest = request.url.partition("://")
    account, _, place = rest.partition(".")
    if account.isdigit() and len(account) == 12:
        request.url = f"{scheme}://{place}"


def _refusal(service: str, operation: str, error: ClientError) -> CloudError:
    """The service's refusal; raises NotEmulatedError where it is the emulator's own error page."""
    problem = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    if status >= 500 and "text/html" in metadata.get("HTTPHeaders", {}).get("content-type", ""):
        raise NotEmulatedError(service, operation) from error
    code, message = str(problem.get("Code", "")), str(problem.get("Message", ""))
    refusal = CloudError(service, operation, code, message)
    refusal.passing = status >= 500 or bool(_THROTTLED.search(code))
    return refusal


def _pauses() -> Iterator[float]:
    """Growing pauses with jitter, one fewer than the attempts."""
    for attempt in range(_ATTEMPTS - 1):
        yield _FIRST_PAUSE_S * 2**attempt * (1 + random.random())  # noqa: S311 - jitter


def wait_until(ready: Callable[[], bool], seconds: float, what: str, cancelled: threading.Event) -> None:
    """Polls `ready()` until it is true; raises ProviderError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while not ready():
        if time.monotonic() > deadline:
            raise ProviderError(f"{what} is not ready after {seconds:.0f} s")
        if cancelled.wait(pause):
            raise CancelledError(f"stopped waiting for {what}: the run was cancelled")
        pause = min(pause * 1.5, 2.0)


def _python_name(client: Any, operation: str) -> str:
    names: dict[str, str] = client.meta.method_to_api_mapping
    for python, wire in names.items():
        if wire == operation:
            return python
    raise LookupError(f"{client.meta.service_model.service_name} has no operation {operation}")
