"""Whether a role's own policies deny an action: the one thing of identity policies that is judged here.

What a role may do at all is not: nothing is refused for lack of a permission. An explicit denial outweighs
every permission on AWS too, so what is refused here is refused there.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from sandbox.runtime.overlay import Caller, ServiceError
from sandbox.runtime.policies.document import Access, Verdict, verdict
from sandbox.runtime.policies.services import Ask


def denied(ask: Ask, role: str, action: str, resource: str, caller: Caller) -> bool:
    """Whether a policy of the role, attached or inline, denies it `action` on the ARN `resource`."""
    context = {"aws:requestedregion": (caller.region,), "aws:principalaccount": (caller.account_id,)}
    access = Access({}, action, resource, context)
    return any(
        verdict(_of_anybody(policy), access) is Verdict.DENIED for policy in _policies(ask, role, caller)
    )


def _of_anybody(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """A role's policy names no principal: it speaks of the role."""
    statements = policy.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return {"Statement": [{**statement, "Principal": "*"} for statement in listed]}


def _policies(ask: Ask, role: str, caller: Caller) -> Iterator[Mapping[str, Any]]:
    name = {"RoleName": role}
    try:
        attached = ask("iam", "ListAttachedRolePolicies", name, caller)["AttachedPolicies"]
        inline = ask("iam", "ListRolePolicies", name, caller)["PolicyNames"]
    except ServiceError as missing:
        if missing.code == "NoSuchEntity":
            return
        raise
    for one in attached:
        arn = {"PolicyArn": one["PolicyArn"]}
        version = ask("iam", "GetPolicy", arn, caller)["Policy"]["DefaultVersionId"]
        found = ask("iam", "GetPolicyVersion", {**arn, "VersionId": version}, caller)["PolicyVersion"]
        yield _document(found["Document"])
    for policy in inline:
        yield _document(ask("iam", "GetRolePolicy", {**name, "PolicyName": policy}, caller)["PolicyDocument"])


def _document(given: Any) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = json.loads(unquote(given)) if isinstance(given, str) else given
    return parsed
