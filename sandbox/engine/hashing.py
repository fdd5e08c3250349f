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

from sandbox.engine.errors import EngineError
from sandbox.engine.project import LEFT_OUT
from sandbox.engine.values import Archive, Asset

_ARCHIVE_ENDINGS = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")
_BLOCK = 512
_NAME = 100
_PREFIX = 155
_MAX_OCTAL_SIZE = 8**11 - 1


class AssetUnreadable(EngineError):
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
        for file in archived_files(path):
            yield file.relative_to(path).as_posix(), _read_path(str(file), folder)
    elif value.path.endswith((".zip", ".jar")):
        yield from _zip_members(path)
    elif value.path.endswith(_ARCHIVE_ENDINGS):
        yield from _tar_members(path)
    else:
        raise AssetUnreadable(value.path, "neither a recognised archive nor a folder")


def archived_files(folder: Path) -> Iterator[Path]:
    """What an archive of a folder holds: each folder's entries in byte order, without links to folders.

    `.pulumi` is left out, as the official engine does, and every folder that holds a file `LEFT_OUT`.
    """
    for entry in sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name)):
        if entry.name == ".pulumi":
            continue
        if entry.is_dir(follow_symlinks=False):
            if not (Path(entry.path) / LEFT_OUT).exists():
                yield from archived_files(Path(entry.path))
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
    """A file's header as Go's `archive/tar` writes it: USTAR where it fits, PAX records where it does not."""
    raw = name.encode()
    long = len(raw) > _NAME or not name.isascii()
    prefix, rest = _split(raw) if long and name.isascii() else (b"", raw)
    if (not long or prefix) and size <= _MAX_OCTAL_SIZE:
        return _block(b"0", rest, mode=0o600, size=size, prefix=prefix, devices=True)
    records = {"path": name} if long else {}
    if size > _MAX_OCTAL_SIZE:
        records["size"] = str(size)
    body = b"".join(_pax_record(key, value) for key, value in sorted(records.items()))
    folder, _, base = name.rpartition("/")
    extended = os.path.normpath(f"{folder}/PaxHeaders.0/{base}" if folder else f"PaxHeaders.0/{base}")
    return (
        _block(b"x", _ascii(extended)[:_NAME].rstrip(b"/"), mode=0, size=len(body))
        + body
        + b"\0" * (-len(body) % _BLOCK)
        + _block(b"0", _ascii(name)[:_NAME], mode=0o600, size=min(size, _MAX_OCTAL_SIZE), devices=True)
    )


def _split(name: bytes) -> tuple[bytes, bytes]:
    """A long name as USTAR's prefix and name, parted at the last slash that leaves a short enough prefix."""
    slash = name[: _PREFIX + 1].rfind(b"/")
    prefix, rest = name[:slash], name[slash + 1 :]
    return (prefix, rest) if slash > 0 and 0 < len(rest) <= _NAME else (b"", name)


def _block(
    kind: bytes, name: bytes, *, mode: int, size: int, prefix: bytes = b"", devices: bool = False
) -> bytes:
    device = b"0000000\0" if devices else b"\0" * 8
    block = bytearray(
        name.ljust(_NAME, b"\0")
        + b"%07o\0" % mode
        + b"0000000\0" * 2
        + b"%011o\0" % size
        + b"%011o\0" % 0
        + b" " * 8
        + kind
        + b"\0" * 100
        + b"ustar\x0000"
        + b"\0" * 64
        + device * 2
        + prefix.ljust(_PREFIX, b"\0")
    ).ljust(_BLOCK, b"\0")
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "ignore")


def _pax_record(key: str, value: str) -> bytes:
    text = f" {key}={value}\n".encode()
    length = len(text)
    while len(str(length)) + len(text) != length:
        length = len(str(length)) + len(text)
    return str(length).encode() + text
