"""What can be typed after `groundplan`: what every command takes, and the commands in the help's order."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from ops.commands.experiments import add_demo, add_experiment
from ops.commands.models import (
    add_approve,
    add_deploy,
    add_logs,
    add_ml,
    add_predict,
    add_train,
    add_verify,
)
from ops.commands.reports import add_cost, add_graph
from ops.commands.runs import add_destroy, add_import, add_preview, add_refresh, add_start, add_up
from ops.commands.sandbox import add_doctor, add_sandbox
from ops.commands.stacks import add_config, add_outputs, add_settings, add_state, add_unlock

_EPILOG: Final = """\
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
Every command takes --json: one JSON document on stdout, progress on stderr.
The guide with an example for each command: docs/command.md"""

_COMMANDS: Final = (
    add_start,
    add_up,
    add_preview,
    add_refresh,
    add_destroy,
    add_import,
    add_state,
    add_outputs,
    add_config,
    add_cost,
    add_graph,
    add_settings,
    add_unlock,
    add_train,
    add_approve,
    add_deploy,
    add_verify,
    add_predict,
    add_experiment,
    add_ml,
    add_demo,
    add_logs,
    add_doctor,
    add_sandbox,
)


def parser() -> argparse.ArgumentParser:
    """The whole command line. `command` holds the name, for `sandbox` with `action` beside it.

    `run` holds the function that does it.
    """
    root = argparse.ArgumentParser(
        prog="groundplan",
        description="A machine-learning platform on AWS, which also runs whole on a laptop.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # A name of its own: `deploy --version 2` speaks of a model.
    root.add_argument("--version", dest="own_version", action="store_true", help="print the version and end")
    root.add_argument(
        "-C",
        "--cwd",
        "--folder",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="work on the project in this folder, which may be any Pulumi program in Python",
    )
    root.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="keep the states there, not in the project: for projects that refer to each other's stacks",
    )
    commands = root.add_subparsers(dest="command", metavar="COMMAND")
    for add_command in _COMMANDS:
        add_command(commands)
    return root
