"""Which changes still matter once everything that they made is gone: what shortens a journal after a destroy.

Each change carries its own seed, so leaving one out alters no other's identifiers. When nothing remains in
the cloud, only two kinds are worth keeping: settings of the account itself, which no list shows, and whatever
concerns a service in which something waits for its deletion (a KMS key, a secret).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set

from sandbox.runtime.host.journal import Entry
from sandbox.runtime.host.operation import operation_of

AT_LEAST = 200
"""A shorter journal is left as it is: it is replayed in a fraction of a second."""

_ACCOUNT_SETTING = re.compile(
    r"Account|EbsEncryption|EbsDefaultKmsKey|^PutRegistry|^PutReplication|^PutResourcePolicy|ServiceSetting"
    r"|SecurityHub|Detector|^AssumeRole"
)
_ACCOUNT_SERVICES = frozenset({"s3control", "organizations", "account"})


def still_matters(scheduled: Set[str], region: str) -> Callable[[Entry], bool]:
    """Tells the entries to keep when nothing remains but things of the services `scheduled`."""

    def keep(entry: Entry) -> bool:
        operation = operation_of(entry.request, region)
        if operation.service in scheduled or operation.service in _ACCOUNT_SERVICES:
            return True
        # S3's account settings come under its own signing name, on a path of their own.
        return bool(_ACCOUNT_SETTING.search(operation.name)) or entry.request.path.startswith("/v20180820/")

    return keep
