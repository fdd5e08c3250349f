"""JSON documents in properties: whether two say the same, and whether a policy is one at all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_POLICY_VERSIONS = ("2012-10-17", "2008-10-17")
_ONE_OR_MANY = frozenset({"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated"})


def same_document(first: PropertyValue, second: PropertyValue) -> bool:
    """Whether two JSON texts mean the same: white space, the order of keys and one-element lists aside."""
    if not isinstance(first, str) or not isinstance(second, str):
        return bool(first == second)
    if first == second:
        return True
    try:
        return bool(_canonical(json.loads(first)) == _canonical(json.loads(second)))
    except ValueError:
        return False


def _canonical(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item, key) for key, item in value.items()}
    if isinstance(value, list):
        items = [_canonical(item) for item in value]
        if name in _ONE_OR_MANY and all(isinstance(item, str) for item in items):
            return items[0] if len(items) == 1 else sorted(items)
        return items
    return value


def json_failures(inputs: PropertyMap, *names: str) -> Iterable[CheckFailure]:
    """Properties that are no JSON, with the place where reading stopped."""
    for name in names:
        value = inputs.get(name)
        if isinstance(value, str):
            try:
                json.loads(value)
            except ValueError as error:
                yield CheckFailure(name, f"is no valid JSON: {error}")


def policy_failures(inputs: PropertyMap, *names: str, principals: bool = False) -> Iterable[CheckFailure]:
    """What IAM's grammar of policies refuses as `MalformedPolicyDocument`; `principals`: must be named."""
    for name in names:
        value = inputs.get(name)
        if not isinstance(value, str):
            continue
        failures = list(json_failures(inputs, name))
        yield from failures
        if not failures:
            yield from _policy(json.loads(value), name, principals)


def _policy(document: Any, path: str, principals: bool) -> Iterable[CheckFailure]:
    if not isinstance(document, dict):
        yield CheckFailure(path, "must be a JSON object with Version and Statement")
        return
    version = document.get("Version", _POLICY_VERSIONS[1])
    if version not in _POLICY_VERSIONS:
        yield CheckFailure(f"{path}.Version", f"{version!r} is not one of {', '.join(_POLICY_VERSIONS)}")
    for name in document.keys() - {"Version", "Id", "Statement"}:
        yield CheckFailure(f"{path}.{name}", "is no element of a policy (Version, Id, Statement)")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        yield CheckFailure(f"{path}.Statement", "is required and was not given")
        return
    for index, statement in enumerate(statements):
        yield from _statement(statement, f"{path}.Statement[{index}]", principals)


_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


def _statement(statement: Any, path: str, principals: bool) -> Iterable[CheckFailure]:
    if not isinstance(statement, dict):
        yield CheckFailure(path, "must be a JSON object")
        return
    for name in statement.keys() - _ELEMENTS:
        yield CheckFailure(f"{path}.{name}", f"is no element of a statement ({', '.join(sorted(_ELEMENTS))})")
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield CheckFailure(f"{path}.Effect", f"{statement.get('Effect')!r} is not one of Allow, Deny")
    if not statement.get("Action") and not statement.get("NotAction"):
        yield CheckFailure(f"{path}.Action", "is required and was not given")
    actions = statement.get("Action", statement.get("NotAction")) or []
    for action in [actions] if isinstance(actions, str) else actions:
        if not isinstance(action, str) or (action != "*" and ":" not in action):
            yield CheckFailure(f"{path}.Action", f"{action!r} is no action such as s3:GetObject")
    if principals and "Principal" not in statement and "NotPrincipal" not in statement:
        yield CheckFailure(f"{path}.Principal", "is required in a policy of this kind and was not given")
    if not principals and ("Principal" in statement or "NotPrincipal" in statement):
        yield CheckFailure(f"{path}.Principal", "is not allowed in a policy that an identity carries")
