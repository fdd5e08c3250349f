"""The commands that measure a challenger against the champion, and show the whole loop: experiment, demo."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ops.commands.parsed import options, session
from ops.commands.shared import Commands, add, engine, group, model_version, yes
from ops.commands.values import above_zero, percent, positive

if TYPE_CHECKING:
    from ops.screen import Screen


def add_experiment(commands: Commands[argparse.ArgumentParser]) -> None:
    actions = group(commands, "experiment", "measure a challenger against the champion")
    shadow = add(actions, "shadow", "let a challenger hear the requests, and answer nobody", _begin)
    _challenger(shadow, share=100)
    ab = add(actions, "ab", "let a challenger answer a share of the requests", _begin)
    _challenger(ab, share=50)
    judge = add(actions, "judge", "hold what the variants said against what became of it", _judge)
    promote = add(
        actions,
        "promote",
        "put the challenger in the champion's place, where the A/B test says so",
        _promote,
    )
    end = add(actions, "end", "take the challenger away", _end)
    for one in (judge, promote):
        one.add_argument(
            "--all-requests",
            action="store_true",
            help="count requests on which both act alike too, as where people see the probability itself",
        )
    for one in (shadow, ab, promote, end):
        engine(one)
        yes(one)


def _challenger(one: argparse.ArgumentParser, *, share: int) -> None:
    model_version(one, "this version (the newest approved)")
    one.add_argument("--percent", type=percent, default=share, metavar="N", help=f"of the requests ({share})")


def _begin(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.experiment.command import begin

    return begin(
        session(arguments, screen), arguments.action, arguments.version, arguments.percent, options(arguments)
    )


def _judge(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.experiment.command import show

    return show(session(arguments, screen), all_requests=arguments.all_requests)


def _promote(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.experiment.command import promote

    return promote(session(arguments, screen), options(arguments), all_requests=arguments.all_requests)


def _end(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.experiment.command import end

    return end(session(arguments, screen), options(arguments))


def add_demo(commands: Commands[argparse.ArgumentParser]) -> None:
    actions = group(commands, "demo", "see it work")
    one = add(
        actions,
        "loop",
        "real days streamed in, predictions, outcomes, drift, retraining, shadow, A/B test, promotion",
        _loop,
        stack=False,
    )
    one.add_argument("stack", nargs="?", default="dev", help="the stack's name (dev)")
    one.add_argument(
        "--speed",
        type=above_zero,
        default=1000.0,
        metavar="N",
        help="times as fast as the first day was (1000)",
    )
    one.add_argument(
        "--trial-days", type=positive, default=10, metavar="N", help="days of the A/B test at most (10)"
    )
    engine(one)


def _loop(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.demo.loop import Plan, loop

    plan = Plan(speed=arguments.speed, trial_days=arguments.trial_days)
    return loop(session(arguments, screen), options(arguments), plan)
