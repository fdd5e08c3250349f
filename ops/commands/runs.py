"""The commands that run an engine over a whole stack: start, up, preview, refresh, destroy, import."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ops.commands.parsed import options, session
from ops.commands.shared import Commands, add, engine, sources, yes
from ops.commands.values import pair
from ops.errors import UsageError

if TYPE_CHECKING:
    from ops.screen import Screen


def add_start(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        commands,
        "start",
        "all of it: sandbox, platform, data, training, release, check and a prediction",
        _start,
    )
    engine(one)
    sources(one)


def _start(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.main_job import start

    return start(session(arguments, screen), options(arguments), arguments.sources)


def add_up(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "up", "bring the stack up as the program and its settings say", _run)
    engine(one)
    _which(one)
    _anew(one)
    _continue_on_error(one)
    _diff(one)
    _policies(one)
    _settings(one)
    _expect_no_changes(one)
    yes(one)


def add_preview(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "preview", "show what an up would change", _run)
    engine(one)
    _which(one)
    _anew(one)
    _diff(one)
    _policies(one)
    _settings(one)
    _expect_no_changes(one)


def add_refresh(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "refresh", "take what the cloud really has into the state", _run)
    engine(one)
    _which(one)
    _diff(one)
    _expect_no_changes(one)
    yes(one)


def _run(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.stacks import run

    with_stack = session(arguments, screen)
    settings = getattr(arguments, "config", ())
    if settings:
        from ops.configuring import put

        put(with_stack.workspace, with_stack.stack, settings, by_path=arguments.config_path)
    return run(with_stack, arguments.command, options(arguments))


def add_destroy(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "destroy", "delete everything that the stack made, and count what remains", _destroy)
    engine(one)
    _which(one)
    _continue_on_error(one)
    _diff(one)
    yes(one)


def _destroy(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.destroying import destroy

    return destroy(session(arguments, screen), options(arguments))


def add_import(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(
        commands,
        "import",
        "take a resource that exists already into the state, and print its code",
        _import,
    )
    one.add_argument("type", nargs="?", help="its type, such as aws:s3/bucket:Bucket")
    one.add_argument("name", nargs="?", help="the name that it gets in the program")
    one.add_argument("id", nargs="?", help="the id that its cloud knows it by")
    one.add_argument("--file", type=Path, metavar="FILE", help="many of them, as pulumi import --file takes")
    one.add_argument("--parent", default="", metavar="URN", help="its parent, a URN or a name in the state")
    one.add_argument("--provider", default="", metavar="URN", help="its provider, by default the package's")
    one.add_argument(
        "--no-protect",
        dest="protect",
        action="store_false",
        help="do not protect it from deletion, as an import otherwise does",
    )
    one.add_argument("--out", type=Path, metavar="FILE", help="write the code to this file")
    engine(one)


def _import(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.importing import from_arguments, from_file, import_resources

    with_stack = session(arguments, screen)
    if arguments.file is not None:
        imports = from_file(with_stack, arguments.file)
    elif arguments.id is None:
        raise UsageError("an import takes a type, a name and an id, or --file", "groundplan import --help")
    else:
        imports = [
            from_arguments(
                with_stack,
                arguments.type,
                arguments.name,
                arguments.id,
                arguments.parent,
                arguments.provider,
            )
        ]
    return import_resources(
        with_stack, imports, options(arguments), protect=arguments.protect, out=arguments.out
    )


def _which(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="URN",
        help="run this resource alone; * matches; repeatable",
    )
    one.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="URN",
        help="leave this resource as it is; * matches; repeatable; not beside --only",
    )
    one.add_argument(
        "--dependents",
        action="store_true",
        help="with --only or --exclude: what depends on these resources too",
    )


def _anew(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="URN",
        help="replace this resource, changed or not; * matches; repeatable",
    )
    one.add_argument("--refresh", action="store_true", help="refresh the state first")


def _continue_on_error(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--continue-on-error",
        action="store_true",
        help="let a failed resource stop only what depends on it",
    )


def _diff(one: argparse.ArgumentParser) -> None:
    one.add_argument("--diff", action="store_true", help="show the properties of every changed resource")


def _policies(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--policy-pack",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="judge by the policy pack in this folder; repeatable",
    )
    one.add_argument(
        "--policy-pack-config",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="the configuration (JSON) of the pack of the corresponding --policy-pack; one for each, or none",
    )


def _settings(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--new", action="store_true", help="make the stack, though the project has settings of others"
    )
    one.add_argument(
        "-c",
        "--config",
        action="append",
        default=[],
        type=pair,
        metavar="KEY=VALUE",
        help="set this in the stack's file first; repeatable",
    )
    one.add_argument(
        "--config-path", action="store_true", help="each KEY of -c is a path, such as network.zones[0]"
    )


def _expect_no_changes(one: argparse.ArgumentParser) -> None:
    one.add_argument("--expect-no-changes", action="store_true", help="fail where anything would change")
