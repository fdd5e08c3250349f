"""What does an invocation of an endpoint ask? Its name, body and headers, read from the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.runtime.host.operation import account_of
from sandbox.runtime.sagemaker.asynchronous import INTERNAL

BODY_LIMIT = 6 * 1024 * 1024
"""Bytes of a request's body, the service's limit for real-time endpoints (InvokeEndpoint, Body)."""
_TARGET = b"x-amzn-sagemaker-target-variant"
ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
_INTERNAL = INTERNAL.encode()
_INFERENCE_ID = b"x-amzn-sagemaker-inference-id"


class RefusedError(Exception):
    """An invocation that is not carried out: the status, the error's kind, the answer's members."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.body = {"Message": message, **more}


@dataclass(frozen=True)
class Request:
    """One invocation. `head` is written to the instance as it stands."""

    head: bytes
    body: bytes
    account: str
    """The account that the caller's key names; empty for any other key."""
    region: str
    content_type: str
    variant: str
    attributes: bytes
    inference_id: str
    internal: bool


def endpoint_of(scope: Any) -> tuple[str, bool]:
    """The endpoint, and whether the request lies in S3. Raises RefusedError for any other address."""
    parts = scope["path"].split("/")
    kinds = {"invocations", "async-invocations"}
    if scope["method"] != "POST" or len(parts) != 4 or parts[3] not in kinds:
        raise RefusedError(
            404,
            "ValidationError",
            f"The sandbox answers POST /endpoints/NAME/invocations, not {scope['path']}",
        )
    return str(parts[2]), parts[3] == "async-invocations"


async def read(scope: Any, receive: Any) -> Request:
    """Reads it whole. Raises RefusedError for a body above the limit."""
    content_type = accept = attributes = b""
    authorization = variant = inference_id = b""
    internal = False
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"accept":
            accept = value
        elif name == b"authorization":
            authorization = value
        elif name == ATTRIBUTES:
            attributes = value
        elif name == _TARGET:
            variant = value
        elif name == _INFERENCE_ID:
            inference_id = value
        elif name == _INTERNAL:
            internal = True
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            break
    if len(body) > BODY_LIMIT:
        raise RefusedError(413, "ValidationError", f"Request body exceeds the limit of {BODY_LIMIT} bytes.")
    head = b"POST /invocations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n" % len(body)
    if content_type:
        head += b"content-type: %s\r\n" % content_type
    if accept:
        head += b"accept: %s\r\n" % accept
    if attributes:
        head += b"%s: %s\r\n" % (ATTRIBUTES, attributes)
    account, region = _scope(authorization)
    return Request(
        head + b"\r\n",
        body,
        account,
        region,
        content_type.decode("latin-1"),
        variant.decode("latin-1"),
        attributes,
        inference_id.decode("latin-1"),
        internal,
    )


def _scope(authorization: bytes) -> tuple[str, str]:
    """Account and region of a signature's scope, `Credential=KEY/DATE/REGION/sagemaker/aws4_request`."""
    scope = authorization.partition(b"Credential=")[2].split(b",", 1)[0].split(b"/")
    if len(scope) != 5:
        return "", ""
    return account_of(scope[0].decode("latin-1"), ""), scope[2].decode("latin-1")
