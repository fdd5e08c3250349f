"""The entry point of a Spark job (EMR Serverless): fetches the source archive, then prepares with Spark.

It is one file that the job starts by itself, so it imports nothing of ours before it has fetched it:
`--case ml.flights --source s3://…/source.tar.gz --raw s3://… --out s3://…`.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Prepare a use case's data with Spark.")
    parser.add_argument("--case", required=True, help="the use case's package, such as ml.flights")
    parser.add_argument("--source", required=True, help="s3://… of the source archive")
    parser.add_argument("--raw", required=True, help="s3://… of the folder with the source files")
    parser.add_argument("--out", required=True, help="s3://… of the folder to write to")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _fetch_source(arguments.source, folder / "source")
        # Spark's workers run its own expressions, none of our code: the driver's path is enough.
        sys.path.insert(0, str(folder / "source"))
        from ml import container

        return container.run(
            "processing", lambda: _prepare(arguments.case, arguments.raw, arguments.out, folder)
        )


def _prepare(case: str, raw: str, out: str, folder: Path) -> None:
    from ml.case import load
    from ml.integration.preparation import prepare
    from ml.integration.spark import reads, session

    running = session()

    def say(line: str) -> None:
        print(line, flush=True)

    if reads(running, raw):
        prepare(load(case), raw.rstrip("/"), out.rstrip("/"), engine="spark", say=say)
        return
    # A Spark without S3's file system, such as the sandbox's: the files come to this machine and go back.
    _download(raw, folder / "raw")
    prepare(load(case), folder / "raw", folder / "out", engine="spark", say=say)
    _upload(folder / "out", out)


def _fetch_source(uri: str, folder: Path) -> None:
    folder.mkdir()
    bucket, key = _split(uri)
    archive = folder / "source.tar.gz"
    _s3().download_file(bucket, key, str(archive))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


def _download(uri: str, folder: Path) -> None:
    bucket, prefix = _split(uri)
    s3 = _s3()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/"):
        for found in page.get("Contents", ()):
            path = folder / found["Key"].removeprefix(prefix).lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, found["Key"], str(path))


def _upload(folder: Path, uri: str) -> None:
    bucket, prefix = _split(uri)
    s3 = _s3()
    for path in sorted(folder.rglob("*")):
        # Not Spark's own marks: `_SUCCESS`, and the checksums of its local files.
        if path.is_file() and not path.name.startswith(("_", ".")):
            s3.upload_file(str(path), bucket, f"{prefix.rstrip('/')}/{path.relative_to(folder).as_posix()}")


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _s3() -> Any:
    import boto3

    return boto3.client("s3")


if __name__ == "__main__":
    sys.exit(main())
