"""What does a request to `/invocations` ask for, by its headers?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .inference import (
    CSV,
    NPY,
    BadRequest,
    NotAcceptable,
    TooLarge,
    UnsupportedType,
    answer_type,
    request_type,
)

ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
"""SageMaker hands `CustomAttributes` of InvokeEndpoint to the container in this header."""
_MOST_ATTRIBUTES = 1024
_CACHED_BYTES = 65536


class LengthRequired(BadRequest):
    """A body of no announced length."""

    status = 411


class Overloaded(BadRequest):
    """More bodies are being read and answered than fit the memory; another instance may have room."""

    status = 503


class ClientGone(Exception):
    """The connection ended, or was given up, before the request was whole."""


class Asked(NamedTuple):
    """A request's headers, read. `explain` is how many contributions are wanted, 0 for no explanation."""

    content: str
    accept: str
    explain: int
    length: int | None
    """Bytes of the body, None where it comes in chunks."""

    @property
    def cacheable(self) -> bool:
        return self.length is not None and self.length <= _CACHED_BYTES


def asked(headers: Iterable[tuple[bytes, bytes]], largest_body: int) -> Asked:
    """Raises BadRequest: UnsupportedType, NotAcceptable, LengthRequired or TooLarge."""
    content = accept = ""
    length: int | None = None
    chunked = False
    explain = 0
    for name, value in headers:
        if name == b"content-type":
            content = value.decode("latin-1")
        elif name == b"accept":
            accept = value.decode("latin-1")
        elif name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            chunked = True
        elif name == b"content-encoding" and value.lower() != b"identity":
            raise UnsupportedType(f"Content encoding {value[:40]!r} is not supported; allowed: none.")
        elif name == ATTRIBUTES:
            explain = contributions_asked(value.decode("latin-1"))
    kind, wanted = request_type(content), answer_type(accept)
    if explain and wanted in (CSV, NPY):
        raise NotAcceptable(f"Explanations are not written as {wanted}; allowed: JSON or JSON lines.")
    if length is None and not chunked:
        raise LengthRequired("The request has no body: neither Content-Length nor Transfer-Encoding.")
    require_size(length or 0, largest_body)
    return Asked(kind, wanted, explain, length)


def require_size(size: int, largest: int) -> None:
    """Raises TooLarge."""
    if size > largest:
        raise TooLarge(f"The body has {size} bytes or more; allowed: {largest}.")


def contributions_asked(attributes: str) -> int:
    """The number in `explain=N` among custom attributes, such as `event-time=…,explain=5`; 0 without.

    Raises BadRequest.
    """
    found = 0
    for attribute in attributes[:_MOST_ATTRIBUTES].replace(";", ",").split(","):
        name, _, value = attribute.partition("=")
        if name.strip().lower() == "explain":
            number = value.strip()
            if not (number.isascii() and number.isdecimal() and 1 <= int(number[:6]) <= 10_000):
                told = "allowed: explain=N, the number of contributions to name, from 1"
                raise BadRequest(f"Custom attribute explain={number[:20]!r}; {told}.")
            found = int(number)
    return found
