"""What a checkpoint must be before anything is done with it: its shape, and the order of its resources.

The rules are those of Pulumi's `Snapshot.VerifyIntegrity` (`pkg/resource/deploy/snapshot.go`) and of the Go
types behind `apitype.CheckpointV3`. A file that breaks one has been torn or edited by hand; a run that
trusted it could delete the wrong things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sandbox.engine.urn import is_provider_type, is_valid

_OLDEST: Final = 3
_NEWEST: Final = 4
_KNOWN_FEATURES: Final = frozenset(
    {"hooks", "taint", "replaceWith", "refreshBeforeUpdate", "views", "extensionParameterization"}
)
"""What a state of version 4 may use; a resource's fields beyond these are kept as they are."""
_KINDS: Final = ("creating", "updating", "deleting", "reading", "importing")
_TEXTS: Final = (
    "urn",
    "type",
    "id",
    "parent",
    "provider",
    "deletedWith",
    "importID",
    "created",
    "modified",
    "sourcePosition",
)
_FLAGS: Final = ("custom", "delete", "protect", "external", "pendingReplacement", "retainOnDelete")
_LISTS: Final = (
    "dependencies",
    "initErrors",
    "additionalSecretOutputs",
    "aliases",
    "replaceWith",
    "ignoreChanges",
    "replaceOnChanges",
)
_OBJECTS: Final = ("inputs", "outputs", "propertyDependencies", "customTimeouts")


class Malformed(ValueError):
    """A checkpoint that breaks a rule: where, and which."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


def latest_of(plain: Any) -> dict[str, Any]:
    """The `latest` part of a checkpoint file, once it keeps every rule. Raises `Malformed`."""
    file = _object(plain, "the file")
    version = file.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not _OLDEST <= version <= _NEWEST:
        raise Malformed("version", f"it is {version!r}, known are {_OLDEST} to {_NEWEST}")
    if unknown := sorted({*_list(file.get("features") or [], "features")} - _KNOWN_FEATURES):
        raise Malformed("features", f"it needs what this engine does not know: {', '.join(unknown)}")
    checkpoint = _object(file.get("checkpoint"), "checkpoint")
    latest = _object(checkpoint.get("latest") or {}, "checkpoint.latest")
    secrets = _object(latest.get("secrets_providers") or {}, "secrets_providers")
    state = _object(secrets.get("state") or {}, "secrets_providers.state")
    if secrets.get("type", "passphrase") != "passphrase":
        raise Malformed(
            "secrets_providers.type", f"it is {secrets['type']!r}; only passphrases are known here"
        )
    if not isinstance(state.get("salt", ""), str):
        raise Malformed("secrets_providers.state.salt", "it is not a text")
    resources = _list(latest.get("resources") or [], "resources")
    for index, item in enumerate(resources):
        _check_shape(_object(item, f"resources[{index}]"), f"resources[{index}]")
    for index, item in enumerate(_list(latest.get("pending_operations") or [], "pending_operations")):
        where = f"pending_operations[{index}]"
        operation = _object(item, where)
        if operation.get("type") not in _KINDS:
            raise Malformed(f"{where}.type", f"{operation.get('type')!r} is not one of {', '.join(_KINDS)}")
        _check_shape(_object(operation.get("resource"), f"{where}.resource"), f"{where}.resource")
    _check_order(resources)
    return latest


def _check_shape(item: Mapping[str, Any], where: str) -> None:
    for name in ("urn", "type"):
        if not item.get(name):
            raise Malformed(where, f"it has no {name}")
    for names, kind, what in ((_TEXTS, str, "a text"), (_FLAGS, bool, "true or false")):
        for name in names:
            if not isinstance(item.get(name), kind | None):
                raise Malformed(f"{where}.{name}", f"it is not {what}")
    if not is_valid(item["urn"]):
        raise Malformed(f"{where}.urn", f"'{item['urn']}' is not a URN")
    for name in _LISTS:
        if item.get(name) is not None:
            _texts(item[name], f"{where}.{name}")
    for name in _OBJECTS:
        if item.get(name) is not None:
            _object(item[name], f"{where}.{name}")
    for key, seconds in (item.get("customTimeouts") or {}).items():
        if not isinstance(seconds, int | float):
            raise Malformed(f"{where}.customTimeouts.{key}", "it is not a number of seconds")
    for key, urns in (item.get("propertyDependencies") or {}).items():
        if urns is not None:
            _texts(urns, f"{where}.propertyDependencies.{key}")


def _check_order(resources: Sequence[Mapping[str, Any]]) -> None:
    """Everything follows what it depends on, and at most one resource of a URN is alive."""
    earlier: set[str] = set()
    alive: set[str] = set()
    providers: set[str] = set()
    everywhere = {item["urn"] for item in resources}
    for item in resources:
        urn = item["urn"]
        if item.get("id") and not item.get("custom"):
            raise Malformed(urn, "a component has no id")
        if is_provider_type(item["type"]):
            providers.add(f"{urn}::{item.get('id')}")
        provider = item.get("provider")
        if provider and provider not in providers and not item.get("pendingReplacement"):
            raise Malformed(urn, f"its provider '{provider}' is not there before it")
        for what, needed in _needs(item):
            if needed not in earlier:
                place = "comes after it" if needed in everywhere else "is not there"
                raise Malformed(urn, f"its {what} '{needed}' {place}")
        if not item.get("delete"):
            if urn in alive:
                raise Malformed(urn, "it stands twice, and neither is marked for deletion")
            alive.add(urn)
        earlier.add(urn)


def _needs(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, what in (("parent", "parent"), ("deletedWith", "deletedWith")):
        if item.get(name):
            yield what, item[name]
    for name, what in (("dependencies", "dependency"), ("replaceWith", "replaceWith")):
        for urn in item.get(name) or ():
            yield what, urn
    for urns in (item.get("propertyDependencies") or {}).values():
        for urn in urns or ():
            yield "property dependency", urn


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(where, "it is not an object")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(where, "it is not a list")
    return value


def _texts(value: Any, where: str) -> None:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Malformed(where, "it is not a list of texts")
