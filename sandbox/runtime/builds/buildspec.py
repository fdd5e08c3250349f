"""What does a buildspec say to run? Its phases as one shell script, so that they share one shell.

Source: CodeBuild user guide, "Build specification reference" (version 0.2) and "Build phase transitions".
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
_ENV = frozenset({"variables", "shell", "exported-variables", "parameter-store", "secrets-manager"})
_PHASE = frozenset({"commands", "finally", "on-failure", "runtime-versions", "run-as"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BuildspecError(Exception):
    """A buildspec that the sandbox cannot run: what is wrong, and what is understood."""


@dataclass(frozen=True)
class Phase:
    """One phase: commands, what is done after them in any case, whether a failure lets the build go on."""

    commands: Sequence[str]
    after: Sequence[str]
    goes_on: bool


@dataclass(frozen=True)
class Buildspec:
    """A buildspec as it is run."""

    phases: Mapping[str, Phase]
    variables: Mapping[str, str]
    parameters: Mapping[str, str]
    """Variable → name of a parameter of Systems Manager."""
    secrets: Mapping[str, str]
    """Variable → `secret-id:json-key:stage:version` of Secrets Manager."""
    shell: str
    notes: Sequence[str]
    """What is not done, for the build's log."""


def read(text: str) -> Buildspec:
    """Raises BuildspecError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"YAML_FILE_ERROR: {error}") from error
    if not isinstance(document, dict) or str(document.get("version")) != "0.2":
        raise BuildspecError("YAML_FILE_ERROR: the sandbox runs buildspecs that begin with `version: 0.2`")
    env = document.get("env") or {}
    _allowed("env", env, _ENV)
    shell = env.get("shell", "sh")
    if shell not in {"sh", "bash", "/bin/sh"}:
        raise BuildspecError(f"YAML_FILE_ERROR: env.shell: given {shell}; the sandbox has bash and sh")
    phases = document.get("phases") or {}
    _allowed("phases", phases, frozenset(PHASES))
    notes = [
        f"{name} is not done by the sandbox"
        for name in ("artifacts", "cache", "reports", "batch", "proxy")
        if document.get(name)
    ]
    return Buildspec(
        {name: _phase(name, phases[name] or {}) for name in PHASES if name in phases},
        _strings("env.variables", env.get("variables")),
        _strings("env.parameter-store", env.get("parameter-store")),
        _strings("env.secrets-manager", env.get("secrets-manager")),
        "bash" if shell == "bash" else "sh",
        notes,
    )


def script(buildspec: Buildspec, marks: str) -> str:
    """The script of all phases. It writes `PHASE begin` and `PHASE exit-code` lines to the file `marks`.

    A phase whose command fails ends there; after a failed `build`, `post_build` is still run.
    """
    lines = ["CODEBUILD_BUILD_SUCCEEDING=1; export CODEBUILD_BUILD_SUCCEEDING; __failed=0"]
    for name, phase in buildspec.phases.items():
        lines += [f"__{name}() {{", ":", *_checked(phase.commands), "return 0", "}"]
        lines += [f"__{name}_after() {{", ":", *_checked(phase.after), "return 0", "}"]
    for name, phase in buildspec.phases.items():
        # Only a failed build leads on to what comes after it.
        condition = '[ "$__failed" = 0 ] || [ "$__failed" = build ]' if name == "post_build" else None
        condition = condition or '[ "$__failed" = 0 ]'
        mark = shlex.quote(marks)
        lines += [
            f"if {condition}; then",
            f"echo {name.upper()} begin >> {mark}",
            f"__{name}; __status=$?",
            f'__{name}_after; __then=$?; [ "$__status" != 0 ] || __status=$__then',
            f"echo {name.upper()} $__status >> {mark}",
        ]
        if phase.goes_on:
            lines += ["fi"]
        else:
            lines += [
                f'if [ "$__status" != 0 ]; then __failed={name}; CODEBUILD_BUILD_SUCCEEDING=0; fi',
                "fi",
            ]
    return "\n".join([*lines, '[ "$__failed" = 0 ]', ""])


def _checked(commands: Sequence[str]) -> list[str]:
    lines = []
    for command in commands:
        shown = shlex.quote(command.strip())
        lines += [
            f"printf '%s\\n' '[Container] Running command '{shown}",
            command,
            "__code=$?; if [ $__code != 0 ]; then printf '%s\\n' '[Container] Command did not execute "
            f"successfully '{shown}' exit status '$__code; return $__code; fi",
        ]
    return lines


def _phase(name: str, document: Any) -> Phase:
    _allowed(f"phases.{name}", document, _PHASE)
    on_failure = document.get("on-failure", "ABORT")
    if on_failure not in {"ABORT", "CONTINUE"}:
        raise BuildspecError(
            f"YAML_FILE_ERROR: phases.{name}.on-failure: given {on_failure}; allowed: ABORT, CONTINUE"
        )
    return Phase(
        _commands(name, document.get("commands")),
        _commands(name, document.get("finally")),
        on_failure == "CONTINUE",
    )


def _commands(name: str, commands: Any) -> list[str]:
    if commands is None:
        return []
    if isinstance(commands, str):
        return [commands]
    if not isinstance(commands, list) or not all(isinstance(one, str) for one in commands):
        raise BuildspecError(f"YAML_FILE_ERROR: phases.{name}: commands must be a list of texts")
    return commands


def _strings(name: str, document: Any) -> dict[str, str]:
    found = document or {}
    if not isinstance(found, dict) or not all(_NAME.fullmatch(str(key)) for key in found):
        raise BuildspecError(f"YAML_FILE_ERROR: {name} must map names of variables to values")
    return {str(key): str(value) for key, value in found.items()}


def _allowed(name: str, document: Any, allowed: frozenset[str]) -> None:
    if not isinstance(document, dict):
        raise BuildspecError(f"YAML_FILE_ERROR: {name} must be a mapping")
    unknown = sorted({str(key) for key in document} - allowed)
    if unknown:
        raise BuildspecError(
            f"YAML_FILE_ERROR: {name}: {', '.join(unknown)} is not understood by the sandbox; "
            f"understood are {', '.join(sorted(allowed))}"
        )
