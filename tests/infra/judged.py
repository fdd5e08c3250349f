"""What do the policies of a role and the boundary above it say together? IAM's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.foundation.policy import Statement
from sandbox.runtime.policies.document import Access, Verdict, verdict


def allowed(
    policies: Sequence[Statement],
    boundary: Sequence[Statement],
    action: str,
    resource: str,
    context: Mapping[str, str | tuple[str, ...]],
) -> bool:
    """Whether a role may make a request: a policy allows it, its boundary does, and neither denies it.

    Source: IAM guide, "Evaluating effective permissions with boundaries".
    """
    keys = {name.lower(): (value,) if isinstance(value, str) else value for name, value in context.items()}
    access = Access({}, action, resource, keys)
    said = [verdict(_anyones(statements), access) for statements in (policies, boundary)]
    return said == [Verdict.ALLOWED, Verdict.ALLOWED]


def admitted(
    trust: Statement, principals: Mapping[str, frozenset[str]], action: str, context: Mapping[str, Any]
) -> bool:
    """Whether a role's trust policy lets a caller take it on."""
    keys = {
        name.lower(): (value,) if isinstance(value, str) else tuple(value) for name, value in context.items()
    }
    said = verdict({"Statement": [trust.body()]}, Access(principals, action, "", keys))
    return said is Verdict.ALLOWED


def _anyones(statements: Sequence[Statement]) -> dict[str, Any]:
    """As the policy of an identity: it names no principal, for it is the one who holds it."""
    return {"Statement": [{**one.body(), "Principal": "*"} for one in statements]}
