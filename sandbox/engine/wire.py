"""Property values on the wire: Pulumi's protobuf form to plain Python and back (`plugin/rpc.go`)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from sandbox.engine import hashing
from sandbox.engine.signatures import (
    ARCHIVE,
    ASSET,
    OUTPUT,
    REFERENCE,
    SECRET,
    SIGNATURE,
    UNKNOWN_STRING,
    asset_fields,
)
from sandbox.engine.values import (
    UNKNOWN,
    Archive,
    Asset,
    OutputValue,
    PropertyMap,
    ResourceReference,
    Secret,
    Unknown,
)

_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)

_EMPTY: Final = hashlib.sha256(b"").hexdigest()


def from_struct(struct: Struct, folder: Path) -> PropertyMap:
    """The properties of a request; assets get their hashes, relative paths beginning at `folder`."""
    return {key: from_value(value, folder) for key, value in struct.fields.items()}


def from_value(value: Value, folder: Path) -> Any:
    """One value of a request."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWNS else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _special(fields[SIGNATURE].string_value, value.struct_value, folder)
        return {key: from_value(item, folder) for key, item in fields.items()}
    if kind == "list_value":
        return [from_value(item, folder) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _special(signature: str, struct: Struct, folder: Path) -> Any:
    fields = struct.fields
    if signature == SECRET:
        inner = from_value(fields["value"], folder)
        return inner if isinstance(inner, Secret) else Secret(inner)
    if signature == OUTPUT:
        known = "value" in fields
        return OutputValue(
            value=from_value(fields["value"], folder) if known else UNKNOWN,
            dependencies=frozenset(item.string_value for item in fields["dependencies"].list_value.values)
            if "dependencies" in fields
            else frozenset(),
            secret="secret" in fields and fields["secret"].bool_value,
        )
    if signature == REFERENCE:
        return ResourceReference(
            urn=fields["urn"].string_value,
            id=from_value(fields["id"], folder) if "id" in fields else None,
            package_version=fields["packageVersion"].string_value if "packageVersion" in fields else "",
        )
    if signature in (ASSET, ARCHIVE):
        return hashing.hashed(_asset_or_archive(signature, struct), folder)
    return {key: from_value(item, folder) for key, item in fields.items()}


def _asset_or_archive(signature: str, struct: Struct) -> Asset | Archive:
    fields = struct.fields

    def text(name: str) -> str | None:
        return fields[name].string_value or None if name in fields else None

    if signature == ASSET:
        path, uri, known = text("path"), text("uri"), text("hash") or ""
        content = fields["text"].string_value if "text" in fields and path is None and uri is None else None
        if content is None and path is None and uri is None and known == _EMPTY:
            # The official engine leaves an empty text out.
            content = ""
        return Asset(text=content, path=path, uri=uri, hash=known)
    members: dict[str, Asset | Archive] | None = None
    if "assets" in fields:
        members = {
            name: _asset_or_archive(item.struct_value.fields[SIGNATURE].string_value, item.struct_value)
            for name, item in fields["assets"].struct_value.fields.items()
        }
    return Archive(assets=members, path=text("path"), uri=text("uri"), hash=text("hash") or "")


def to_struct(properties: PropertyMap, *, secrets: bool = True, references: bool = True) -> Struct:
    """The properties of an answer. Without `secrets` or `references` the values stand in plain form."""
    struct = Struct()
    for key, value in properties.items():
        _fill(struct.fields[key], value, secrets, references)
    return struct


def _fill(target: Value, value: Any, secrets: bool, references: bool) -> None:
    if value is None:
        target.null_value = 0
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _fill(target.struct_value.fields[key], item, secrets, references)
    elif isinstance(value, list | tuple):
        target.list_value.CopyFrom(ListValue())
        for item in value:
            _fill(target.list_value.values.add(), item, secrets, references)
    else:
        _fill_special(target, value, secrets, references)


def _fill_special(target: Value, value: Any, secrets: bool, references: bool) -> None:
    if isinstance(value, Unknown):
        target.string_value = UNKNOWN_STRING
    elif isinstance(value, Secret):
        if secrets:
            _fill(target, {SIGNATURE: SECRET, "value": value.value}, secrets, references)
        else:
            _fill(target, value.value, secrets, references)
    elif isinstance(value, ResourceReference):
        if references:
            plain: dict[str, Any] = {SIGNATURE: REFERENCE, "urn": value.urn}
            if value.id is not None:
                plain["id"] = value.id
            if value.package_version:
                plain["packageVersion"] = value.package_version
            _fill(target, plain, secrets, references)
        else:
            _fill(target, value.urn if value.id is None else value.id, secrets, references)
    elif isinstance(value, OutputValue):
        output: dict[str, Any] = {SIGNATURE: OUTPUT}
        if not isinstance(value.value, Unknown):
            output["value"] = value.value
        if value.dependencies:
            output["dependencies"] = sorted(value.dependencies)
        if value.secret:
            output["secret"] = True
        _fill(target, output, secrets, references)
    elif isinstance(value, Asset | Archive):
        _fill(target, asset_fields(value), secrets, references)
    else:
        raise TypeError(f"{type(value).__name__} is not a property value")


def downgrade(value: Any, dependencies: set[str]) -> Any:
    """The value without `OutputValue`s; the URNs that they depend on are added to `dependencies`."""
    if isinstance(value, OutputValue):
        dependencies.update(value.dependencies)
        inner = downgrade(value.value, dependencies)
        return Secret(inner) if value.secret and not isinstance(inner, Secret) else inner
    if isinstance(value, dict):
        return {key: downgrade(item, dependencies) for key, item in value.items()}
    if isinstance(value, list):
        return [downgrade(item, dependencies) for item in value]
    if isinstance(value, Secret):
        return Secret(downgrade(value.value, dependencies))
    return value
