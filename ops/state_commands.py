"""`groundplan state`: what the state holds, and edits of it that touch nothing in the cloud."""

from __future__ import annotations

from ops.errors import OK, UsageError
from ops.session import Session
from sandbox.engine import state_edits


def state(session: Session, verb: str, urn: str | None) -> int:
    """`groundplan state STACK list|unprotect URN|delete URN`."""
    if verb == "list":
        return _list(session)
    if urn is None:
        raise UsageError(
            f"state {verb} takes the URN of a resource", "groundplan state STACK list names them"
        )
    edit = {"unprotect": state_edits.unprotected, "delete": state_edits.forgotten}[verb]
    session.edit_state(lambda resources: edit(resources, urn))
    done = "is no longer protected" if verb == "unprotect" else "is out of the state; the cloud keeps it"
    session.screen.line(f"{urn} {done}.")
    session.screen.document({"command": "state", "verb": verb, "stack": session.stack, "urn": urn})
    return OK


def _list(session: Session) -> int:
    found = session.resources()
    rows = [
        {"urn": item.urn, "id": item.id, "protect": item.protect, "external": item.external} for item in found
    ]
    for item in found:
        marks = [name for name in ("protect", "external", "delete") if getattr(item, name)]
        session.screen.line(f"{item.urn}  {item.id}" + (f"  [{', '.join(marks)}]" if marks else ""))
    session.screen.document(rows)
    return OK
