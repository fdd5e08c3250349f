"""`aws:iam/getPolicyDocument`: statements in Pulumi's spelling as the JSON that the real provider writes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

from sandbox.engine.values import PropertyMap

Document = dict[str, Any]
_VERSION = "2012-10-17"


def policy_document(arguments: PropertyMap) -> PropertyMap:
    """The function's answer. Sources come first, then the statements, then overrides, which win by Sid."""
    document: Document = {}
    for text in _texts(arguments, "sourcePolicyDocuments", "sourceJson"):
        document = merged(document, json.loads(text))
    own: Document = {"Version": arguments.get("version") or _VERSION}
    if arguments.get("policyId"):
        own["Id"] = arguments["policyId"]
    own["Statement"] = [_statement(statement) for statement in arguments.get("statements") or ()]
    document = merged(document, own)
    for text in _texts(arguments, "overridePolicyDocuments", "overrideJson"):
        document = merged(document, json.loads(text))
    ordered = {name: document[name] for name in ("Version", "Id", "Statement") if document.get(name)}
    written = _escaped(json.dumps(ordered, indent=2))
    return {
        **arguments,
        "version": ordered["Version"],
        "json": written,
        "minifiedJson": _escaped(json.dumps(ordered, separators=(",", ":"))),
        "id": str(zlib.crc32(written.encode())),
    }


def merged(first: Document, second: Document) -> Document:
    """Both documents; a statement of the second takes the place of the first's with the same Sid."""
    statements = list(_listed(first.get("Statement")))
    for statement in _listed(second.get("Statement")):
        sid = statement.get("Sid")
        place = next((i for i, held in enumerate(statements) if sid and held.get("Sid") == sid), None)
        if place is None:
            statements.append(statement)
        else:
            statements[place] = statement
    return {**first, **second, "Statement": statements}


def _texts(arguments: PropertyMap, many: str, one: str) -> Iterable[str]:
    texts = [*([arguments[one]] if arguments.get(one) else []), *(arguments.get(many) or ())]
    return (text for text in texts if text)


def _listed(value: Any) -> list[Document]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _statement(inputs: PropertyMap) -> Document:
    statement: Document = {}
    if inputs.get("sid"):
        statement["Sid"] = inputs["sid"]
    statement["Effect"] = inputs.get("effect") or "Allow"
    for name, member in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if inputs.get(name):
            statement[member] = _one_or_many(inputs[name])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if inputs.get(name):
            statement[member] = _principals(inputs[name])
    if inputs.get("conditions"):
        statement["Condition"] = _conditions(inputs["conditions"])
    return statement


def _one_or_many(values: list[str]) -> str | list[str]:
    """One as a text; several from last to first in the alphabet, as the real provider writes them."""
    return values[0] if len(values) == 1 else sorted(set(values), reverse=True)


def _principals(principals: list[PropertyMap]) -> str | dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for principal in principals:
        found.setdefault(principal["type"], []).extend(principal["identifiers"])
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_many(identifiers) for kind, identifiers in found.items()}


def _conditions(conditions: list[PropertyMap]) -> dict[str, dict[str, str | list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for condition in conditions:
        variables = found.setdefault(condition["test"], {})
        variables.setdefault(condition["variable"], []).extend(condition["values"])
    return {
        test: {name: values[0] if len(values) == 1 else values for name, values in variables.items()}
        for test, variables in found.items()
    }


def _escaped(text: str) -> str:
    """The three signs that Go's encoder escapes; the meaning is the same."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
