"""The hashes of assets and archives, as Pulumi computes them.

A file's hash is that of its bytes. An archive that is a file already (`.tar`, `.tgz`, `.tar.gz`, `.zip`,
`.jar`) is hashed as it stands; a folder or a map of assets is written as a tar stream, with names in order,
mode 0600 and no times, and that stream is hashed (`sdk/go/common/resource/archive`).
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from sandbox.engine.values import Archive, Asset

_ARCHIVE_ENDINGS = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")
_BLOCK = 512
_MAX_USTAR_SIZE = 8**11 - 1


class AssetUnreadable(Exception):
    """An asset or archive whose content cannot be read."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"the asset {what} cannot be read: {reason}")


def hashed(value: Asset | Archive, folder: Path) -> Asset | Archive:
    """The same value with its hash; relative paths begin at `folder`."""
    if value.hash:
        return value
    if isinstance(value, Asset):
        digest = hashlib.sha256(_asset_bytes(value, folder)).hexdigest()
        return Asset(text=value.text, path=value.path, uri=value.uri, hash=digest)
    # Members first: their hashes are part of what the state shows.
    members = (
        {name: hashed(member, folder) for name, member in value.assets.items()}
        if value.assets is not None
        else None
    )
    return Archive(assets=members, path=value.path, uri=value.uri, hash=_archive_hash(value, folder))


def _archive_hash(value: Archive, folder: Path) -> str:
    where = value.path or (urlsplit(value.uri).path if value.uri else "")
    if where and where.endswith(_ARCHIVE_ENDINGS):
        content = _read_path(where, folder) if value.path else _read_uri(value.uri or "")
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    seen: set[str] = set()
    for name, content in _members(value, folder):
        if name in seen:
            continue
        seen.add(name)
        digest.update(_tar_header(name, len(content)))
        digest.update(content)
        digest.update(b"\0" * (-len(content) % _BLOCK))
    digest.update(b"\0" * (2 * _BLOCK))
    return digest.hexdigest()


def _members(value: Archive, folder: Path) -> Iterator[tuple[str, bytes]]:
    if value.assets is not None:
        for name in sorted(value.assets, key=lambda text: text.encode()):
            member = value.assets[name]
            if isinstance(member, Asset):
                yield name, _asset_bytes(member, folder)
            else:
                for inner, content in _members(member, folder):
                    yield os.path.normpath(f"{name}/{inner}"), content
        return
    if value.path is None:
        raise AssetUnreadable(value.uri or "(empty)", "not a recognised archive")
    path = folder / value.path
    if path.is_dir():
        for file in _walk(path):
            yield file.relative_to(path).as_posix(), _read_path(str(file), folder)
    elif value.path.endswith((".zip", ".jar")):
        yield from _zip_members(path)
    elif value.path.endswith(_ARCHIVE_ENDINGS):
        yield from _tar_members(path)
    else:
        raise AssetUnreadable(value.path, "neither a recognised archive nor a folder")


def _walk(folder: Path) -> Iterator[Path]:
    """Files below, each folder's entries in byte order, without links to folders and `.pulumi`."""
    for entry in sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name)):
        if entry.name == ".pulumi":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif not entry.is_dir():
            yield Path(entry.path)


def _zip_members(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield os.path.normpath(info.filename), archive.read(info)
    except (OSError, zipfile.BadZipFile) as error:
        raise AssetUnreadable(str(path), str(error)) from error


def _tar_members(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is not None:
                    yield os.path.normpath(member.name), stream.read()
    except (OSError, tarfile.TarError) as error:
        raise AssetUnreadable(str(path), str(error)) from error


def _asset_bytes(value: Asset, folder: Path) -> bytes:
    if value.text is not None:
        return value.text.encode()
    if value.path is not None:
        return _read_path(value.path, folder)
    return _read_uri(value.uri or "")


def _read_path(path: str, folder: Path) -> bytes:
    try:
        return (folder / path).read_bytes()
    except OSError as error:
        raise AssetUnreadable(path, error.strerror or str(error)) from error


def _read_uri(uri: str) -> bytes:
    if urlsplit(uri).scheme not in ("http", "https", "file"):
        raise AssetUnreadable(uri, "only http, https and file URIs are known")
    try:
        with urlopen(uri, timeout=60) as answer:  # noqa: S310 - the scheme is checked above
            content: bytes = answer.read()
            return content
    except OSError as error:
        raise AssetUnreadable(uri, str(error)) from error


def _tar_header(name: str, size: int) -> bytes:
    """The header as Go's `archive/tar` writes it: USTAR where it fits, PAX records where it does not."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o600
    info.uname = info.gname = ""
    if size <= _MAX_USTAR_SIZE and name.isascii():
        try:
            return _go_ustar(info.tobuf(tarfile.USTAR_FORMAT))
        except ValueError:
            pass
    return _pax(info, name, size)


def _go_ustar(header: bytes) -> bytes:
    """Go leaves the device numbers of a regular file as zeros in octal, which Python writes too."""
    return header


def _pax(info: tarfile.TarInfo, name: str, size: int) -> bytes:
    records = {"path": name} if len(name) > 100 or not name.isascii() else {}
    if size > _MAX_USTAR_SIZE:
        records["size"] = str(size)
    body = b"".join(_pax_record(key, value) for key, value in sorted(records.items()))
    directory, _, base = name.rpartition("/")
    extended = tarfile.TarInfo(os.path.normpath(f"{directory}/PaxHeaders.0/{base}").lstrip("/")[:100])
    extended.type = tarfile.XHDTYPE
    extended.size = len(body)
    extended.mode = 0
    plain = tarfile.TarInfo(name.encode("ascii", "ignore").decode()[:100])
    plain.size, plain.mode = (info.size if size <= _MAX_USTAR_SIZE else 0), info.mode
    return (
        extended.tobuf(tarfile.USTAR_FORMAT)
        + body
        + b"\0" * (-len(body) % _BLOCK)
        + plain.tobuf(tarfile.USTAR_FORMAT)
    )


def _pax_record(key: str, value: str) -> bytes:
    text = f" {key}={value}\n".encode()
    length = len(text)
    while len(str(length)) + len(text) != length:
        length = len(str(length)) + len(text)
    return str(length).encode() + text
