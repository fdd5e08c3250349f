"""What can go wrong with a command: what happened, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Self

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


class CommandError(Exception):
    """The root of the command's own errors. `str()` says what happened; `next_step` says what to do."""

    exit_code: ClassVar[int] = FAILED

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step
        self.document: Mapping[str, Any] = {}
        """What the command has to tell all the same; the error joins it in the one document of `--json`."""

    def telling(self, document: Mapping[str, Any]) -> Self:
        """The same error with the command's document."""
        self.document = document
        return self


class UsageError(CommandError):
    """An argument that cannot be used with the others, or here."""

    exit_code = USAGE


class ProjectNotHereError(CommandError):
    """Neither this folder nor one above it holds a `Pulumi.yaml`."""

    exit_code = USAGE

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"no Pulumi.yaml in {folder} or above it",
            "go to the project's folder, or name it: groundplan --cwd FOLDER …",
        )


class StackUnknownError(CommandError):
    """A stack that has neither settings nor a state."""

    exit_code = USAGE

    def __init__(self, stack: str, known: Sequence[str], settings_file: Path) -> None:
        there = ", ".join(known) if known else "none yet"
        super().__init__(
            f"unknown stack '{stack}'; the stacks there are: {there}",
            f"name one of them, or begin a new one with its settings in {settings_file} "
            f"(without settings: groundplan up {stack} --new)",
        )
        self.known = tuple(known)


class StackNameError(CommandError):
    """A name that no stack can have."""

    exit_code = USAGE

    def __init__(self, stack: str) -> None:
        super().__init__(
            f"'{stack}' cannot be a stack's name",
            "take 1 to 100 letters, digits, hyphens, underscores and full stops",
        )


class PassphraseFileError(CommandError):
    """The file that should hold the passphrase cannot be read."""

    def __init__(self, variable: str, path: str, reason: str) -> None:
        super().__init__(f"{variable} names {path}, which cannot be read: {reason}", "correct the variable")


class StackNotUpError(CommandError):
    """The stack has no outputs, or lacks the one that is needed."""

    def __init__(self, stack: str, missing: str = "") -> None:
        what = f"has no output '{missing}'" if missing else "is not up"
        super().__init__(f"the stack '{stack}' {what}", f"bring it up: groundplan up {stack}")


class NotReleasedError(CommandError):
    """The stack has no endpoint yet."""

    def __init__(self, stack: str) -> None:
        super().__init__(
            f"the stack '{stack}' has released no model yet, so it has no endpoint",
            f"train and release one: groundplan train {stack}, groundplan approve {stack}, "
            f"groundplan deploy {stack} (or all of it: groundplan start {stack})",
        )


class NoEndpointError(CommandError):
    """The stack serves by batch transform: there is no endpoint to ask."""

    def __init__(self, stack: str, schedule: str, requests: str, answers: str) -> None:
        super().__init__(
            f"the stack '{stack}' serves by batch (endpoint.mode), so it has no endpoint to ask",
            f"put requests into {requests}/; the schedule {schedule} answers them in {answers}/ "
            f"(in the sandbox at once: groundplan sandbox fire {schedule})",
        )


class OutputWrongError(CommandError):
    """An output of the program that is not what the command builds on."""

    def __init__(self, name: str, given: object, expected: str) -> None:
        super().__init__(
            f"the program's output '{name}' is {given!r}; the command needs {expected}",
            "the outputs are listed in docs/architecture.md; compare __main__.py with them",
        )


class AccountNotAllowedError(CommandError):
    """The credentials at hand lead to an account that the stack's settings do not allow."""

    def __init__(self, stack: str, account: str, allowed: Sequence[str]) -> None:
        names = ", ".join(allowed) if allowed else "none"
        super().__init__(
            f"the AWS credentials at hand belong to account {account}; the stack '{stack}' allows: {names}",
            f"use the credentials of an allowed account, or allow this one in aws:allowedAccountIds of "
            f"stacks/Pulumi.{stack}.yaml",
        )


class NoCredentialsError(CommandError):
    """`--target aws` without credentials that AWS accepts."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no usable AWS credentials: {reason}",
            "log in (aws sso login), set AWS_PROFILE, or leave out --target aws to use the sandbox",
        )


class EngineUnavailableError(CommandError):
    """The engine that was asked for cannot do what was asked."""


class UpFailedError(CommandError):
    """An update that did not end well; its diagnostics are on the screen already."""

    def __init__(self, stack: str, errors: Sequence[str]) -> None:
        text = "1 error, told" if len(errors) == 1 else f"{len(errors)} errors, told" if errors else "told"
        super().__init__(
            f"the run of the stack '{stack}' failed: {text} above",
            "everything made so far is kept; correct the cause and run it again",
        )
        self.errors = tuple(errors)


class InterruptedRunError(CommandError):
    """Ctrl-C."""

    exit_code = INTERRUPTED


class SourcesFailedError(CommandError):
    """The use case could not give its source files."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(
            f"python -m {module}.sources failed: {reason}",
            "run it by hand to see all that it says; the sources must be there before training",
        )


class TrainingFailedError(CommandError):
    """A pipeline execution that did not succeed; `tail` is the end of the failed step's log."""

    def __init__(
        self, status: str, step: str, reason: str, tail: Sequence[str], next_step: str, execution: str
    ) -> None:
        where = f" at step {step}" if step else ""
        message = f"training ended {status}{where}: {reason}"
        if tail:
            message += "\nThe end of its log:\n" + "\n".join(f"    {line}" for line in tail)
        super().__init__(message, next_step)
        self.execution = execution
        self.step = step
        self.reason = reason


class NoModelError(CommandError):
    """The registry holds no model package that could be approved or released."""

    def __init__(self, group: str, what: str, next_step: str) -> None:
        super().__init__(f"the model package group '{group}' has no {what}", next_step)


class NotApprovedError(CommandError):
    """A model package that nobody approved, or that was rejected, is not released."""

    def __init__(self, arn: str, status: str, stack: str) -> None:
        super().__init__(
            f"the model package {arn} is {status}; only an approved one is released",
            f"look at its metrics and approve it: groundplan approve {stack}",
        )


class DiffersError(CommandError):
    """The live endpoint is not the one that the program intends."""

    def __init__(self, endpoint: str, differences: Sequence[str], stack: str) -> None:
        lines = "\n".join(f"    {line}" for line in differences)
        super().__init__(
            f"the endpoint '{endpoint}' is not as intended:\n{lines}",
            f"bring state and cloud together: groundplan refresh {stack}, then groundplan up {stack}",
        )
        self.differences = tuple(differences)


class NoExamplesError(CommandError):
    """There is no example to predict, or not the one that was asked for."""


class ResourcesRemainError(CommandError):
    """A destroy after which the emulator still holds resources."""

    def __init__(self, listing: Sequence[str], stack: str) -> None:
        lines = "\n".join(f"    {line}" for line in listing)
        what = "1 resource remains" if len(listing) == 1 else f"{len(listing)} resources remain"
        super().__init__(
            f"{what} in the emulator:\n{lines}",
            f"another stack or client may own them; groundplan destroy {stack} tries again, "
            "groundplan sandbox reset clears the whole emulated cloud",
        )


class PlanFailedError(CommandError):
    """The program, or the provider's check of what it makes, fails: there is nothing to tell of."""

    def __init__(self, stack: str, errors: Sequence[str]) -> None:
        super().__init__(
            f"the plan of the stack '{stack}' failed: " + "; ".join(errors), f"groundplan preview {stack}"
        )
