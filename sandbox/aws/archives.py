"""The bytes of Pulumi's assets and archives; an archive as a ZIP that is the same every time."""

from __future__ import annotations

import io
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

from sandbox.engine.hashing import archived_files
from sandbox.engine.provider import ProviderError
from sandbox.engine.values import Archive, Asset

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can hold."""
_FILE_MODE = 0o644
_EXECUTABLE_MODE = 0o755
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")


class AssetError(ProviderError):
    """An asset whose content cannot be read."""


def asset_bytes(asset: Asset) -> bytes:
    """An asset's content; raises AssetError where the file is not there."""
    if asset.text is not None:
        return asset.text.encode()
    if asset.path is not None:
        return _file(asset.path)
    if asset.uri is not None:
        return _fetched(asset.uri)
    raise AssetError("an asset has neither text, path nor address")


def archive_bytes(archive: Archive) -> bytes:
    """An archive's content: a file that is an archive as it is, anything else as a ZIP."""
    if archive.path is not None and Path(archive.path).is_file():
        return _file(archive.path)
    if archive.uri is not None:
        return _fetched(archive.uri)
    return zipped(archive)


def zipped(archive: Archive) -> bytes:
    """The archive as a ZIP: names sorted, times fixed, so that equal content gives equal bytes."""
    path = archive.path
    if path is not None and path.endswith(".zip") and Path(path).is_file():
        return _file(path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content, mode in sorted(_members(archive), key=lambda member: member[0]):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, on every machine: the permissions below are Unix's.
            info.external_attr = mode << 16
            target.writestr(info, content)
    return buffer.getvalue()


def _members(archive: Archive) -> Iterator[tuple[str, bytes, int]]:
    if archive.assets is not None:
        for name, item in archive.assets.items():
            if isinstance(item, Asset):
                yield name, asset_bytes(item), _mode(item.path)
            else:
                for inner, content, mode in _members(item):
                    yield f"{name}/{inner}", content, mode
    elif archive.path is not None and Path(archive.path).is_dir():
        root = Path(archive.path)
        for file in archived_files(root):
            yield file.relative_to(root).as_posix(), file.read_bytes(), _mode(str(file))
    else:
        yield from _packed(archive)


def _packed(archive: Archive) -> Iterator[tuple[str, bytes, int]]:
    name = archive.path or urlparse(archive.uri or "").path
    content = archive_bytes(archive)
    if name.endswith(_TAR_ENDINGS):
        with tarfile.open(fileobj=io.BytesIO(content)) as source:
            for member in source.getmembers():
                read = source.extractfile(member) if member.isfile() else None
                if read is not None:
                    yield member.name.removeprefix("./"), read.read(), member.mode & 0o777
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    yield entry.filename, packed.read(entry), entry.external_attr >> 16 or _FILE_MODE
    else:
        raise AssetError(f"{name} is neither a folder nor a .zip, .tar, .tar.gz or .tgz file")


def _mode(path: str | None) -> int:
    executable = path is not None and Path(path).stat().st_mode & 0o100
    return _EXECUTABLE_MODE if executable else _FILE_MODE


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise AssetError(f"the asset {path} cannot be read: {error.strerror}") from error


def _fetched(uri: str) -> bytes:
    scheme = urlparse(uri).scheme
    if scheme not in ("http", "https", "file"):
        raise AssetError(f"the asset {uri} has the scheme {scheme!r}; allowed are http, https and file")
    try:
        with urllib.request.urlopen(uri, timeout=60) as answer:  # noqa: S310 - the scheme is checked above
            content: bytes = answer.read()
    except OSError as error:
        raise AssetError(f"the asset {uri} cannot be fetched: {error}") from error
    return content
