"""What RDS's databases have in common: ports, parameters, and how they are deleted."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.table import Params, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

PORTS = {
    "mysql": 3306,
    "mariadb": 3306,
    "postgres": 5432,
    "oracle": 1521,
    "sqlserver": 1433,
    "aurora-postgresql": 5432,
}
"""By the beginning of the engine's name; Aurora's other engines listen as MySQL does."""
_BATCH = 20
"""As many parameters as one request may carry (RDS API Reference, ModifyDBParameterGroup)."""


def port_of(engine: object) -> int:
    """The port where an engine listens if nobody says otherwise."""
    name = str(engine or "")
    exact = [port for prefix, port in PORTS.items() if name.startswith(prefix)]
    return exact[-1] if exact else 3306


def rds_tags() -> Tags:
    return Tags(
        set="AddTagsToResource",
        unset="RemoveTagsFromResource",
        target=lambda s: {"ResourceName": s.outputs.get("arn") or arn_in(s.found)},
        list="ListTagsForResource",
        listed="TagList",
    )


def arn_in(found: Params) -> str:
    """The ARN in an answer that has exactly one member called so."""
    for part in (found, *(value for value in found.values() if isinstance(value, dict))):
        for name, value in part.items():
            if name.endswith("Arn") and name.startswith("DB"):
                return str(value)
    return ""


def final_snapshot(subject: Subject, member: str) -> Params:
    """Whether a last snapshot is taken: the real provider's two inputs as RDS has them."""
    if subject.inputs.get("skipFinalSnapshot"):
        return {"SkipFinalSnapshot": True}
    return {"SkipFinalSnapshot": False, member: subject.inputs.get("finalSnapshotIdentifier")}


def snapshot_failures(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """A database that is to leave a snapshot needs a name for it: RDS refuses the deletion, much later."""
    skips, named = inputs.get("skipFinalSnapshot"), inputs.get("finalSnapshotIdentifier")
    if skips in (None, False) and named is None:
        yield CheckFailure(
            "finalSnapshotIdentifier",
            "is required unless skipFinalSnapshot is true: the database could not be deleted without it",
        )


def identifier_failures(inputs: PropertyMap, name: str, limit: int = 63) -> Iterable[CheckFailure]:
    """The rules of RDS's identifiers (RDS User Guide, "Naming constraints")."""
    value = inputs.get(name)
    if not isinstance(value, str):
        return
    plain = value.replace("-", "")
    fits = plain.isalnum() and plain.isascii() and value == value.lower() and value[:1].isalpha()
    if not fits or value.endswith("-") or "--" in value or len(value) > limit:
        yield CheckFailure(
            name,
            f"{value!r} must be 1 to {limit} lower-case letters, digits and hyphens, begin with a letter, "
            "and neither end with a hyphen nor hold two in a row",
        )


def set_parameters(subject: Subject, operation: str, reset: str, member: str) -> None:
    """Brings a group's parameters about, twenty a request; those that are gone get their defaults again."""

    def sent(item: PropertyMap) -> Params:
        method = str(item.get("applyMethod") or "immediate")
        return {"ParameterName": item["name"], "ParameterValue": str(item["value"]), "ApplyMethod": method}

    wanted = {str(item["name"]): sent(item) for item in subject.inputs.get("parameters") or ()}
    held = {str(item["name"]): sent(item) for item in subject.before.get("parameters") or ()}
    changed = [item for name, item in wanted.items() if held.get(name) != item]
    for start in range(0, len(changed), _BATCH):
        params = {member: subject.id, "Parameters": changed[start : start + _BATCH]}
        subject.cloud.call("rds", operation, params)
    gone = [
        {"ParameterName": name, "ApplyMethod": item["ApplyMethod"]}
        for name, item in held.items()
        if name not in wanted
    ]
    if gone:
        subject.cloud.call("rds", reset, {member: subject.id, "Parameters": gone})
