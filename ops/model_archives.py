"""Where is a package's model archive on this machine? Fetched from S3 once for each content."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ops.errors import CommandError
from ops.registry import ModelPackage
from ops.session import Session


class NoArchiveError(CommandError):
    """A model package names no archive in S3."""

    def __init__(self, package: ModelPackage, stack: str) -> None:
        super().__init__(
            f"{package.name} names no model archive in S3 (given: {package.model or 'nothing'})",
            f"train one: groundplan train {stack}",
        )


def model_archive(session: Session, package: ModelPackage) -> Path:
    """The package's `model.tar.gz`, kept by its version and content. Raises `NoArchiveError`."""
    where = urlsplit(package.model)
    if where.scheme != "s3":
        raise NoArchiveError(package, session.stack)
    s3 = session.client("s3")
    key = where.path.lstrip("/")
    # A sandbox that begins anew counts its versions from 1 again.
    content = str(s3.head_object(Bucket=where.netloc, Key=key)["ETag"]).strip('"')
    kept = session.workspace.folder / ".groundplan" / "models" / package.name.replace("/", "-")
    path = kept / content / "model.tar.gz"
    if not path.is_file():
        download(s3, where.netloc, key, path)
    return path


def download(s3: Any, bucket: str, key: str, path: Path) -> None:
    """Puts an object into a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".partial")
    s3.download_file(bucket, key, str(scratch))
    scratch.replace(path)
