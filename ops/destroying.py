"""Destroy: everything that the stack made goes, and what remains in the emulator is counted."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from ops.errors import OK, CommandError, ResourcesRemainError, UsageError
from ops.registry import packages
from ops.runs import RunOptions
from ops.screen import Screen, counted
from ops.session import Session, succeed
from ops.stacks import document
from ops.target import sandbox_account
from sandbox.engine.urn import name_of
from sandbox.runtime.client import RemainingReport, SandboxClient
from sandbox.runtime.overlay import Remaining

_NAMES: Final = 4


class NotConfirmedError(CommandError):
    """The person at the screen did not type the stack's name."""

    def __init__(self, stack: str) -> None:
        super().__init__(f"nothing was destroyed: '{stack}' was not confirmed", "")


class ProtectedError(CommandError):
    """The stack holds resources that refuse deletion. Nothing was destroyed."""

    def __init__(self, stack: str, names: Sequence[str]) -> None:
        shown = ", ".join(names[:_NAMES]) + (
            f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        )
        super().__init__(
            f"nothing was destroyed: {counted(len(names), 'resource')} of the stack '{stack}' "
            f"{'is' if len(names) == 1 else 'are'} protected: {shown}",
            f"take the protection back by an up (this platform: groundplan up {stack} -c protected=false), or"
            f" of one resource: groundplan state {stack} unprotect URN",
        )


def destroy(session: Session, options: RunOptions) -> int:
    """`groundplan destroy`."""
    session.announce()
    held = session.resources() if _has_state(session) else ()
    protected = [name_of(item.urn) for item in held if item.protect and item.custom and not item.delete]
    if protected and not options.partial:
        # Before anything goes: the official CLI's preview of a destroy refuses it too.
        raise ProtectedError(session.stack, protected)
    if not options.assume_yes:
        confirm(session.screen, f"Type '{session.stack}' to destroy everything that it made: ", session.stack)
    if session.target_kind == "sandbox" and not options.partial:
        _delete_packages(session)
    kept = [item.id for item in held if item.retain_on_delete]
    outcome = session.run("destroy", options)
    reached = session.sandbox.reached
    if outcome.result != "succeeded" or reached is None or options.partial:
        summary = document(session, "destroy", outcome)
        succeed(outcome, session.stack, summary)
        session.screen.document(summary)
        return OK
    session.workspace.releases.put(session.stack, None)
    assert reached.endpoint_url is not None, "only a sandbox is counted"  # noqa: S101
    report = SandboxClient(reached.endpoint_url).remaining(reached.account_id)
    others = _others(session)
    retained = [_named(one) for one in report.remaining if _is_one_of(one.id, kept)]
    found = [_named(one) for one in report.remaining if not _is_one_of(one.id, kept)]
    counts = {
        **document(session, "destroy", outcome),
        "remaining": found,
        "retained": retained,
        "scheduled": [_named(one) for one in report.scheduled],
        "others": others,
    }
    if found and not others:
        raise ResourcesRemainError(found, session.stack).telling(counts)
    session.screen.document(counts)
    session.screen.line()
    session.screen.line(told(report, others))
    for one in retained:
        session.screen.line(f"  kept, as the program declares: {one}")
    return OK


def confirm(screen: Screen, question: str, expected: str) -> None:
    """Asks for a word; without a terminal, for `--yes`. Raises `NotConfirmedError` and `UsageError`."""
    if not sys.stdin.isatty() or screen.as_json:
        raise UsageError("this asks first, and there is nobody to ask here", "say it with --yes")
    print(question, end="", file=screen.progress, flush=True)
    if sys.stdin.readline().strip() != expected:
        raise NotConfirmedError(expected)


def told(report: RemainingReport, others: Sequence[str] = ()) -> str:
    """What remains, in words. `others` are the stacks that are still up there, and own it."""
    number = len(report.remaining)
    text = f"{counted(number, 'resource')} {'remains' if number == 1 else 'remain'} in the emulator"
    if others:
        text += f", where {', '.join(others)} {'is' if len(others) == 1 else 'are'} still up"
    for kind, number in sorted(Counter(one.kind.removesuffix("s") for one in report.scheduled).items()):
        verb = "is" if number == 1 else "are"
        text += f"; {counted(number, kind)} {verb} scheduled for deletion, as AWS does"
    return text + "."


def _named(one: Remaining) -> str:
    return f"{one.service} {one.kind} {one.id}"


def _is_one_of(id: str, kept: Sequence[str]) -> bool:
    """Whether the emulator's name of a resource is one of these ids; either may be the end of an ARN."""
    return any(
        one and (one == id or one.endswith((f"/{id}", f":{id}")) or id.endswith((f"/{one}", f":{one}")))
        for one in kept
    )


def _has_state(session: Session) -> bool:
    return session.stack in session.workspace.backend.stacks(session.workspace.project.name)


def _others(session: Session) -> list[str]:
    """The project's other stacks of the same account whose states hold resources."""
    workspace = session.workspace
    backend, project = workspace.backend, workspace.project.name
    account = sandbox_account(workspace, session.stack)
    return [
        name
        for name in backend.stacks(project)
        if name != session.stack
        and backend.types(project, name)
        and sandbox_account(workspace, name) == account
    ]


def _delete_packages(session: Session) -> None:
    """AWS refuses to delete a model package group that holds packages, and the program did not make them."""
    group = session.plain_outputs().get("modelPackageGroup")
    if not group:
        return
    sagemaker = session.client("sagemaker")
    found = _there(session, group)
    for one in found:
        sagemaker.delete_model_package(ModelPackageName=one)
    if found:
        what = counted(len(found), "model package")
        session.screen.line(f"Deleted {what} that the pipeline registered in {group}")


def _there(session: Session, group: str) -> list[Any]:
    from botocore.exceptions import ClientError

    try:
        return [one.arn for one in packages(session, group)]
    except ClientError as error:
        # The group has gone already: an earlier destroy was cut off after it.
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return []
        raise
