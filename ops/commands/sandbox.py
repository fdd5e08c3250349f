"""The commands for this machine and the emulated cloud of a folder: doctor, sandbox."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ops.commands.parsed import workspace
from ops.commands.shared import Commands, add, group, yes
from ops.commands.values import amount, port, positive

if TYPE_CHECKING:
    from ops.screen import Screen


def add_doctor(commands: Commands[argparse.ArgumentParser]) -> None:
    add(
        commands,
        "doctor",
        "check this machine: Python, packages, port, disk, state, sandbox",
        _doctor,
        stack=False,
    )


def _doctor(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.doctor import doctor

    return doctor(workspace(arguments), screen)


def add_sandbox(commands: Commands[argparse.ArgumentParser]) -> None:
    actions = group(commands, "sandbox", "the emulated cloud of this folder")
    for add_one in (
        _add_start,
        _add_stop,
        _add_status,
        _add_types,
        _add_spend,
        _add_anomaly,
        _add_channel,
        _add_fault,
        _add_fire,
        _add_reset,
    ):
        add_one(actions)


def _add_start(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(actions, "start", "start it, unless it runs", _start, stack=False)
    one.add_argument("--port", type=port, help="a port of 127.0.0.1; a free one is chosen otherwise")


def _start(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import start

    return start(workspace(arguments), screen, arguments.port)


def _add_stop(actions: Commands[argparse.ArgumentParser]) -> None:
    add(actions, "stop", "stop it; everything stays for the next start", _stop, stack=False)


def _stop(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import stop

    return stop(workspace(arguments), screen)


def _add_status(actions: Commands[argparse.ArgumentParser]) -> None:
    add(actions, "status", "where it runs and what it holds", _status, stack=False)


def _status(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import status

    return status(workspace(arguments), screen)


def _add_types(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(actions, "types", "the resource types that it knows, with their tier", _types, stack=False)
    one.add_argument("filter", nargs="?", default="", help="part of a type, such as s3")


def _types(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import types

    return types(screen, arguments.filter)


def _add_spend(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        actions,
        "spend",
        "make this month cost that much; budgets alert as AWS Budgets does",
        _spend,
        stack=False,
    )
    one.add_argument("amount", type=amount, help="US dollars")
    one.add_argument("--stack", help="in this stack's account (the first stack's)")


def _spend(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import spend

    return spend(workspace(arguments), screen, arguments.amount, arguments.stack)


def _add_anomaly(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        actions,
        "anomaly",
        "have a service cost more than expected; anomaly monitors tell of it",
        _anomaly,
        stack=False,
    )
    one.add_argument("amount", type=amount, help="US dollars above what was expected")
    one.add_argument("--expected", type=amount, default=100.0, metavar="USD", help="what was (100)")
    one.add_argument("--service", default="Amazon SageMaker", help="whose cost it is (Amazon SageMaker)")
    one.add_argument("--stack", help="in this stack's account (the first stack's)")


def _anomaly(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import anomaly

    return anomaly(
        workspace(arguments),
        screen,
        arguments.amount,
        expected=arguments.expected,
        service=arguments.service,
        stack=arguments.stack,
    )


def _add_channel(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(actions, "channel", "the messages of the team's chat channel", _channel, stack=False)
    one.add_argument("--stack", help="of this stack alone")


def _channel(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import channel

    return channel(workspace(arguments), screen, arguments.stack)


def _add_fault(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        actions,
        "fault",
        "ask for a fault; without a name, list the faults and what each strikes",
        _fault,
        stack=False,
    )
    one.add_argument("name", nargs="?", default="", help="the fault")
    one.add_argument("on", nargs="?", default="", help="what it strikes, or * for whatever comes next")
    one.add_argument("--times", type=positive, default=1, metavar="N", help="how often (1)")


def _fault(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import fault, faults

    if not arguments.name:
        return faults(workspace(arguments), screen)
    return fault(workspace(arguments), screen, arguments.name, arguments.on, arguments.times)


def _add_fire(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        actions,
        "fire",
        "fire a scheduled rule or a schedule now; without a name, list them with their next times",
        _fire,
        stack=False,
    )
    one.add_argument("name", nargs="?", default="", help="the rule or the schedule, by its name or ARN")


def _fire(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import fire

    return fire(workspace(arguments), screen, arguments.name)


def _add_reset(actions: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        actions,
        "reset",
        "empty the emulated cloud, and the state of the sandboxed stacks",
        _reset,
        stack=False,
    )
    yes(one)


def _reset(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.sandbox_commands import reset

    return reset(workspace(arguments), screen, assume_yes=arguments.yes)
