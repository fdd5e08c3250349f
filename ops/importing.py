"""`groundplan import`: resources that exist already are taken into the state, and their code is printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.definition import python_code
from ops.errors import OK, UsageError
from ops.runs import RunOptions
from ops.session import Session, succeed
from ops.stacks import document
from sandbox.engine import urn as urns
from sandbox.engine.importing import Import

_FILE_KEYS = {"type", "name", "id", "parent", "provider", "version", "logicalName", "component", "properties"}


def from_arguments(session: Session, type: str, name: str, id: str, parent: str, provider: str) -> Import:
    """The one resource that the command line names. `parent` and `provider`: a URN or a name in the state."""
    known = session.urns_by_name()
    return Import(type=type, name=name, id=id, parent=_urn(parent, known), provider=_urn(provider, known))


def from_file(session: Session, path: Path) -> list[Import]:
    """The resources of an import file, as `pulumi import --file` takes it. Raises `UsageError`."""
    try:
        plain = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"the import file {path} cannot be read: {error}", "") from error
    if not isinstance(plain, dict) or not isinstance(plain.get("resources"), list):
        raise UsageError(f"{path}: it needs a list 'resources'", "docs/command.md shows one")
    project, stack = session.workspace.project.name, session.stack
    known = {**session.urns_by_name(), **(plain.get("nameTable") or {})}
    found: list[Import] = []
    for number, item in enumerate(plain["resources"]):
        where = f"{path}: resources[{number}]"
        if not isinstance(item, dict) or not item.get("type") or not item.get("name"):
            raise UsageError(f"{where} needs 'type', 'name' and 'id'", "")
        if unknown := sorted(item.keys() - _FILE_KEYS):
            allowed = ", ".join(sorted(_FILE_KEYS))
            raise UsageError(f"{where}: no such key: {', '.join(unknown)}; allowed: {allowed}", "")
        one = Import(
            type=item["type"],
            name=item.get("logicalName") or item["name"],
            id=item.get("id", ""),
            parent=_urn(item.get("parent", ""), known),
            provider=_urn(item.get("provider", ""), known),
            version=item.get("version", ""),
            component=bool(item.get("component")),
        )
        known[item["name"]] = one.urn(stack, project)
        found.append(one)
    return found


def import_resources(
    session: Session, imports: list[Import], options: RunOptions, *, protect: bool, out: Path | None
) -> int:
    """Imports, and prints the code of what was imported, or writes it to `out`."""
    outcome = session.import_resources(imports, options, protect=protect)
    urns_ = [item.urn(session.stack, session.workspace.project.name) for item in imports]
    found = {item.urn: item for item in session.resources() if item.urn in urns_}
    code = python_code({urn: found[urn] for urn in urns_ if urn in found}, protect)
    session.screen.document({**document(session, "import", outcome), "code": code, "urns": urns_})
    succeed(outcome, session.stack)
    if out is not None:
        out.write_text(code)
        session.screen.line(f"The code of the imported resources is in {out}")
    elif not session.screen.as_json:
        session.screen.line()
        session.screen.line("Copy this into the program; without it, the next up would delete the resources:")
        session.screen.line()
        for line in code.splitlines():
            session.screen.line(line)
    return OK


def _urn(text: str, known: Mapping[str, Any]) -> str:
    if not text or urns.is_valid(text):
        return text
    if text not in known:
        raise UsageError(
            f"there is no resource named '{text}' in the state",
            f"give a URN, or one of these names: {', '.join(sorted(known)) or 'none'}",
        )
    return str(known[text])
