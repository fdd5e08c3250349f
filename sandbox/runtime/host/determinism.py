"""How the emulator makes the same identifiers and times again when its journal is replayed.

Within `repeatable`, every source of chance that the emulator uses (its own `mock_random`, `os.urandom` and so
`uuid.uuid4`) follows from a seed, and its clock stands still. What a back end makes when it is first touched
(the default VPC, say) follows from its own name, since a mere read can be what touches it first.

Not covered: key pairs that OpenSSL makes (asymmetric KMS keys, ACM certificates, EC2 key pairs).
"""

from __future__ import annotations

import datetime
import hashlib
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import moto.core.utils
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random


class _State(threading.local):
    chance: random.Random | None = None
    now: float | None = None


_state = _State()
_system_urandom = os.urandom
_system_time = time.time
_system_utcnow = moto.core.utils.utcnow


@contextmanager
def repeatable(seed: int, moment: float) -> Iterator[None]:
    """Chance from `seed`, and the clock at `moment` (seconds since 1970), on this thread, until the block
    ends.

    `mock_random` is shared: callers hold the emulator's lock."""
    before = (_state.chance, _state.now)
    _state.chance, _state.now = random.Random(seed), moment  # noqa: S311 - made to be repeated
    mock_random.seed(seed)
    random.seed(seed)  # some of the emulator's services draw from it
    try:
        yield
    finally:
        _state.chance, _state.now = before


def _urandom(size: int, /) -> bytes:
    return _system_urandom(size) if _state.chance is None else _state.chance.randbytes(size)


def _time() -> float:
    return _system_time() if _state.now is None else _state.now


def now() -> datetime.datetime:
    """The emulator's time, in UTC without saying so, as its own `utcnow` has it."""
    if _state.now is None:
        return _system_utcnow()
    return datetime.datetime.fromtimestamp(_state.now, datetime.UTC).replace(tzinfo=None)


@contextmanager
def first_touch(service: str, account_id: str, region: str) -> Iterator[None]:
    """Chance that follows from a name, for the making of that back end, or of what AWS makes in it."""
    shared, own = mock_random.getstate(), _state.chance
    digest = hashlib.sha256(f"{service}/{account_id}/{region}".encode()).digest()
    seed = int.from_bytes(digest[:8], "big")
    mock_random.seed(seed)
    _state.chance = random.Random(seed)  # noqa: S311 - made to be repeated
    try:
        yield
    finally:
        mock_random.setstate(shared)
        _state.chance = own


def _backend_of(backends: AccountSpecificBackend[Any], region: str, /) -> Any:
    name = "aws" if region == "global" else region
    if name in dict.keys(backends):
        return _get_backend(backends, name)
    with first_touch(backends.service_name, backends.account_id, name):
        return _get_backend(backends, name)


_get_backend = AccountSpecificBackend.__getitem__


def install() -> None:
    """Puts the emulator on these sources. To be called before a service's module is imported."""
    os.urandom = _urandom
    time.time = _time
    AccountSpecificBackend.__getitem__ = _backend_of  # type: ignore[method-assign]
    for module in list(sys.modules.values()):
        if module.__name__.startswith("moto.") and getattr(module, "utcnow", None) is _system_utcnow:
            module.utcnow = now  # type: ignore[attr-defined]
