"""How a resource hook is called: the messages that the program gets, and its answers (`resource.proto`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulumi.runtime.proto import resource_pb2

from sandbox.engine.callbacks import CallbackFailed, Callbacks
from sandbox.engine.hooks import Moment
from sandbox.engine.state import Resource
from sandbox.engine.urn import name_of
from sandbox.engine.wire import to_struct


class HookCalls:
    """Calls the hooks of one program (`hooks.Program`)."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks

    def call_hook(self, hook: Any, moment: Moment, old: Resource | None, new: Resource | None) -> str:
        """Calls a hook of an operation."""
        message = resource_pb2.ResourceHookRequest(**_subject(old, new))
        if new is not None and moment in ("AfterCreate", "AfterUpdate"):
            message.new_outputs.CopyFrom(to_struct(new.outputs))
        answer = resource_pb2.ResourceHookResponse()
        return self._ask(hook, message, answer)

    def call_error_hook(
        self,
        hook: Any,
        operation: str,
        old: Resource | None,
        new: Resource | None,
        failures: Sequence[str],
    ) -> tuple[str, bool]:
        """Calls a hook of errors; `failures` has the newest first."""
        answer = resource_pb2.ErrorHookResponse()
        message = resource_pb2.ErrorHookRequest(
            failed_operation=operation, errors=failures, **_subject(old, new)
        )
        return self._ask(hook, message, answer), answer.retry

    def _ask(self, hook: Any, message: Any, answer: Any) -> str:
        try:
            answer.ParseFromString(self._callbacks.call(hook.callback, message))
        except CallbackFailed as error:
            return str(error)
        return str(answer.error)


def _subject(old: Resource | None, new: Resource | None) -> dict[str, Any]:
    resource = new or old
    if resource is None:
        raise AssertionError("a hook is about a resource")
    plain: dict[str, Any] = {
        "urn": resource.urn,
        "id": resource.id,
        "name": name_of(resource.urn),
        "type": resource.type,
    }
    if new is not None:
        plain["new_inputs"] = to_struct(new.inputs)
    if old is not None:
        plain["old_inputs"] = to_struct(old.inputs)
        plain["old_outputs"] = to_struct(old.outputs)
    return plain
