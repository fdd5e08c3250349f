"""As whom does the provider ask? By access key, or by the roles that its configuration assumes.

In the sandbox the access key `AKIA0000<account>` is that account's. A role that is assumed leads to the
account that its ARN names, whether or not the sandbox holds the role: a program that works in the accounts of
an organisation comes up without them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import UNKNOWN

_ROLE: Final = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:.*/)?([\w+=,.@-]{1,64})")
_SESSION: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""As STS has it (AssumeRole, RoleSessionName)."""
_DEFAULT_SESSION: Final = "pulumi"


@dataclass(frozen=True)
class AssumedRole:
    """A role that the provider takes on."""

    arn: str
    session: str = _DEFAULT_SESSION

    @property
    def account_id(self) -> str:
        """The account that the role belongs to."""
        return self._parts[1]

    @property
    def session_arn(self) -> str:
        """What `getCallerIdentity` says of whoever has assumed it."""
        partition, account, name = self._parts
        return f"arn:{partition}:sts::{account}:assumed-role/{name}/{self.session}"

    @property
    def _parts(self) -> tuple[str, str, str]:
        found = _ROLE.fullmatch(self.arn)
        assert found is not None, "checked before it is configured"  # noqa: S101
        return found[1], found[2], found[3]


@dataclass(frozen=True)
class Identity:
    """The keys that requests are signed with, and the role in whose name they are made."""

    access_key: str
    secret_key: str
    role: AssumedRole | None = None

    def assuming(self, roles: Sequence[AssumedRole]) -> Identity:
        """The identity after these roles were assumed, one from the other: the last one counts."""
        if not roles:
            return self
        return replace(self, access_key=f"AKIA0000{roles[-1].account_id}", role=roles[-1])


def assumed_roles(given: Any) -> tuple[AssumedRole, ...]:
    """The roles of the configuration's `assumeRoles`; those without an ARN are passed over, as AWS's are."""
    return tuple(
        AssumedRole(arn, member(item, "sessionName") or _DEFAULT_SESSION)
        for item in given or ()
        if (arn := member(item, "roleArn"))
    )


def member(structured: Mapping[str, Any], name: str) -> Any:
    """A member of a structured setting, written `roleArn` or `role_arn`.

    The Python SDK sends what stands in a dict as its author wrote it.
    """
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return structured.get(name, structured.get(snake))


def role_failures(given: Any, path: str) -> list[CheckFailure]:
    """Roles that nobody could assume."""
    failures = []
    for index, item in enumerate(given if isinstance(given, list) else [given]):
        where = f"{path}[{index}]" if isinstance(given, list) else path
        if not isinstance(item, dict):
            failures.append(CheckFailure(where, f"must be an object with roleArn, not {item!r}"))
            continue
        arn, session = member(item, "roleArn"), member(item, "sessionName")
        if arn not in (None, "", UNKNOWN) and not (isinstance(arn, str) and _ROLE.fullmatch(arn)):
            failures.append(
                CheckFailure(
                    f"{where}.roleArn", f"{arn!r} is no role such as arn:aws:iam::123456789012:role/deploy"
                )
            )
        if session not in (None, "", UNKNOWN) and not (
            isinstance(session, str) and _SESSION.fullmatch(session)
        ):
            failures.append(
                CheckFailure(
                    f"{where}.sessionName", f"{session!r} is not 2 to 64 of A-Z a-z 0-9 _ + = , . @ -"
                )
            )
    return failures
