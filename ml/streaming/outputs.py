"""What does the consumer hand on, and to whom? The interface that it works against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ml.streaming.groups import Group


@dataclass(frozen=True)
class Refusal:
    """Why something was not taken. `final`: another try would not mend it."""

    reason: str
    final: bool
    absent: bool = False
    """There is no model to ask (yet)."""


@dataclass(frozen=True)
class Question:
    """What a model is asked: the inference id, the time of the event (ISO 8601), and the features."""

    id: str
    time: str
    features: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a model says: a probability, and which variant of the endpoint said it."""

    probability: float
    variant: str


Record = tuple[Group, Mapping[str, str]]


class Outputs(Protocol):
    """Features, the model, the dead letters, the archive and the metrics."""

    def put(self, records: Sequence[Record]) -> list[Refusal | None]:
        """Writes records to the feature store, each by itself."""
        ...

    def predict(self, questions: Sequence[Question]) -> list[Answer | Refusal]:
        """Asks the model, an invocation a question."""
        ...

    def predicted(self, group: Group, identities: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """The records of predictions that were made, by inference id."""
        ...

    def set_apart(self, identity: str, data: bytes, reason: str) -> None:
        """Keeps what no further try would mend, whole, where an alarm tells of it."""
        ...

    def archive(self, events: Sequence[bytes]) -> None:
        """Hands events to the archive, where it does not read the stream itself."""
        ...

    def count(self, counts: Mapping[str, int]) -> None:
        """Tells what happened, for the log and the metrics."""
        ...
