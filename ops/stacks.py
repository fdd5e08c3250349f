"""The commands on a stack itself: up, preview, refresh, outputs, unlock."""

from __future__ import annotations

from typing import Any

from ops.errors import OK, CommandError
from ops.properties import written
from ops.runs import Action, Outcome, RunOptions
from ops.session import Session, succeed
from ops.summary import object_lines


def run(session: Session, action: Action, options: RunOptions) -> int:
    """`groundplan up|preview|refresh`."""
    outcome = session.run(action, options)
    told = document(session, action, outcome)
    succeed(outcome, session.stack, told)
    session.screen.document(told)
    return OK


def document(session: Session, action: str, outcome: Outcome) -> dict[str, Any]:
    """A run in JSON's terms; `target` is null where no cloud was needed."""
    target = session.reached or session.sandbox.reached
    told = target and {
        "kind": target.kind,
        "account": target.account_id,
        "region": target.region,
        "endpoint": target.endpoint_url,
    }
    return {"command": action, "stack": session.stack, "target": told, **outcome.document()}


def outputs(session: Session, name: str | None, *, show_secrets: bool) -> int:
    """`groundplan outputs`: all of them, or the value of one."""
    values = session.plain_outputs(show_secrets=show_secrets)
    screen = session.screen
    if name is not None:
        if name not in values:
            raise OutputUnknownError(name, list(values))
        value = values[name]
        if screen.as_json:
            screen.document(value)
        else:
            screen.line(value if isinstance(value, str) else written(value, longest=100_000))
        return OK
    if not values:
        session.outputs()
    if screen.as_json:
        screen.document(values)
        return OK
    width = max(len(key) for key in values)
    for key, value in sorted(values.items()):
        label = screen.paint(f"{key:<{width}}", "bold")
        if isinstance(value, dict) and value:
            screen.line(label.rstrip())
            for line in object_lines(value, 4):
                screen.line(line)
            continue
        shown = value if isinstance(value, str) else written(value, longest=100_000)
        screen.line(f"{label}  {shown}")
    return OK


def unlock(session: Session) -> int:
    """`groundplan unlock`."""
    session.unlock()
    session.screen.line(f"The stack '{session.stack}' is unlocked.")
    session.screen.document({"command": "unlock", "stack": session.stack})
    return OK


class OutputUnknownError(CommandError):
    """An output that the program does not have."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"the stack has no output '{name}'",
            f"its outputs are: {', '.join(sorted(known))}" if known else "it has none: bring it up first",
        )
