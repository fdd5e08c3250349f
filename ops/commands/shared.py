"""What commands share: how one is added to the command line, and the arguments that many take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ops.commands.values import positive

if TYPE_CHECKING:
    from ops.screen import Screen

    Run = Callable[[argparse.Namespace, Screen], int]
    """Does a command; gives its exit status."""

Commands = argparse._SubParsersAction  # the class has no public name


def add(
    commands: Commands[argparse.ArgumentParser], name: str, what: str, run: Run, *, stack: bool = True
) -> argparse.ArgumentParser:
    """One command, which `run` does; by default for a stack on a target."""
    one = commands.add_parser(name, help=what, description=sentence(what))
    one.set_defaults(run=run)
    if stack:
        stack_name(one)
        one.add_argument(
            "--target",
            choices=("sandbox", "aws"),
            default="sandbox",
            help="the cloud: this folder's sandbox (default), or the real account that the settings allow",
        )
    as_json(one)
    return one


def group(
    commands: Commands[argparse.ArgumentParser], name: str, what: str
) -> Commands[argparse.ArgumentParser]:
    """A command that is only the name before others, such as `sandbox`; `action` holds which."""
    one = commands.add_parser(name, help=what, description=sentence(what))
    return one.add_subparsers(dest="action", metavar="ACTION", required=True)


def sentence(what: str) -> str:
    """A command's line of help as the description of its own help."""
    return what[0].upper() + what[1:] + "."


def stack_name(one: argparse.ArgumentParser) -> None:
    one.add_argument("stack", help="the stack's name, such as dev")


def as_json(one: argparse.ArgumentParser, *, default: str | bool = False) -> None:
    one.add_argument(
        "--json", action="store_true", dest="as_json", default=default, help="one JSON document on stdout"
    )


def engine(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--engine",
        choices=("embedded", "pulumi"),
        help="embedded (default, for the sandbox) or the official CLI from PATH (default for --target aws)",
    )
    one.add_argument("--parallel", type=positive, default=16, metavar="N", help="resources at once (16)")


def sources(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--sources", type=Path, metavar="DIR", help="source files of your own, in place of the use case's"
    )


def show_secrets(one: argparse.ArgumentParser) -> None:
    one.add_argument("--show-secrets", action="store_true", help="print secret values too")


def of_a_preview(one: argparse.ArgumentParser) -> None:
    one.add_argument("--preview", action="store_true", help="of what an up would make, not of the state")


def model_version(one: argparse.ArgumentParser, which: str = "this version of the group") -> None:
    one.add_argument("--version", type=positive, metavar="N", help=which)


def yes(one: argparse.ArgumentParser) -> None:
    one.add_argument("-y", "--yes", action="store_true", help="do not ask first")
