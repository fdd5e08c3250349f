"""The `groundplan` command: which part of `ops` does what was typed, and how its errors are told."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ops.arguments import parser
from ops.errors import FAILED, INTERRUPTED, OK, USAGE, CommandError
from ops.screen import Screen

if TYPE_CHECKING:
    from ops.runs import RunOptions
    from ops.session import Session
    from ops.workspace import Workspace


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
        return _HANDLERS[arguments.command](arguments, screen)
    except CommandError as error:
        return _tell(screen, type(error).__name__, str(error), error.next_step, error.exit_code)
    except KeyboardInterrupt:
        return _tell(screen, "Interrupted", "interrupted", "run it again to go on", INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe has gone, as in `groundplan … | head`; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except _foreseen() as error:
        message, next_step = _worded(error)
        return _tell(screen, type(error).__name__, message, next_step, FAILED)


def _tell(screen: Screen, kind: str, message: str, next_step: str, code: int) -> int:
    screen.error(message, next_step)
    screen.document({"error": {"kind": kind, "message": message, "next": next_step}})
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


def _workspace(arguments: argparse.Namespace) -> Workspace:
    from ops.workspace import Workspace

    return Workspace.find(arguments.folder)


def _session(arguments: argparse.Namespace, screen: Screen) -> Session:
    from ops.session import Session

    return Session(
        _workspace(arguments),
        arguments.stack,
        screen,
        target=arguments.target,
        engine=getattr(arguments, "engine", None),
    )


def _options(arguments: argparse.Namespace) -> RunOptions:
    from ops.runs import RunOptions

    return RunOptions(
        only=tuple(getattr(arguments, "only", ())),
        expect_no_changes=getattr(arguments, "expect_no_changes", False),
        details=getattr(arguments, "diff", False),
        assume_yes=getattr(arguments, "yes", False),
        parallel=arguments.parallel,
    )


def _run(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.stacks import run

    return run(_session(arguments, screen), arguments.command, _options(arguments))


def _destroy(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.destroying import destroy

    return destroy(_session(arguments, screen), _options(arguments))


def _outputs(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.stacks import outputs

    return outputs(_session(arguments, screen), arguments.name, show_secrets=arguments.show_secrets)


def _unlock(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.stacks import unlock

    return unlock(_session(arguments, screen))


def _start(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.main_job import start

    return start(_session(arguments, screen), _options(arguments), arguments.sources)


def _train(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.training import train

    return train(
        _session(arguments, screen), dict(arguments.parameter), arguments.sources, again=arguments.again
    )


def _approve(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.approval import approve

    return approve(
        _session(arguments, screen), arguments.version, reason=arguments.reason, reject=arguments.reject
    )


def _deploy(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.deployment import deploy

    return deploy(_session(arguments, screen), arguments.version, _options(arguments))


def _verify(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.verification import verify

    return verify(_session(arguments, screen))


def _predict(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.prediction import predict

    return predict(_session(arguments, screen), number=arguments.flight, risk=arguments.risk)


def _logs(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.logs import logs

    return logs(_session(arguments, screen), arguments.job, arguments.lines)


def _doctor(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.doctor import doctor

    return doctor(_workspace(arguments), screen)


def _sandbox(arguments: argparse.Namespace, screen: Screen) -> int:
    import ops.sandbox_commands as sandbox

    workspace = _workspace(arguments)
    match arguments.action:
        case "start":
            return sandbox.start(workspace, screen, arguments.port)
        case "stop":
            return sandbox.stop(workspace, screen)
        case "status":
            return sandbox.status(workspace, screen)
        case "types":
            return sandbox.types(screen, arguments.filter)
        case "spend":
            return sandbox.spend(workspace, screen, arguments.amount)
        case "channel":
            return sandbox.channel(workspace, screen)
        case "fault":
            if not arguments.name:
                return sandbox.faults(workspace, screen)
            return sandbox.fault(workspace, screen, arguments.name, arguments.on, arguments.times)
        case "fire":
            return sandbox.fire(workspace, screen, arguments.name)
        case _:
            return sandbox.reset(workspace, screen, assume_yes=arguments.yes)


_HANDLERS: Final[Mapping[str, Callable[[argparse.Namespace, Screen], int]]] = {
    "start": _start,
    "up": _run,
    "preview": _run,
    "refresh": _run,
    "destroy": _destroy,
    "outputs": _outputs,
    "unlock": _unlock,
    "train": _train,
    "approve": _approve,
    "deploy": _deploy,
    "verify": _verify,
    "predict": _predict,
    "logs": _logs,
    "doctor": _doctor,
    "sandbox": _sandbox,
}
