"""The `groundplan` command: which part of `ops` does what was typed, and how its errors are told."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ops.arguments import parser
from ops.errors import FAILED, INTERRUPTED, OK, USAGE, CommandError, UsageError
from ops.screen import Screen

if TYPE_CHECKING:
    from ops.runs import PolicyPackChoice, RunOptions
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


def _workspace(arguments: argparse.Namespace) -> Workspace:
    from ops.workspace import Workspace

    return Workspace.find(arguments.folder, state=arguments.state)


def _session(arguments: argparse.Namespace, screen: Screen) -> Session:
    from ops.session import Session

    return Session(
        _workspace(arguments),
        arguments.stack,
        screen,
        target=getattr(arguments, "target", "sandbox"),
        engine=getattr(arguments, "engine", None),
        makes=arguments.command in ("up", "preview"),
        new=getattr(arguments, "new", False),
    )


def _options(arguments: argparse.Namespace) -> RunOptions:
    from ops.runs import RunOptions

    return RunOptions(
        policy_packs=_policy_packs(arguments),
        only=tuple(getattr(arguments, "only", ())),
        exclude=tuple(getattr(arguments, "exclude", ())),
        dependents=getattr(arguments, "dependents", False),
        replace=tuple(getattr(arguments, "replace", ())),
        refresh=getattr(arguments, "refresh", False),
        continue_on_error=getattr(arguments, "continue_on_error", False),
        expect_no_changes=getattr(arguments, "expect_no_changes", False),
        details=getattr(arguments, "diff", False),
        assume_yes=getattr(arguments, "yes", False),
        parallel=arguments.parallel,
    )


def _policy_packs(arguments: argparse.Namespace) -> tuple[PolicyPackChoice, ...]:
    from ops.runs import PolicyPackChoice

    # Paths are those of the folder that the command was typed in, wherever it works.
    folders = [path.absolute() for path in getattr(arguments, "policy_pack", ())]
    configs = [path.absolute() for path in getattr(arguments, "policy_pack_config", ())]
    if configs and len(configs) != len(folders):
        raise UsageError(
            f"--policy-pack-config was given {len(configs)} times and --policy-pack {len(folders)} times: "
            "the first configuration is for the first pack, and so on",
            "give one for each pack, or none; an empty file leaves a pack as it is",
        )
    # Before a cloud is started or reached.
    for folder in folders:
        if not (folder / "PulumiPolicy.yaml").is_file():
            raise UsageError(
                f"there is no PulumiPolicy.yaml in {folder}", "--policy-pack takes a policy pack's folder"
            )
    for file in configs:
        if not file.is_file():
            raise UsageError(f"there is no file {file}", "--policy-pack-config takes a JSON file")
    return tuple(
        PolicyPackChoice(folder, config)
        for folder, config in zip(folders, configs or [None] * len(folders), strict=True)
    )


def _run(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.stacks import run

    session = _session(arguments, screen)
    settings = getattr(arguments, "config", ())
    if settings:
        from ops.configuring import put

        put(session.workspace, session.stack, settings, by_path=arguments.config_path)
    return run(session, arguments.command, _options(arguments))


def _config(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops import configuring

    workspace, stack = _workspace(arguments), arguments.stack
    match arguments.action:
        case "get":
            return configuring.get(workspace, stack, screen, arguments.key, by_path=arguments.path)
        case "set":
            setting = configuring.Setting(arguments.key, arguments.value, arguments.secret, arguments.path)
            return configuring.set_one(workspace, stack, screen, setting, new=arguments.new)
        case "rm":
            return configuring.remove(workspace, stack, screen, arguments.key, by_path=arguments.path)
        case _:
            return configuring.listing(workspace, stack, screen, show_secrets=arguments.show_secrets)


def _settings(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.settings import settings

    return settings(
        _workspace(arguments), arguments.stack, screen, arguments.prefix, changed=arguments.changed
    )


def _cost(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.cost.command import cost

    return cost(
        _session(arguments, screen),
        preview=arguments.preview,
        usage=arguments.usage,
        parked=arguments.parked,
        limit=arguments.limit,
    )


def _graph(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.graph.command import graph

    return graph(
        _session(arguments, screen),
        preview=arguments.preview,
        component=arguments.component,
        form=arguments.format,
    )


def _destroy(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.destroying import destroy

    return destroy(_session(arguments, screen), _options(arguments))


def _import(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.importing import from_arguments, from_file, import_resources

    session = _session(arguments, screen)
    if arguments.file is not None:
        imports = from_file(session, arguments.file)
    elif arguments.id is None:
        raise UsageError("an import takes a type, a name and an id, or --file", "groundplan import --help")
    else:
        imports = [
            from_arguments(
                session, arguments.type, arguments.name, arguments.id, arguments.parent, arguments.provider
            )
        ]
    options = _options(arguments)
    return import_resources(session, imports, options, protect=arguments.protect, out=arguments.out)


def _state(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.state_commands import state

    return state(_session(arguments, screen), arguments.verb, arguments.urn)


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


def _experiment(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.experiment import command

    session = _session(arguments, screen)
    match arguments.action:
        case "shadow" | "ab":
            options = _options(arguments)
            return command.begin(session, arguments.action, arguments.version, arguments.percent, options)
        case "judge":
            return command.show(session, all_requests=arguments.all_requests)
        case "promote":
            return command.promote(session, _options(arguments), all_requests=arguments.all_requests)
        case _:
            return command.end(session, _options(arguments))


def _demo(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.demo.loop import Plan, loop

    plan = Plan(speed=arguments.speed, trial_days=arguments.trial_days)
    return loop(_session(arguments, screen), _options(arguments), plan)


def _ml(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.tradeoff.command import tradeoff
    from ops.tradeoff.frontier import Needs

    needs = Needs(rate=arguments.rate, p99_ms=arguments.p99_ms, machines=arguments.machines)
    return tradeoff(_session(arguments, screen), arguments.version, arguments.variants, needs)


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
            return sandbox.spend(workspace, screen, arguments.amount, arguments.stack)
        case "anomaly":
            return sandbox.anomaly(
                workspace,
                screen,
                arguments.amount,
                expected=arguments.expected,
                service=arguments.service,
                stack=arguments.stack,
            )
        case "channel":
            return sandbox.channel(workspace, screen, arguments.stack)
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
    "import": _import,
    "state": _state,
    "outputs": _outputs,
    "config": _config,
    "settings": _settings,
    "cost": _cost,
    "graph": _graph,
    "unlock": _unlock,
    "train": _train,
    "approve": _approve,
    "deploy": _deploy,
    "verify": _verify,
    "predict": _predict,
    "logs": _logs,
    "demo": _demo,
    "experiment": _experiment,
    "ml": _ml,
    "doctor": _doctor,
    "sandbox": _sandbox,
}
