"""Packaging: the source of the jobs, as an object whose key says what is in it."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation

_SUFFIXES = frozenset({".py", ".txt", ".in", ".json", ".sql", ".yaml", ".html", ".whl"})


class NoSourceError(Exception):
    """There is no source to package."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: no requirements.txt here. Expected: the folder `ml/` of the repository.")


@dataclass(frozen=True, kw_only=True)
class PackagingArgs:
    """What the rest of the platform hands to the packaging. `source` is the folder `ml/`."""

    source: Path
    build: Path
    foundation: Foundation
    bucket: pulumi.Input[str]


class Packaging(pulumi.ComponentResource):
    """The archive of `ml/` in the models' zone. A change is a new object; running jobs keep the old."""

    uri: pulumi.Output[str]

    def __init__(self, name: str, args: PackagingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Packaging", name, opts=opts)
        archive = pack(args.source)
        digest = hashlib.sha256(archive).hexdigest()
        file = keep(archive, args.build / f"source-{digest}.tar.gz")
        stored = aws.s3.BucketObjectv2(
            f"{name}-archive",
            bucket=args.bucket,
            key=f"source/{digest}/source.tar.gz",
            source=pulumi.FileAsset(str(file)),
            source_hash=digest,
            content_type="application/gzip",
            server_side_encryption="aws:kms",
            kms_key_id=args.foundation.key_arns["model"],
            # A running job, and a model's history, still point at the archive that they began with.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.uri = pulumi.Output.concat("s3://", stored.bucket, "/", stored.key)
        self.register_outputs({"uri": self.uri})


def pack(source: Path) -> bytes:
    """A `tar.gz` of the folder as `ml/`, and beside it the `train.py` that trainings of a search begin with.

    No requirements lie in its root: the image's toolkit would install them, and there is no index.

    The same files give the same bytes on every machine: sorted, without times, owners or the umask. Raises
    NoSourceError.
    """
    if not (source / "requirements.txt").is_file():
        raise NoSourceError(source)
    script = source / "training" / "script.py"
    entries = [("train.py", script)] if script.is_file() else []
    entries += [(f"ml/{file.relative_to(source).as_posix()}", file) for file in _files(source)]
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, file in sorted(entries):
            content = file.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return _stored_gzip(tar.getvalue())


def _stored_gzip(content: bytes) -> bytes:
    """The content as a gzip file without compression (RFC 1951, 3.2.4; RFC 1952).

    What zlib makes of the same content differs between its versions, and the digest of the bytes is the key.
    """
    largest = 0xFFFF
    blocks = [content[at : at + largest] for at in range(0, len(content), largest)]
    stored = b"".join(
        struct.pack("<BHH", number == len(blocks), len(block), len(block) ^ largest) + block
        for number, block in enumerate(blocks, start=1)
    )
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return header + stored + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def _files(source: Path) -> Iterator[Path]:
    """What jobs run; what images are built of is no part of it."""
    for file in source.rglob("*"):
        if file.relative_to(source).parts[0] == "images":
            continue
        hidden = any(part.startswith((".", "__pycache__")) for part in file.relative_to(source).parts)
        if file.is_file() and file.suffix in _SUFFIXES and not hidden:
            yield file


def keep(archive: bytes, file: Path) -> Path:
    """Writes the archive in one step, unless it is there."""
    if not file.is_file() or file.stat().st_size != len(archive):
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(".partial")
        scratch.write_bytes(archive)
        scratch.replace(file)
    return file
