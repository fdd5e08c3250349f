"""What parsed arguments stand for: the folder's workspace, a session with a stack, the options of a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ops.errors import UsageError

if TYPE_CHECKING:
    from ops.runs import PolicyPackChoice, RunOptions
    from ops.screen import Screen
    from ops.session import Session
    from ops.workspace import Workspace


def workspace(arguments: argparse.Namespace) -> Workspace:
    """Of the folder that the command works on."""
    from ops.workspace import Workspace

    return Workspace.find(arguments.folder, state=arguments.state)


def session(arguments: argparse.Namespace, screen: Screen) -> Session:
    """With the stack on its target; no cloud is reached yet."""
    from ops.session import Session

    return Session(
        workspace(arguments),
        arguments.stack,
        screen,
        target=getattr(arguments, "target", "sandbox"),
        engine=getattr(arguments, "engine", None),
        makes=arguments.command in ("up", "preview"),
        new=getattr(arguments, "new", False),
    )


def options(arguments: argparse.Namespace) -> RunOptions:
    """How an engine runs: what a command does not take is as by default.

    Raises:
        UsageError: A policy pack or its configuration is not there, or their numbers differ.
    """
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
