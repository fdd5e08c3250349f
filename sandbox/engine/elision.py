"""Old assets as a provider sees them: by their hash alone, since their files may have changed or gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.engine.values import Archive, Asset, PropertyMap, Secret


def elided(properties: PropertyMap) -> PropertyMap:
    """The properties with every asset's content left out."""
    return {key: _elided(value) for key, value in properties.items()}


def restored(properties: PropertyMap, known: PropertyMap) -> PropertyMap:
    """The properties with the content of assets that came back as a hash, taken from `known`."""
    by_hash = {asset.hash: asset for value in known.values() for asset in _assets(value) if asset.hash}
    return {key: _restored(value, by_hash) for key, value in properties.items()}


def _elided(value: Any) -> Any:
    match value:
        case dict():
            return {key: _elided(item) for key, item in value.items()}
        case list():
            return [_elided(item) for item in value]
        case Secret():
            return Secret(_elided(value.value))
        case Asset():
            return Asset(hash=value.hash)
        case Archive():
            return Archive(hash=value.hash)
        case _:
            return value


def _assets(value: Any) -> Iterator[Asset | Archive]:
    match value:
        case dict():
            for item in value.values():
                yield from _assets(item)
        case list():
            for item in value:
                yield from _assets(item)
        case Secret():
            yield from _assets(value.value)
        case Asset() | Archive():
            yield value


def _restored(value: Any, by_hash: dict[str, Asset | Archive]) -> Any:
    match value:
        case dict():
            return {key: _restored(item, by_hash) for key, item in value.items()}
        case list():
            return [_restored(item, by_hash) for item in value]
        case Secret():
            return Secret(_restored(value.value, by_hash))
        case Asset(text=None, path=None, uri=None) | Archive(assets=None, path=None, uri=None):
            found = by_hash.get(value.hash)
            return found if type(found) is type(value) else value
        case _:
            return value
