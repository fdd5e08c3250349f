"""How is a person named without naming them? By a keyed code of the identifier, the same each time.

A pseudonym is `<key's id>.<32 letters>`: the first 160 bits of HMAC-SHA-256 (RFC 2104, FIPS 198-1; truncated
as NIST SP 800-107 allows) in lower-case base 32. What is coded is the domain of the column, a zero byte, and
the value in its canonical form: Unicode NFC, without white space at the ends. Case counts. Two columns of one
domain give one pseudonym for one value, so that they can be joined; two domains never do.

After a rotation the same value has another pseudonym, and no key leads from the old one to the new: a code
of the code would leave the old key needed for ever. Whoever joins across a rotation asks for both (`bridge`),
which takes the clear values and so can be done only where they are read, and while the ring holds both keys.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ml.container import JobFailed

SHORTEST_KEY = 32
"""Bytes: a key shorter than the hash weakens it (RFC 2104, section 3)."""

_LABEL = b"groundplan.pseudonym.1\0"
_BYTES = 20
PATTERN = r"[a-z0-9]{1,16}\.[a-z2-7]{32}"
"""What a pseudonym looks like, as a regular expression."""


class UnsoundKeys(JobFailed):
    """The keys cannot be used; no key is told."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The keys of the pseudonyms cannot be used: {why}. Allowed: a JSON object with `current`, the "
            'id of a key, and `keys`, such as {"current": "k2", "keys": {"k1": "…", "k2": "…"}}, each key '
            f"{SHORTEST_KEY} bytes or more in base 64, its id up to 16 small letters and digits."
        )


@dataclass(frozen=True)
class KeyRing:
    """Keys by id; the current one makes pseudonyms, the others are kept for an overlap. Never shown."""

    current: str
    _keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, document: str) -> KeyRing:
        """From the text of the secret. Raises UnsoundKeys."""
        try:
            found = json.loads(document)
            current, encoded = found["current"], dict(found["keys"])
            keys = {name: base64.b64decode(text, validate=True) for name, text in encoded.items()}
        except (ValueError, KeyError, TypeError):
            # Without the cause: its message may hold a part of the secret.
            raise UnsoundKeys("the secret is not of that form") from None
        if current not in keys:
            raise UnsoundKeys("`current` names a key that is not among `keys`")
        for name, key in keys.items():
            if not re.fullmatch("[a-z0-9]{1,16}", name):
                raise UnsoundKeys("a key's id has another form")
            if len(key) < SHORTEST_KEY:
                raise UnsoundKeys(f"the key {name} has {len(key)} bytes")
        return cls(current, keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, the current one last."""
        return (*(name for name in self._keys if name != self.current), self.current)

    def pseudonym(self, value: str, domain: str, key: str | None = None) -> str:
        """The pseudonym of a value by the current key, or by another one of the ring. Raises UnsoundKeys."""
        return next(self.pseudonyms([value], domain, key))

    def pseudonyms(self, values: Iterable[str], domain: str, key: str | None = None) -> Iterator[str]:
        """The pseudonyms of many values, in order; about a million in two seconds."""
        name = self.current if key is None else key
        if name not in self._keys:
            raise UnsoundKeys(f"there is no key {name}; the overlap in which it was kept is over")
        begun = hmac.new(self._keys[name], _LABEL + domain.encode() + b"\0", "sha256")
        for value in values:
            code = begun.copy()
            code.update(canonical(value).encode())
            yield f"{name}.{base64.b32encode(code.digest()[:_BYTES]).decode().lower()}"

    def bridge(self, values: Iterable[str], domain: str, older: str) -> dict[str, str]:
        """From pseudonyms by an older key to those by the current one, for as long as the ring holds both."""
        known = list(values)
        return dict(zip(self.pseudonyms(known, domain, older), self.pseudonyms(known, domain), strict=True))


def canonical(value: str) -> str:
    """The form of a value that is coded: NFC, without white space at the ends."""
    return unicodedata.normalize("NFC", value).strip()


def is_pseudonym(text: str) -> bool:
    """Whether a text has the form of a pseudonym."""
    return re.fullmatch(PATTERN, text) is not None
