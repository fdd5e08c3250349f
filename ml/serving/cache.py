"""Which answers are kept? Those to the same bytes, newest use last, within a bound of memory."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

_OVERHEAD = 300
"""Bytes that an entry takes beside its answer, about."""


class AnswerCache:
    """Answers by the digest of what they depend on: no request is kept. Nothing is cached within 0 bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()

    @staticmethod
    def key(body: bytes, *kinds: str) -> bytes:
        """Of a body and what else an answer depends on: so long that no client can make two the same."""
        digest = hashlib.blake2b(body, digest_size=32)
        digest.update("\0".join(("", *kinds)).encode())
        return digest.digest()

    def get(self, key: bytes) -> bytes | None:
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: bytes) -> None:
        size = len(answer) + _OVERHEAD
        if size > self._most or key in self._answers:
            return
        self._answers[key] = answer
        self._held += size
        while self._held > self._most:
            _, old = self._answers.popitem(last=False)
            self._held -= len(old) + _OVERHEAD
