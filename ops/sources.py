"""The use case's source files, and how they get into the raw zone: those that are there already stay."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops.errors import SourcesFailedError
from ops.outputs import StackOutputs
from ops.session import Session
from sandbox.engine.interpreters import interpreter_of

_DIGEST: Final = "sha256"
"""Object metadata that holds the file's digest, which says whether it has to be uploaded again."""


@dataclass(frozen=True)
class Source:
    """One source file of the use case, or a part of one. `sha256` is in hexadecimal digits."""

    name: str
    path: Path
    sha256: str
    key: str = ""
    """Where it goes below the folder of the use case, such as `flights/2013-01.csv`; empty: `<name>.csv`."""

    @property
    def place(self) -> str:
        return self.key or f"{self.name}.csv"


@dataclass(frozen=True)
class Upload:
    """What an upload did. `uploaded` and `kept` name sources; `bytes` counts what was sent."""

    prefix: str
    """S3 URI of the folder of the sources."""
    uploaded: Sequence[str]
    kept: Sequence[str]
    bytes: int


def list_sources(
    session: Session,
    use_case: str,
    folder: Path | None = None,
    *,
    parts: str | None = None,
    until: str | None = None,
) -> list[Source]:
    """Asks the use case for its sources (`python -m <use case>.sources [--from DIR]`).

    With `parts` (such as `month`) it lists those that grow with time part by part, up to the part `until`.
    Raises `SourcesFailedError`.
    """
    chosen = [] if folder is None else ["--from", str(folder.resolve())]
    chosen += ["--parts", parts] if parts else []
    chosen += ["--until", until] if until else []
    done = subprocess.run(
        [str(interpreter_of(session.workspace.project).path), "-m", f"{use_case}.sources", *chosen],
        cwd=session.workspace.folder,
        env=session.workspace.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise SourcesFailedError(use_case, said[-1] if said else f"it exited with {done.returncode}")
    try:
        sources = [_source(json.loads(line)) for line in done.stdout.splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError) as error:
        raise SourcesFailedError(use_case, f"a line of its output is no source: {error}") from error
    if not sources:
        raise SourcesFailedError(use_case, "it names no source")
    return sources


def _source(plain: Mapping[str, Any]) -> Source:
    key = str(plain.get("key", ""))
    if key.startswith("/") or ".." in key.split("/"):
        raise ValueError(f"the key {key!r} leads out of the use case's folder")
    return Source(str(plain["name"]), Path(str(plain["path"])), str(plain["sha256"]), key)


def upload(session: Session, outputs: StackOutputs, sources: Sequence[Source]) -> Upload:
    """Puts each source at its key below `s3://<raw>/<use case>/`, unless the same content is there already.

    A source that now comes in parts takes the place of its one file, and the other way round: the preparation
    refuses a folder that holds both.
    """
    from botocore.exceptions import ClientError

    s3 = session.client("s3")
    bucket, folder = outputs.zones["raw"], outputs.use_case_name
    uploaded, kept, sent = [], [], 0
    for source in sources:
        key = f"{folder}/{source.place}"
        try:
            there = s3.head_object(Bucket=bucket, Key=key)["Metadata"].get(_DIGEST)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
                raise
            there = None
        if there == source.sha256:
            kept.append(source.name)
            continue
        content = source.path.read_bytes()
        if hashlib.sha256(content).hexdigest() != source.sha256:
            # The file was changed between the use case's look at it and ours: the fingerprint would lie.
            raise SourcesFailedError(
                outputs.use_case, f"{source.path} changed while it was read; run it again"
            )
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=content,
            ContentType="text/csv",
            Metadata={_DIGEST: source.sha256},
        )
        uploaded.append(source.name)
        sent += len(content)
    for key in _out_of_place(s3, bucket, folder, sources):
        s3.delete_object(Bucket=bucket, Key=key)
    return Upload(f"s3://{bucket}/{folder}/", uploaded, kept, sent)


def _out_of_place(s3: Any, bucket: str, folder: str, sources: Sequence[Source]) -> list[str]:
    """The keys of what the sources were before: one file where there are parts now, parts where one file."""
    whole = {source.place.removesuffix(".csv") for source in sources if "/" not in source.place}
    split = {source.place.partition("/")[0] for source in sources if "/" in source.place}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}/")
    there = [
        str(found["Key"]).removeprefix(f"{folder}/") for page in pages for found in page.get("Contents", ())
    ]
    old = [key for key in there if key.removesuffix(".csv") in split or key.partition("/")[0] in whole]
    return [f"{folder}/{key}" for key in old if key.endswith(".csv")]
