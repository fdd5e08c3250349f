"""Whether a hidden text is found, however it is kept."""

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import unicodedata
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from ml.privacy.traces import TooShort, traces

NAME = "Zoë Quincey"
MAIL = "zoe.q+1@example.org"
NOISE = b"one, two, three; nobody is here. " * 20


def tar(content: bytes, mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as packed:  # type: ignore[call-overload]
        member = tarfile.TarInfo("inner/model.bin")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return file.getvalue()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/b.txt", content)
    return file.getvalue()


def parquet(content: bytes) -> bytes:
    file = io.BytesIO()
    column = pyarrow.array([b"", content])
    pyarrow.parquet.write_table(pyarrow.table({"value": column}), file, compression="zstd")
    return file.getvalue()


def sqlite(content: bytes) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE kept (value TEXT)")
    connection.execute("INSERT INTO kept VALUES (?)", (content.decode(errors="surrogateescape"),))
    return connection.serialize()


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "upper": lambda text: text.upper().encode(),
    "lower": lambda text: text.lower().encode(),
    "decomposed": lambda text: unicodedata.normalize("NFD", text).encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.upper().encode("utf-16-be"),
    "latin-1": lambda text: text.encode("latin-1"),
    "percent": lambda text: urllib.parse.quote(text).encode(),
    "percent, a form's": lambda text: urllib.parse.quote_plus(text).lower().encode(),
    "json": lambda text: json.dumps({"who": text}).encode(),
    "hex": lambda text: text.encode().hex().upper().encode(),
    **{
        f"base64, {before} bytes before": lambda text, before=before: base64.b64encode(  # type: ignore[misc]
            b"x" * before + text.encode() + b"; and more"
        )
        for before in range(3)
    },
    "base64, the end": lambda text: base64.b64encode(text.encode()),
    "base64 of a URL": lambda text: base64.urlsafe_b64encode(b"??>" + text.encode()),
}

KEPT: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda content: content,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "tar": lambda content: tar(content, "w"),
    "tar.gz": tar,
    "parquet": parquet,
    "parquet in tar.gz": lambda content: tar(parquet(content)),
    "a truncated gzip": lambda content: gzip.compress(content + np.random.default_rng(1).bytes(9000))[:-2000],
}


@pytest.mark.parametrize("text", [NAME, MAIL])
@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_hidden_text_is_found(tmp_path: Path, encoding: str, kept: str, text: str) -> None:
    path = tmp_path / "deep" / "file.bin"
    path.parent.mkdir()
    path.write_bytes(KEPT[kept](NOISE + ENCODINGS[encoding](text) + NOISE))
    found = traces([tmp_path], [text, "somebody else entirely"])
    assert {trace.text for trace in found} == {text}
    assert all(trace.where.startswith("deep/file.bin") for trace in found)


def test_a_text_in_a_database_is_found(tmp_path: Path) -> None:
    (tmp_path / "kept.sqlite").write_bytes(sqlite(b"x" * 9000 + NAME.encode() + b"y" * 9000))
    assert "kept.sqlite!sqlite" in {trace.where for trace in traces([tmp_path], [NAME])}


def test_a_text_in_the_name_of_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / f"report-{MAIL}.txt").write_bytes(NOISE)
    assert {trace.text for trace in traces([tmp_path], [MAIL])} == {MAIL}


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "noise.gz").write_bytes(gzip.compress(np.random.default_rng(2).bytes(2_000_000)))
    assert traces([tmp_path], [NAME, MAIL, "P-480037-QX"]) == []


def test_a_text_that_stands_everywhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooShort, match="'Zoe' has 3 characters"):
        traces([tmp_path], ["Zoe"])
