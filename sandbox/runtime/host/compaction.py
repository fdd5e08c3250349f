"""Which changes still matter once everything that they made is gone: what shortens a journal after a destroy.

Each change carries its own seed, so leaving one out alters no other's identifiers. When nothing remains in
an account, only two kinds of its changes are worth keeping: settings of the account itself, which no list
shows, and whatever concerns a service in which something waits for its deletion (a KMS key, a secret). An
account that the changes of another still speak of is left whole: what they did may rest on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Set

from sandbox.runtime.host.journal import Entry
from sandbox.runtime.host.operation import Operation, account_of, operation_of

AT_LEAST = 200
"""A shorter journal is left as it is: it is replayed in a fraction of a second."""

_ACCOUNT_SETTING = re.compile(
    r"Account|EbsEncryption|EbsDefaultKmsKey|^PutRegistry|^PutReplication|^PutResourcePolicy|ServiceSetting"
    r"|SecurityHub|Detector|^AssumeRole"
)
_ACCOUNT_SERVICES = frozenset({"s3control", "organizations", "account"})
_ACCOUNT = re.compile(rb"(?<!\d)\d{12}(?!\d)")


def still_matters(
    entries: Callable[[], Iterable[Entry]],
    *,
    held: Set[str],
    scheduled: Set[tuple[str, str]],
    account_id: str,
    region: str,
) -> Callable[[Entry], bool]:
    """Tells the entries to keep where something remains in the accounts `held` alone.

    `scheduled` are accounts and services in which something waits for its deletion; `account_id` is the
    account of callers that name none.
    """
    whole = held | _spoken_of(entries(), held, account_id, region) if held else frozenset[str]()

    def keep(entry: Entry) -> bool:
        operation = operation_of(entry.request, region)
        account = _account(operation, account_id)
        if account in whole or (not account and held):
            return True
        waits = any(service == operation.service and account in (one, "") for one, service in scheduled)
        if waits or operation.service in _ACCOUNT_SERVICES:
            return True
        # S3's account settings come under its own signing name, on a path of their own.
        return bool(_ACCOUNT_SETTING.search(operation.name)) or entry.request.path.startswith("/v20180820/")

    return keep


def _spoken_of(entries: Iterable[Entry], held: Set[str], account_id: str, region: str) -> set[str]:
    """The accounts whose numbers stand in changes made in the accounts `held`, or in nobody knows which."""
    found: set[bytes] = set()
    for entry in entries:
        account = _account(operation_of(entry.request, region), account_id)
        if not account or account in held:
            found.update(_ACCOUNT.findall(entry.request.target.encode() + b" " + entry.request.body))
    return {one.decode() for one in found}


def _account(operation: Operation, account_id: str) -> str:
    """Whose change it is; the empty text for the keys of assumed roles, which do not tell it."""
    return "" if operation.access_key.startswith("ASIA") else account_of(operation.access_key, account_id)
