"""What an OpenAPI or Swagger document says of a REST API: its paths, methods and integrations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
_ANY: Final = "x-amazon-apigateway-any-method"
_INTEGRATION: Final = "x-amazon-apigateway-integration"


class DocumentError(ValueError):
    """A document that describes no API."""


@dataclass(frozen=True)
class Method:
    """One method of a path, as API Gateway's operations take it."""

    path: str
    http_method: str
    api_key_required: bool
    statuses: tuple[str, ...]
    """The answers that the document lists; `default` and its like left out."""
    integration: Mapping[str, Any] | None
    """The integration's request, with the members of PutIntegration."""
    integration_responses: tuple[Mapping[str, Any], ...] = ()
    """The requests of PutIntegrationResponse, without what names the method."""


def read(text: str) -> Mapping[str, Any]:
    """The document, of JSON or YAML. Raises DocumentError."""
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise DocumentError(f"is neither JSON nor YAML: {error}") from error
    if not isinstance(document, dict) or not ("swagger" in document or "openapi" in document):
        raise DocumentError("is no OpenAPI document: it names neither swagger nor openapi")
    if not isinstance(document.get("paths", {}), dict):
        raise DocumentError("has paths that are no object")
    return document


def methods(document: Mapping[str, Any]) -> Iterator[Method]:
    """Every method, in the order of the paths."""
    for path, operations in sorted((document.get("paths") or {}).items()):
        for name, operation in operations.items():
            if name in _METHODS or name == _ANY:
                yield _method(path, "ANY" if name == _ANY else name.upper(), operation or {})


def _method(path: str, http_method: str, operation: Mapping[str, Any]) -> Method:
    given = operation.get(_INTEGRATION)
    keyed = any("api_key" in requirement for requirement in operation.get("security") or ())
    statuses = tuple(str(status) for status in operation.get("responses") or () if str(status).isdigit())
    return Method(
        path,
        http_method,
        keyed,
        statuses,
        None if given is None else _integration(given),
        () if given is None else tuple(_responses(given)),
    )


_INTEGRATION_MEMBERS: Final = {
    "cacheNamespace": "cacheNamespace",
    "connectionId": "connectionId",
    "connectionType": "connectionType",
    "contentHandling": "contentHandling",
    "credentials": "credentials",
    "httpMethod": "integrationHttpMethod",
    "requestParameters": "requestParameters",
    "requestTemplates": "requestTemplates",
    "timeoutInMillis": "timeoutInMillis",
    "uri": "uri",
}


def _integration(given: Mapping[str, Any]) -> Mapping[str, Any]:
    request = {
        member: given[name] for name, member in _INTEGRATION_MEMBERS.items() if given.get(name) is not None
    }
    if given.get("passthroughBehavior"):
        request["passthroughBehavior"] = str(given["passthroughBehavior"]).upper()
    return {**request, "type": str(given.get("type") or "").upper()}


def _responses(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for pattern, response in (given.get("responses") or {}).items():
        chosen = {} if pattern == "default" else {"selectionPattern": pattern}
        yield {
            "statusCode": str(response.get("statusCode") or "200"),
            "responseTemplates": dict(response.get("responseTemplates") or {}),
            **chosen,
        }
