"""How do files move between S3 and a job's folder? Prefixes down, folders up, archives both ways."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from sandbox.runtime.sagemaker.surroundings import split_s3_uri

# One part an object: on loopback parts only cost requests, and an object in one part has its MD5 as its ETag.
_WHOLE = TransferConfig(multipart_threshold=4 * 1024**3, use_threads=False)


class TransferError(Exception):
    """Something could not be read from or written to S3. Its text is fit for a job's FailureReason."""


class Transfers:
    """Moves files for one job, with one S3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def fetch(self, uri: str, target: Path) -> None:
        """Copies one object to the file `target`."""
        bucket, key = split_s3_uri(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._client.download_file(bucket, key, str(target), Config=_WHOLE)
        except ClientError as error:
            raise TransferError(f"cannot read {uri}: {error.response['Error']['Message']}") from error

    def fetch_prefix(self, uri: str, folder: Path, *, required: bool = True) -> int:
        """Copies every object under the prefix into the folder, as File mode does; answers how many.

        An object that is itself the prefix arrives under its own base name.
        """
        bucket, prefix = split_s3_uri(uri)
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for key in self._keys(bucket, prefix):
            if key.endswith("/"):
                continue
            target = folder / _local_name(key, prefix)
            if not target.resolve().is_relative_to(folder.resolve()):
                raise TransferError(f"the object s3://{bucket}/{key} has a name that leaves its folder")
            self.fetch(f"s3://{bucket}/{key}", target)
            count += 1
        if required and not count:
            raise TransferError(
                f"No S3 objects found under S3 URL {uri!r} given in input data source. Please ensure that "
                "the bucket exists, that the selected IAM role has permission to access it, and that objects "
                "exist under that S3 prefix."
            )
        return count

    def send(self, file: Path, uri: str, kms_key: str | None = None) -> None:
        """Copies a file to one object, encrypted with the key where one is given."""
        bucket, key = split_s3_uri(uri)
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        try:
            self._client.upload_file(str(file), bucket, key, ExtraArgs=extra, Config=_WHOLE)
        except ClientError as error:
            raise TransferError(f"cannot write {uri}: {error.response['Error']['Message']}") from error
        except S3UploadFailedError as error:
            raise TransferError(f"cannot write {uri}: {error}") from error

    def send_folder(self, folder: Path, uri: str, kms_key: str | None = None) -> int:
        """Copies every file below the folder under the prefix; answers how many."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for file in files:
            name = file.relative_to(folder).as_posix()
            self.send(file, f"{uri.rstrip('/')}/{name}", kms_key)
        return len(files)

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for page in pages:
                for item in page.get("Contents", []):
                    yield item["Key"]
        except ClientError as error:
            message = error.response["Error"]["Message"]
            raise TransferError(f"cannot list s3://{bucket}/{prefix}: {message}") from error


class FolderMirror:
    """Keeps an S3 prefix like a folder while a job writes to it, as checkpoints are kept."""

    def __init__(self, transfers: Transfers, folder: Path, uri: str) -> None:
        self._transfers = transfers
        self._folder = folder
        self._uri = uri.rstrip("/") + "/"
        self._sent: dict[str, tuple[int, int]] = {}

    def restore(self) -> int:
        """Brings the folder to what S3 holds; answers the number of files."""
        count = self._transfers.fetch_prefix(self._uri, self._folder, required=False)
        self._sent = dict(self._seen())
        return count

    def save(self) -> None:
        """Sends every file that changed since it was last sent."""
        for name, mark in self._seen().items():
            if self._sent.get(name) != mark:
                self._transfers.send(self._folder / name, self._uri + name)
                self._sent[name] = mark

    def _seen(self) -> Mapping[str, tuple[int, int]]:
        seen = {}
        for path in sorted(self._folder.rglob("*")):
            try:
                if path.is_file():
                    status = path.stat()
                    name = path.relative_to(self._folder).as_posix()
                    seen[name] = (status.st_mtime_ns, status.st_size)
            except FileNotFoundError:
                # A job that replaces its checkpoint by renaming makes files vanish between two looks.
                continue
        return seen


def pack(folder: Path, archive: Path) -> None:
    """Packs the contents of a folder as a `tar.gz`; the archive's root is the folder's inside."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz", compresslevel=6, dereference=True) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a `tar.gz` of files and folders. Raises TransferError for a damaged or any other one.

    Checked by hand, because Python has `filter="data"` only since 3.11.4.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            members = tar.getmembers()
            for member in members:
                inside = (folder / member.name).resolve().is_relative_to(folder.resolve())
                if not inside or not (member.isfile() or member.isdir()):
                    raise TransferError(f"{archive.name} holds {member.name!r}, which is no file of its own")
                member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(folder, members, **safe)  # type: ignore[arg-type]  # noqa: S202 - checked
    except (tarfile.TarError, EOFError, OSError) as error:
        raise TransferError(f"cannot unpack {archive.name}: {error}") from error


def _local_name(key: str, prefix: str) -> str:
    base = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    if key.startswith(base):
        return key[len(base) :]
    return key[prefix.rfind("/") + 1 :]
