"""What an HTTP request and its answer are, between the front, the journal and the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class HttpRequest:
    """One request. Header names are in lower case; `path` is as it arrived, percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    @cached_property
    def header(self) -> Mapping[str, str]:
        """The last value of each header."""
        return dict(self.headers)

    @property
    def target(self) -> str:
        """Path and query, as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def with_header(self, name: str, value: str) -> HttpRequest:
        """The same request with one header set."""
        others = tuple(pair for pair in self.headers if pair[0] != name)
        return HttpRequest(self.method, self.path, self.query, (*others, (name, value)), self.body)


@dataclass(frozen=True)
class HttpAnswer:
    """One answer, whole."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
