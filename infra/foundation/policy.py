"""What does a policy document say? Statements as values; their JSON, always in the same order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]


class WildcardError(ValueError):
    """An allowing statement that names every resource without saying why."""

    def __init__(self, sid: str) -> None:
        super().__init__(
            f"Statement {sid} allows its actions on '*'. Allowed: ARNs, or '*' with `any_resource_because` "
            "where the service knows no narrower resource. Name the resources."
        )


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. `principals` is for policies of resources: `{"Service": [...]}` or `"*"`."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, Sequence[str]] | Literal["*"] | None = None
    conditions: Conditions = field(default_factory=dict)
    any_resource_because: str = ""

    def __post_init__(self) -> None:
        if self.effect == "Allow" and "*" in self.resources and not self.any_resource_because:
            raise WildcardError(self.sid)

    def body(self) -> dict[str, Any]:
        """The statement as IAM writes it."""
        body: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principals is not None:
            given = {"AWS": ["*"]} if isinstance(self.principals, str) else self.principals
            body["Principal"] = {kind: _one_or_many(names) for kind, names in sorted(given.items())}
        body["Action"] = _one_or_many(self.actions)
        if self.resources:
            body["Resource"] = _one_or_many(self.resources)
        if self.conditions:
            body["Condition"] = {operator: dict(keys) for operator, keys in sorted(self.conditions.items())}
        return body


def _one_or_many(names: Sequence[str]) -> str | list[str]:
    """Sorted; a single one without its list, as IAM gives it back."""
    return names[0] if len(names) == 1 else sorted(names)


def document(*statements: Statement) -> str:
    """The JSON of a policy; the same statements give the same bytes."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement.body() for statement in statements]})


def from_account(account: str) -> Conditions:
    """Only on behalf of this account: a service of AWS is nobody's confused deputy."""
    return {"StringEquals": {"aws:SourceAccount": account}}


def only_tls(*, action: str, resources: Sequence[str]) -> Statement:
    """Refuses every request that is not made over TLS."""
    return Statement(
        sid="DenyPlainHttp",
        effect="Deny",
        principals="*",
        actions=[action],
        resources=resources,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )
