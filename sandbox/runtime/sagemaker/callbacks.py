"""What do those who were sent a callback step's token answer? The operations, and what waits for them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.overlay import Caller, Documents, Params, ServiceError

Operation = Callable[[Params, Caller], Params]
_KIND = "sagemaker-callback"


@dataclass(frozen=True)
class Answered:
    """What a callback step came to: its outputs, or why it failed."""

    outputs: Mapping[str, str]
    failure: str = ""
    failed: bool = False


class Callbacks:
    """Tokens of callback steps under way, and the answers to them."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self.operations: Mapping[str, Operation] = {
            "SendPipelineExecutionStepSuccess": self._succeed,
            "SendPipelineExecutionStepFailure": self._fail,
        }

    def new_token(self, execution: str) -> str:
        """A token of ten characters, as the service has them."""
        token = secrets.token_hex(5)
        self._documents.put(_KIND, token, {"token": token, "execution": execution, "answer": None})
        return token

    def answered(self, token: str) -> Answered | None:
        """The answer to a token, once it is there."""
        kept = self._documents.get(_KIND, token)
        return Answered(**kept["answer"]) if kept and kept["answer"] else None

    def forget(self, token: str) -> None:
        """Nobody waits for it any more."""
        self._documents.delete(_KIND, token)

    def settle(self) -> None:
        """Forgets what an earlier run of the sandbox waited for: its executions have failed."""
        for kept in self._documents.all(_KIND):
            self._documents.delete(_KIND, kept["token"])

    def _succeed(self, params: Params, caller: Caller) -> Params:
        outputs = {one["Name"]: one["Value"] for one in params.get("OutputParameters") or []}
        return self._answer(params["CallbackToken"], {"outputs": outputs})

    def _fail(self, params: Params, caller: Caller) -> Params:
        failure = params.get("FailureReason") or "The callback step failed"
        return self._answer(params["CallbackToken"], {"outputs": {}, "failure": failure, "failed": True})

    def _answer(self, token: str, answer: dict[str, Any]) -> Params:
        with self._lock:
            kept = self._documents.get(_KIND, token)
            if kept is None or kept["answer"]:
                raise ServiceError("ResourceNotFound", f"No callback step waits for the token {token}.")
            self._documents.put(_KIND, token, {**kept, "answer": answer})
        return {"PipelineExecutionArn": kept["execution"]}
