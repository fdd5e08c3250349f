"""Does something that was written hold what it must not? Looks for texts in files, however they are kept.

A text is found plain and in upper or lower case; in UTF-8 and UTF-16; percent-encoded, JSON-escaped, in
hexadecimal and in base 64, wherever in the encoded text it begins; in files and in what they hold: gzip,
zip (npz among them), tar, Parquet and SQLite, one in another. What is encrypted, or encoded twice, is not
found.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import tempfile
import unicodedata
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_DEEPEST = 6
_SHORTEST = 6
"""Characters: shorter texts stand in most files by chance."""


@dataclass(frozen=True, order=True)
class Trace:
    """Where a text stands: the file, then what is in it, joined by `!`; how it is written; which text."""

    where: str
    encoding: str
    text: str


class TooShort(ValueError):
    """A text that would be found by chance."""


def traces(places: Iterable[Path], texts: Iterable[str]) -> list[Trace]:
    """Every trace of the texts in the files, and in all files below the folders. Raises TooShort."""
    forms = {text: _forms(text) for text in texts}
    found: set[Trace] = set()
    for place in places:
        files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
        for path in files:
            name = path.relative_to(place).as_posix() if place.is_dir() else path.name
            for text, encodings in forms.items():
                found |= {Trace(name, how, text) for how in _seen(name.encode(), encodings)}
            for where, content in _contents(name, path.read_bytes(), _DEEPEST):
                for text, encodings in forms.items():
                    found |= {Trace(where, how, text) for how in _seen(content, encodings)}
    return sorted(found)


def _seen(content: bytes, encodings: Mapping[str, tuple[bool, tuple[bytes, ...]]]) -> Iterator[str]:
    lower = content.lower()
    for how, (any_case, forms) in encodings.items():
        if any(form in (lower if any_case else content) for form in forms):
            yield how


def _forms(text: str) -> dict[str, tuple[bool, tuple[bytes, ...]]]:
    """Encoding → whether case does not count (then the forms are in lower case), and how the text looks."""
    if len(text) < _SHORTEST:
        raise TooShort(f"{text!r} has {len(text)} characters; allowed: {_SHORTEST} or more")
    spellings = {form for kind in ("NFC", "NFD") for form in _cases(unicodedata.normalize(kind, text))}
    raw = [spelling.encode() for spelling in sorted(spellings)]

    def lowered(encode: str) -> tuple[bytes, ...]:
        # Letters outside ASCII are left alone by `bytes.lower`: each spelling stands for itself.
        return tuple({spelling.encode(encode).lower() for spelling in spellings})

    quoted = {urllib.parse.quote(spelling, safe=safe) for spelling in spellings for safe in ("", "/@+")}
    quoted |= {urllib.parse.quote_plus(spelling) for spelling in spellings}
    escaped = {json.dumps(spelling)[1:-1] for spelling in spellings}
    sixty_four = {form for one in raw for form in _in_base_64(one)}
    return {
        "plain": (True, lowered("utf-8")),
        "utf-16": (True, (*lowered("utf-16-le"), *lowered("utf-16-be"))),
        "latin-1": (True, tuple({one.encode("latin-1", "replace").lower() for one in _cases(text)})),
        "percent": (True, tuple({one.encode().lower() for one in quoted})),
        "json": (True, tuple({one.encode().lower() for one in escaped})),
        "hex": (True, tuple({one.hex().encode() for one in raw})),
        "base64": (False, tuple(sixty_four)),
    }


def _cases(text: str) -> tuple[str, ...]:
    return (text, text.upper(), text.lower(), text.title())


def _in_base_64(raw: bytes) -> Iterator[bytes]:
    """The characters of base 64 that depend on these bytes alone, for each place in a group of three."""
    for before, lead in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        tail = -1 if (before + len(raw)) % 3 else None
        inner = encoded[lead:tail].encode()
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")


def _contents(where: str, content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """The content itself, and what it holds, unpacked."""
    yield where, content
    if depth == 0:
        return
    for name, inner in _inside(content):
        yield from _contents(f"{where}!{name}", inner, depth - 1)


def _inside(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content[:2] == b"\x1f\x8b":
        yield "gzip", _unpacked(content)
    elif content[:3] == b"BZh":
        yield "bzip2", bz2.decompress(content)
    elif content[:6] == b"\xfd7zXZ\0":
        yield "xz", lzma.decompress(content)
    elif content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from ((one.filename, packed.read(one)) for one in packed.infolist() if not one.is_dir())
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            for member in packed:
                file = packed.extractfile(member)
                if file is not None:
                    yield member.name, file.read()
    elif content[:4] == b"PAR1":
        yield "parquet", _of_parquet(content)
    elif content[:16] == b"SQLite format 3\0":
        yield "sqlite", _of_sqlite(content)


def _unpacked(content: bytes) -> bytes:
    """What gzip holds, as far as it goes: a truncated file still tells."""
    try:
        return gzip.decompress(content)
    except EOFError:
        return zlib.decompressobj(wbits=31).decompress(content)


def _of_parquet(content: bytes) -> bytes:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(io.BytesIO(content))
    named = [str(table.schema), *(repr(row) for row in table.to_pylist())]
    raw = [value for column in table.columns for value in column.to_pylist() if isinstance(value, bytes)]
    return b"\n".join([*(line.encode(errors="surrogatepass") for line in named), *raw])


def _of_sqlite(content: bytes) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as copy:
        copy.write(content)
        copy.flush()
        connection = sqlite3.connect(f"file:{copy.name}?mode=ro&immutable=1", uri=True)
        try:
            tables = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            values = [
                value
                for name in tables
                for row in connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 – the file's own names
                for value in row
            ]
        finally:
            connection.close()
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
