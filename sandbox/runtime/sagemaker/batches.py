"""How is an object cut into requests of a transform job, and how are the answers put together?

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MEGABYTE = 1024 * 1024


class RecordTooLargeError(Exception):
    """A record that is larger than a request may be."""


@dataclass(frozen=True)
class Cutting:
    """How to cut: by `Line` or not at all (`None`), one record a request or as many as fit, and the most
    bytes of a request."""

    split: str
    strategy: str
    most: int

    def requests(self, content: bytes) -> Iterator[bytes]:
        """The bodies of the requests of one object. Raises RecordTooLargeError."""
        if self.split != "Line":
            yield self._fitting(content)
            return
        lines = [line for line in content.splitlines() if line.strip()]
        if self.strategy == "SingleRecord":
            yield from map(self._fitting, lines)
            return
        batch: list[bytes] = []
        size = 0
        for line in map(self._fitting, lines):
            if batch and size + len(line) + 1 > self.most:
                yield b"\n".join(batch)
                batch, size = [], 0
            batch.append(line)
            size += len(line) + 1
        if batch:
            yield b"\n".join(batch)

    def _fitting(self, record: bytes) -> bytes:
        if len(record) > self.most:
            raise RecordTooLargeError(
                f"a record of {len(record)} bytes is above MaxPayloadInMB ({self.most // MEGABYTE} MB)"
            )
        return record


def assembled(answers: Sequence[bytes], how: str) -> bytes:
    """One object of all answers: with a line's end after each where that is asked for."""
    if how != "Line":
        return b"".join(answers)
    return b"".join(answer.rstrip(b"\n") + b"\n" for answer in answers)
