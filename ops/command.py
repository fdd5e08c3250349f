"""The `groundplan` command: which part of `ops` does what was typed, and how its errors are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ops.arguments import parser
from ops.errors import FAILED, INTERRUPTED, OK, USAGE, CommandError
from ops.screen import Screen


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. The exit status is 0 (done), 1 (failed), 2 (wrong usage) or 130 (interrupted)."""
    root = parser()
    try:
        arguments = root.parse_args(argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE
    screen = Screen.of_process(as_json=getattr(arguments, "as_json", False))
    if arguments.own_version:
        from importlib.metadata import version

        screen.line(f"groundplan {version('groundplan')}")
        return OK
    if arguments.command is None:
        root.print_help(sys.stderr)
        return USAGE
    try:
        status: int = arguments.run(arguments, screen)
        return status
    except CommandError as error:
        return _tell(
            screen, type(error).__name__, str(error), error.next_step, error.exit_code, error.document
        )
    except KeyboardInterrupt:
        return _tell(screen, "Interrupted", "interrupted", "run it again to go on", INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe has gone, as in `groundplan … | head`; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except _foreseen() as error:
        message, next_step = _worded(error)
        return _tell(screen, type(error).__name__, message, next_step, FAILED)


def _tell(
    screen: Screen,
    kind: str,
    message: str,
    next_step: str,
    code: int,
    document: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    screen.error(message, next_step)
    screen.document({**document, "error": {"kind": kind, "message": message, "next": next_step}})
    return code


def _foreseen() -> tuple[type[Exception], ...]:
    """The errors of the rooms below and of AWS's client: each says for itself what is wrong.

    Only evaluated once something has gone wrong, so that no command waits for these imports.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from sandbox.engine.errors import EngineError
    from sandbox.engine.provider import ProviderError
    from sandbox.runtime.client import SandboxRefusedError, SandboxUnreachableError
    from sandbox.runtime.daemon import SandboxError

    return (
        EngineError,
        ProviderError,
        SandboxError,
        SandboxRefusedError,
        SandboxUnreachableError,
        BotoCoreError,
        ClientError,
    )


def _worded(error: Exception) -> tuple[str, str]:
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

    from sandbox.engine.errors import StackLocked, WrongPassphrase
    from sandbox.runtime.daemon import PortInUseError

    match error:
        case ClientError():
            detail = error.response.get("Error", {})
            code, text = detail.get("Code", ""), detail.get("Message", "")
            return f"{error.operation_name} was refused ({code}): {text}", ""
        case EndpointConnectionError():
            return str(error), "is the sandbox running? groundplan sandbox status"
        case BotoCoreError():
            return f"the cloud did not answer: {error}", "groundplan doctor looks for the cause"
        case StackLocked():
            return str(error), f"groundplan unlock {error.stack}"
        case WrongPassphrase():
            return str(error), "set PULUMI_CONFIG_PASSPHRASE"
        case PortInUseError():
            return str(error), "groundplan sandbox start, without --port, chooses a free one"
        case _:
            return str(error), ""
