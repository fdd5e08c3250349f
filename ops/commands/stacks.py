"""The commands for what a stack holds: state, outputs, config, settings, unlock."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ops.commands.parsed import session, workspace
from ops.commands.shared import Commands, add, as_json, engine, sentence, show_secrets, stack_name

if TYPE_CHECKING:
    from ops.commands.shared import Run
    from ops.screen import Screen


def add_state(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "state", "list what the state holds, or edit it; the cloud stays as it is", _state)
    one.add_argument("verb", choices=("list", "unprotect", "delete"), help="what to do")
    one.add_argument("urn", nargs="?", help="the resource to unprotect, or to delete from the state")
    engine(one)


def _state(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.state_commands import state

    return state(session(arguments, screen), arguments.verb, arguments.urn)


def add_outputs(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "outputs", "print the stack's outputs", _outputs)
    one.add_argument("name", nargs="?", help="one output; its value alone is printed")
    show_secrets(one)
    engine(one)


def _outputs(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.stacks import outputs

    return outputs(session(arguments, screen), arguments.name, show_secrets=arguments.show_secrets)


def add_config(commands: Commands[argparse.ArgumentParser]) -> None:
    one = commands.add_parser(
        "config",
        help="a stack's settings: list them, get, set or rm one",
        description="A stack's settings, in its Pulumi.STACK.yaml as the official CLI writes it.",
    )
    one.set_defaults(run=_list_config)
    stack_name(one)
    as_json(one)
    show_secrets(one)
    actions = one.add_subparsers(dest="action", metavar="ACTION")
    get = _of_one_setting(actions, "get", "print one setting", _get_config)
    change = _of_one_setting(actions, "set", "write one setting", _set_config)
    change.add_argument("value", nargs="?", help="its value; read from standard input where it is left out")
    change.add_argument("--secret", action="store_true", help="encrypt the value")
    change.add_argument("--new", action="store_true", help="begin a stack, though the project has others")
    remove = _of_one_setting(actions, "rm", "remove one setting", _remove_config)
    for action in (get, change, remove):
        action.add_argument("--path", action="store_true", help="the key is a path, such as network.zones[0]")


def _of_one_setting(
    actions: Commands[argparse.ArgumentParser], name: str, what: str, run: Run
) -> argparse.ArgumentParser:
    one = actions.add_parser(name, help=what, description=sentence(what))
    one.set_defaults(run=run)
    one.add_argument("key", help="the setting; without a namespace it is the project's own")
    # With the default of the outer parser an option before the action would be lost.
    as_json(one, default=argparse.SUPPRESS)
    return one


def _list_config(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.configuring import listing

    return listing(workspace(arguments), arguments.stack, screen, show_secrets=arguments.show_secrets)


def _get_config(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.configuring import get

    return get(workspace(arguments), arguments.stack, screen, arguments.key, by_path=arguments.path)


def _set_config(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.configuring import Setting, set_one

    setting = Setting(arguments.key, arguments.value, arguments.secret, arguments.path)
    return set_one(workspace(arguments), arguments.stack, screen, setting, new=arguments.new)


def _remove_config(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.configuring import remove

    return remove(workspace(arguments), arguments.stack, screen, arguments.key, by_path=arguments.path)


def add_settings(commands: Commands[argparse.ArgumentParser]) -> None:
    what = "every setting of a stack with its value, and where it came from"
    one = commands.add_parser("settings", help=what, description=sentence(what))
    one.set_defaults(run=_settings)
    stack_name(one)
    one.add_argument("prefix", nargs="?", default="", help="a setting or a block, such as network")
    one.add_argument("--changed", action="store_true", help="only what differs from the defaults")
    as_json(one)


def _settings(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.settings import settings

    return settings(
        workspace(arguments), arguments.stack, screen, arguments.prefix, changed=arguments.changed
    )


def add_unlock(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "unlock", "take away the lock of a run that has died on another machine", _unlock)
    engine(one)


def _unlock(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.stacks import unlock

    return unlock(session(arguments, screen))
