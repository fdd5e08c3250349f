"""How values without a plain form are marked, on the wire and in the state (`sdk/go/common/resource/sig`)."""

from __future__ import annotations

from typing import Any, Final

from sandbox.engine.values import Archive, Asset

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key whose value says what an object is."""

SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a type's signature
REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
FLOAT: Final = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
"""A number that JSON cannot hold: infinity, not a number."""

UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def asset_fields(value: Asset | Archive) -> dict[str, Any]:
    """An asset or archive as the object that Pulumi writes on the wire and in the state."""
    plain: dict[str, Any] = {SIGNATURE: ASSET if isinstance(value, Asset) else ARCHIVE}
    if value.hash:
        plain["hash"] = value.hash
    if isinstance(value, Asset):
        if value.text is not None:
            plain["text"] = value.text
    elif value.assets is not None:
        plain["assets"] = {name: asset_fields(member) for name, member in value.assets.items()}
    if value.path is not None:
        plain["path"] = value.path
    if value.uri is not None:
        plain["uri"] = value.uri
    return plain
