"""What the tests of serving share: the small model's features, and a server in a process of its own."""

import http.client
import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.training.schema import Feature

ROOT = Path(__file__).parents[3]
FEATURES = (
    Feature(name="carrier", kind="category", values=("AA", "UA")),
    Feature(name="wind", kind="number"),
    Feature(name="delay", kind="number"),
)
ROW: dict[str, Any] = {"carrier": "UA", "wind": 12.5, "delay": None}
ROUNDS, SLOPE, INTERCEPT = 8, 0.9, -0.1


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return str(self.json["error"])


class Served:
    """A server in a process of its own."""

    def __init__(self, command: list[str], environment: Mapping[str, str], errors: Path) -> None:
        self.errors = errors
        with errors.open("w") as file:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=file, text=True, cwd="/"
            )
        self.lines: list[dict[str, Any]] = []
        self.port = 0
        while not self.port and (line := self._line()):
            self.port = line.get("port", 0)

    def _line(self) -> dict[str, Any] | None:
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        if not text:
            return None
        line: dict[str, Any] = json.loads(text)
        self.lines.append(line)
        return line

    def until(self, event: str) -> dict[str, Any]:
        """The next line of the log that tells of the event."""
        while line := self._line():
            if line["event"] == event:
                return line
        raise AssertionError(f"the server ended without {event!r}: {self.errors.read_text()}")

    def ask(
        self,
        body: bytes | Iterable[bytes] = b"",
        kind: str = "application/json",
        accept: str = "",
        **headers: str,
    ) -> Answer:
        named = {"Content-Type": kind, **({"Accept": accept} if accept else {})}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", "/invocations", body, named)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def raw(self, sent: bytes, seconds: float = 20) -> bytes:
        """The answer to these bytes, or what comes until the server ends the connection."""
        with self.connection(seconds) as connection:
            connection.sendall(sent)
            return received(connection)

    def connection(self, seconds: float = 20) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def metric(self, name: str) -> float:
        for line in self.request("GET", "/metrics").body.decode().splitlines():
            if line.startswith(f"serving_{name} "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no metric {name}")

    def workers(self) -> list[int]:
        """The processes that the supervisor started."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(one) for one in found.split()]

    def resident_mb(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


Start = Callable[..., Served]


def body(*rows: object) -> bytes:
    return json.dumps({"instances": rows}).encode()


def received(connection: socket.socket) -> bytes:
    """One answer whole, or what came until the end of the connection."""
    found = b""
    while part := connection.recv(65536):
        found += part
        head, split, content = found.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if split and length and len(content) >= int(length[1]):
            break
    return found
