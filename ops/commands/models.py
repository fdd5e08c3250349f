"""The commands on a model's way to its answers: train, approve, deploy, verify, predict, ml, logs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ops.commands.parsed import options, session
from ops.commands.shared import Commands, add, engine, group, model_version, sources, yes
from ops.commands.values import above_zero, pair, positive

if TYPE_CHECKING:
    from ops.screen import Screen


def add_train(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        commands,
        "train",
        "upload the sources and run the training pipeline, where anything changed",
        _train,
    )
    one.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        type=pair,
        metavar="NAME=VALUE",
        help="a parameter of the pipeline; repeatable",
    )
    sources(one)
    one.add_argument("--again", action="store_true", help="train though nothing has changed")


def _train(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.training import train

    return train(
        session(arguments, screen), dict(arguments.parameter), arguments.sources, again=arguments.again
    )


def add_approve(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        commands, "approve", "approve the newest model package that waits, with its metrics shown", _approve
    )
    model_version(one)
    one.add_argument("--reason", default="", help="why; kept on the package")
    one.add_argument("--reject", action="store_true", help="reject it instead")


def _approve(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.approval import approve

    return approve(
        session(arguments, screen), arguments.version, reason=arguments.reason, reject=arguments.reject
    )


def add_deploy(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "deploy", "release the newest approved model package to the endpoint", _deploy)
    model_version(one)
    engine(one)
    yes(one)


def _deploy(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.deployment import deploy

    return deploy(session(arguments, screen), arguments.version, options(arguments))


def add_verify(commands: Commands[argparse.ArgumentParser]) -> None:
    add(commands, "verify", "compare the live endpoint with what the program intends", _verify)


def _verify(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.verification import verify

    return verify(session(arguments, screen))


def add_predict(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "predict", "ask the endpoint about one real example", _predict)
    choice = one.add_mutually_exclusive_group()
    choice.add_argument("--flight", type=positive, metavar="N", help="the N-th example (1)")
    choice.add_argument("--risk", choices=("high", "low"), help="the example of the highest or lowest risk")


def _predict(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.prediction import predict

    return predict(session(arguments, screen), number=arguments.flight, risk=arguments.risk)


def add_ml(commands: Commands[argparse.ArgumentParser]) -> None:
    actions = group(commands, "ml", "the model itself")
    one = add(
        actions, "tradeoff", "compare quality, latency and price of its variants and of machines", _tradeoff
    )
    model_version(one, "this version (the newest)")
    one.add_argument(
        "--variants",
        default="pruned,distilled",
        metavar="LIST",
        help="of pruned, distilled, network, int8 (pruned,distilled; a network takes minutes to teach)",
    )
    one.add_argument(
        "--rate", type=above_zero, default=100.0, metavar="N", help="requests a second at the peak (100)"
    )
    one.add_argument(
        "--p99-ms",
        type=above_zero,
        default=10.0,
        metavar="MS",
        help="what 99 of 100 answers stay within (10)",
    )
    one.add_argument(
        "--machines", type=positive, default=2, metavar="N", help="machines at least, one a zone (2)"
    )


def _tradeoff(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.tradeoff.command import tradeoff
    from ops.tradeoff.frontier import Needs

    needs = Needs(rate=arguments.rate, p99_ms=arguments.p99_ms, machines=arguments.machines)
    return tradeoff(session(arguments, screen), arguments.version, arguments.variants, needs)


def add_logs(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "logs", "list the newest jobs, or print the log of one", _logs)
    one.add_argument("job", nargs="?", help="a step (Train), a job, the endpoint or a function")
    one.add_argument("-n", "--lines", type=positive, default=200, metavar="N", help="lines at most (200)")


def _logs(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.logs import logs

    return logs(session(arguments, screen), arguments.job, arguments.lines)
