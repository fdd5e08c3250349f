"""Doctor: is this machine fit to run the platform? One line a check; nothing is changed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Final, Literal

from ops.errors import FAILED, OK
from ops.official import find_cli
from ops.screen import Screen, Style
from ops.workspace import SANDBOX_PASSPHRASE, Workspace
from sandbox.engine.errors import EngineError
from sandbox.engine.interpreters import interpreter_of

Verdict = Literal["ok", "note", "wrong"]
_OLDEST_PYTHON: Final = (3, 11)
_PACKAGES: Final = ("pulumi", "pulumi-aws", "boto3", "moto", "uvicorn", "xgboost-cpu", "duckdb", "pydantic")
_DISK_GB: Final = 2.0
"""A first run takes about half of it: states, buckets and jobs' folders."""


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, and what to do where it is wrong."""

    name: str
    verdict: Verdict
    found: str
    next_step: str = ""


def doctor(workspace: Workspace, screen: Screen) -> int:
    """`groundplan doctor`: exit status 1 where something is wrong."""
    checks = list(examine(workspace))
    marks: dict[Verdict, tuple[str, Style]] = {
        "ok": ("✓", "green"),
        "note": ("·", "yellow"),
        "wrong": ("✗", "red"),
    }
    for check in checks:
        mark, style = marks[check.verdict]
        screen.line(f"{screen.paint(mark, style)} {check.name:<18} {check.found}")
        if check.next_step:
            screen.line(f"  {'':<18} next: {check.next_step}")
    wrong = any(check.verdict == "wrong" for check in checks)
    screen.document({"healthy": not wrong, "checks": [asdict(check) for check in checks]})
    return FAILED if wrong else OK


def examine(workspace: Workspace) -> Iterator[Check]:
    """Every check, in the order in which a run needs them."""
    yield _python()
    yield _environment(workspace)
    yield _packages()
    yield _disk(workspace)
    yield from _stacks(workspace)
    yield _sandbox(workspace)
    yield _passphrase(workspace)
    cli = find_cli()
    yield Check("Pulumi CLI", "note", cli or "not on PATH; only --engine pulumi and --target aws need it")
    yield _credentials()


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < _OLDEST_PYTHON:
        return Check("Python", "wrong", found, "install Python 3.11 or newer and run make up again")
    return Check("Python", "ok", f"{found} ({sys.executable})")


def _environment(workspace: Workspace) -> Check:
    interpreter = interpreter_of(workspace.project)
    if interpreter.note:
        return Check("environment", "note", interpreter.note)
    return Check("environment", "ok", str(interpreter.path))


def _packages() -> Check:
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("packages", "wrong", f"missing: {', '.join(missing)}", "make up installs them")
    return Check("packages", "ok", ", ".join(found))


def _disk(workspace: Workspace) -> Check:
    free = shutil.disk_usage(workspace.folder).free / 1e9
    if free < _DISK_GB:
        return Check("disk", "wrong", f"{free:.1f} GB free", f"free some space: a run needs {_DISK_GB:g} GB")
    return Check("disk", "ok", f"{free:.0f} GB free")


def _stacks(workspace: Workspace) -> Iterator[Check]:
    project = workspace.project.name
    for stack in workspace.stacks():
        try:
            config = workspace.config(stack)
            crypter = workspace.backend.crypter(project, stack, config.encryption_salt)
            state = workspace.backend.load(project, stack, crypter)
        except EngineError as error:
            yield Check(f"stack {stack}", "wrong", str(error))
            continue
        text = f"{len(state.resources)} resources in the state" if state.resources else "not up"
        if state.pending:
            text += f", {len(state.pending)} operations were cut off"
            yield Check(f"stack {stack}", "note", text, f"groundplan up {stack} settles them")
        else:
            yield Check(f"stack {stack}", "ok", text)


def _sandbox(workspace: Workspace) -> Check:
    from sandbox.runtime import daemon

    address = daemon.find(workspace.sandbox_root)
    if address is None:
        return Check("sandbox", "note", "not running; commands start it when they need it")
    return Check("sandbox", "ok", f"runs at {address.endpoint_url}, process {address.pid}")


def _passphrase(workspace: Workspace) -> Check:
    source = workspace.passphrase.source
    if workspace.passphrase.value == SANDBOX_PASSPHRASE:
        return Check(
            "passphrase", "note", f"{source} ('{SANDBOX_PASSPHRASE}'); PULUMI_CONFIG_PASSPHRASE sets another"
        )
    return Check("passphrase", "ok", f"from {source}")


def _credentials() -> Check:
    import botocore.session

    session = botocore.session.Session()
    # Looking on the network for an instance's role would take seconds on a laptop.
    session.set_config_variable("metadata_service_num_attempts", 0)
    session.set_config_variable("metadata_service_timeout", 0.1)
    found = session.get_component("credential_provider")
    names = [provider.METHOD for provider in found.providers if provider.METHOD != "iam-role"]
    for provider in found.providers:
        if provider.METHOD in names and provider.load() is not None:
            return Check("AWS credentials", "note", f"found ({provider.METHOD}); used with --target aws only")
    return Check("AWS credentials", "note", "none found; the sandbox needs none")
