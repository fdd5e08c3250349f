"""Which texts are secret in a run, and how what a process says is shown without them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from typing import Any, Final

from sandbox.engine.values import OutputValue, Secret

_HIDDEN: Final = "[secret]"
_SHORTEST: Final = 3
"""Shorter ones stand in too many words to be told apart (`logging.replacements` of Pulumi's SDK)."""


class SecretTexts:
    """The secret texts that have been handed out so far. Safe in several threads."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._texts: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._add(texts)

    def learn(self, value: Any) -> None:
        """Takes note of every secret text in a property value."""
        found: list[str] = []
        _collect(value, False, found)
        self._add(found)

    def hide(self, text: str) -> str:
        """The text with `[secret]` where a secret stood, also as JSON writes it."""
        with self._lock:
            if self._pattern is None and self._texts:
                # The longest first: one secret may begin with another.
                ordered = sorted(self._texts, key=len, reverse=True)
                self._pattern = re.compile("|".join(re.escape(item) for item in ordered))
            return text if self._pattern is None else self._pattern.sub(_HIDDEN, text)

    def _add(self, texts: Iterable[str]) -> None:
        with self._lock:
            before = len(self._texts)
            for text in texts:
                if len(text) >= _SHORTEST and text.lower() not in ("true", "false"):
                    self._texts |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
            if len(self._texts) != before:
                self._pattern = None


def _collect(value: Any, secret: bool, found: list[str]) -> None:
    if isinstance(value, Secret):
        _collect(value.value, True, found)
    elif isinstance(value, OutputValue):
        _collect(value.value, secret or value.secret, found)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, secret, found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, secret, found)
    elif secret and isinstance(value, str):
        found.append(value)
