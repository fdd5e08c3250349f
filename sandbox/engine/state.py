"""What the state holds of a resource, and its form in Pulumi's checkpoint (`apitype.ResourceV3`)."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.engine.crypter import Crypter
from sandbox.engine.signatures import (
    ARCHIVE,
    ASSET,
    FLOAT,
    REFERENCE,
    SECRET,
    SIGNATURE,
    UNKNOWN_STRING,
    asset_fields,
)
from sandbox.engine.urn import is_provider_type, name_of, split_reference
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


@dataclass(frozen=True)
class Timeouts:
    """Custom timeouts in seconds; 0 is the provider's own."""

    create: float = 0
    update: float = 0
    delete: float = 0
    read: float = 0


@dataclass(eq=False)
class Resource:
    """A resource of a stack. A URN may stand in a state more than once: alive, and still to delete.

    Whoever changes one that a journal holds does so inside `Journal.change`, and sets `rendered` to None.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: PropertyMap = field(default_factory=dict)
    outputs: PropertyMap = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    protect: bool = False
    taint: bool = False
    """Whether the next update replaces it (`pulumi state taint`)."""
    external: bool = False
    delete: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    additional_secret_outputs: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    timeouts: Timeouts = Timeouts()
    import_id: str = ""
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hide_diff: list[list[str | int]] = field(default_factory=list)
    """Paths of properties whose changes are not shown."""
    hooks: dict[str, list[str]] = field(default_factory=dict)
    """The names of its hooks, by the moment at which they run."""
    source_position: str = ""
    created: str = ""
    modified: str = ""
    rest: dict[str, Any] = field(default_factory=dict)
    """Fields of newer engines, kept as they were found."""
    rendered: bytes | None = field(default=None, repr=False)

    def copy(self, **changes: Any) -> Resource:
        """A copy with the fields given changed."""
        return replace(self, rendered=None, **changes)

    @property
    def is_provider(self) -> bool:
        return is_provider_type(self.type)

    @property
    def is_default_provider(self) -> bool:
        """Whether the engine registered this provider itself; such are neither shown nor counted."""
        return self.is_provider and name_of(self.urn).startswith("default")

    @property
    def reference(self) -> str:
        """How other resources name this one as their provider."""
        return f"{self.urn}::{self.id}"

    def depends_on(self) -> set[str]:
        """The URNs that this resource needs: dependencies, parent, provider, the one it is deleted with."""
        needed = set(self.dependencies)
        for urns in self.property_dependencies.values():
            needed.update(urns)
        needed.update(self.replace_with)
        needed.update(filter(None, (self.parent, self.deleted_with)))
        if self.provider:
            needed.add(split_reference(self.provider)[0])
        return needed


def now() -> str:
    """The present time as checkpoints write it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_FIELDS: Final = {
    "urn": "urn",
    "custom": "custom",
    "delete": "delete",
    "id": "id",
    "type": "type",
    "parent": "parent",
    "protect": "protect",
    "taint": "taint",
    "external": "external",
    "dependencies": "dependencies",
    "initErrors": "init_errors",
    "provider": "provider",
    "propertyDependencies": "property_dependencies",
    "pendingReplacement": "pending_replacement",
    "additionalSecretOutputs": "additional_secret_outputs",
    "aliases": "aliases",
    "importID": "import_id",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "replaceWith": "replace_with",
    "created": "created",
    "modified": "modified",
    "sourcePosition": "source_position",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "hideDiff": "hide_diff",
    "resourceHooks": "hooks",
}
_VALUES: Final = {"inputs", "outputs", "customTimeouts", "replacementTrigger"}


def to_json(resource: Resource, crypter: Crypter) -> bytes:
    """The resource as a checkpoint holds it. Kept on the resource until `rendered` is set to None."""
    if resource.rendered is None:
        plain: dict[str, Any] = {"urn": resource.urn, "custom": resource.custom}
        for key, name in _FIELDS.items():
            value = getattr(resource, name)
            if value:
                plain[key] = value
        if resource.inputs or resource.custom:
            plain["inputs"] = encode(resource.inputs, crypter)
        if resource.outputs:
            plain["outputs"] = encode(resource.outputs, crypter)
        if resource.replacement_trigger is not None:
            plain["replacementTrigger"] = encode(resource.replacement_trigger, crypter)
        timeouts = {
            key: seconds
            for key in ("create", "update", "delete", "read")
            if (seconds := getattr(resource.timeouts, key))
        }
        if timeouts:
            plain["customTimeouts"] = timeouts
        plain.update(resource.rest)
        resource.rendered = dump(plain)
    return resource.rendered


def from_json(plain: Mapping[str, Any], crypter: Crypter | None) -> Resource:
    """A resource of a checkpoint. Raises KeyError for one without a URN or type."""
    names = {name: plain[key] for key, name in _FIELDS.items() if plain.get(key) is not None}
    return Resource(
        **{"custom": False, **names},
        inputs=decode(plain.get("inputs") or {}, crypter),
        outputs=decode(plain.get("outputs") or {}, crypter),
        replacement_trigger=decode(plain.get("replacementTrigger"), crypter),
        timeouts=Timeouts(**(plain.get("customTimeouts") or {})),
        rest={key: value for key, value in plain.items() if key not in _FIELDS and key not in _VALUES},
        rendered=dump(plain),
    )


_FEATURES: Final[Mapping[str, str]] = {
    "hooks": "hooks",
    "taint": "taint",
    "replace_with": "replaceWith",
}
_FEATURES_OF_THE_REST: Final[Mapping[str, str]] = {
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "extensionRef": "extensionParameterization",
    "snippetId": "snippets-prototype",
}


def features(resources: Iterable[Resource]) -> list[str]:
    """What the resources use that older engines do not know (`stack.ApplyFeatures`); none for most states."""
    found: set[str] = set()
    for item in resources:
        found.update(feature for name, feature in _FEATURES.items() if getattr(item, name))
        if item.rest:
            found.update(name for key, name in _FEATURES_OF_THE_REST.items() if item.rest.get(key))
    return sorted(found)


def dump(plain: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def encode(value: Any, crypter: Crypter | None) -> Any:
    """A property value as JSON; secrets encrypted, or with no crypter (inside a secret) in plain form."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return {SIGNATURE: FLOAT, "value": struct.pack(">d", value).hex()}
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: encode(value[key], crypter) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [encode(item, crypter) for item in value]
    if isinstance(value, Secret):
        if crypter is None:
            return encode(value.value, None)
        plaintext = dump(encode(value.value, None)).decode("utf-8", "surrogatepass")
        return {SIGNATURE: SECRET, "ciphertext": crypter.encrypt(plaintext)}
    if isinstance(value, Asset | Archive):
        return asset_fields(value)
    if isinstance(value, ResourceReference):
        plain: dict[str, Any] = {
            SIGNATURE: REFERENCE,
            "urn": value.urn,
            "packageVersion": value.package_version,
        }
        if value.id is not None:
            plain["id"] = "" if isinstance(value.id, Unknown) else value.id
        return plain
    if isinstance(value, OutputValue):
        return encode(Secret(value.value) if value.secret else value.value, crypter)
    if isinstance(value, Unknown):
        return UNKNOWN_STRING
    raise TypeError(f"{type(value).__name__} is not a property value")


def decode(value: Any, crypter: Crypter | None) -> Any:
    """A property value of a checkpoint."""
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature is None:
            return {key: decode(item, crypter) for key, item in value.items()}
        return _decode_special(signature, value, crypter)
    if isinstance(value, list):
        return [decode(item, crypter) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == UNKNOWN_STRING else value


def _decode_special(signature: str, value: dict[str, Any], crypter: Crypter | None) -> Any:
    if signature == SECRET:
        if "plaintext" in value:
            return Secret(decode(json.loads(value["plaintext"]), crypter))
        if crypter is None:
            raise ValueError("there is a secret, but no secrets provider")
        return Secret(decode(json.loads(crypter.decrypt(value["ciphertext"])), crypter))
    if signature == ASSET:
        text = value.get("text", "" if not (value.get("path") or value.get("uri")) else None)
        return Asset(text=text, path=value.get("path"), uri=value.get("uri"), hash=value.get("hash", ""))
    if signature == ARCHIVE:
        members = value.get("assets")
        return Archive(
            assets={name: decode(item, crypter) for name, item in members.items()}
            if members is not None
            else None,
            path=value.get("path"),
            uri=value.get("uri"),
            hash=value.get("hash", ""),
        )
    if signature == REFERENCE:
        return ResourceReference(
            urn=value["urn"], id=value.get("id"), package_version=value.get("packageVersion", "")
        )
    if signature == FLOAT:
        return struct.unpack(">d", bytes.fromhex(value["value"]))[0]
    raise ValueError(f"{signature!r} is no signature of a value")
