"""What the emulator lacks of state machines: it takes any text for a definition."""

from __future__ import annotations

from typing import Any

from sandbox.runtime.workflows.definition import DefinitionError, parse


def install() -> None:
    """Has the emulator refuse such definitions. To be called once, before the first request."""
    from moto.core.exceptions import AWSError
    from moto.stepfunctions.models import StepFunctionBackend

    class InvalidDefinition(AWSError):
        TYPE = "InvalidDefinition"
        STATUS = 400

    create, update = StepFunctionBackend.create_state_machine, StepFunctionBackend.update_state_machine

    def check(text: str | None) -> None:
        if text is None:
            return
        try:
            parse(text)
        except DefinitionError as wrong:
            raise InvalidDefinition(f"Invalid State Machine Definition: '{wrong}'") from wrong

    def create_checked(self: Any, name: str, definition: str, *given: Any, **named: Any) -> Any:
        check(definition)
        return create(self, name, definition, *given, **named)

    def update_checked(self: Any, arn: str, definition: str | None = None, *given: Any, **named: Any) -> Any:
        check(definition)
        return update(self, arn, definition, *given, **named)

    StepFunctionBackend.create_state_machine = create_checked  # type: ignore[method-assign]
    StepFunctionBackend.update_state_machine = update_checked  # type: ignore[method-assign]
