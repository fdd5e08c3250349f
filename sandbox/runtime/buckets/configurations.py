"""A bucket's configurations with an id: intelligent tiering, metrics and analytics, kept as they were given.

The emulator does not know them and takes `DELETE /bucket?metrics&id=…` for the bucket's own deletion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from sandbox.runtime.host.http import HttpAnswer, HttpRequest
from sandbox.runtime.host.operation import Operation, caller_of
from sandbox.runtime.overlay import Caller, Documents, ServiceError

_KIND: Final = "bucket configuration"
_LISTS: Final = {
    "intelligent-tiering": "ListBucketIntelligentTieringConfigurationsOutput",
    "metrics": "ListMetricsConfigurationsResult",
    "analytics": "ListBucketAnalyticsConfigurationResult",
}
"""The subresource of the request, and the root element of its listing (S3 API Reference)."""
_XML: Final = (("content-type", "application/xml"),)

Exists = Callable[[str, Caller], bool]
"""Whether there is such a bucket."""


@dataclass(frozen=True)
class BucketConfigurations:
    """A gate that answers for these configurations; every other request goes on."""

    documents: Documents
    exists: Exists
    account_id: str

    def __call__(self, request: HttpRequest, operation: Operation) -> HttpAnswer | None:
        """The answer, or None where the request is for something else. Raises ServiceError."""
        bucket, _, key = request.path.strip("/").partition("/")
        if not bucket or key:
            return None
        query = parse_qs(request.query, keep_blank_values=True)
        kind = next((name for name in _LISTS if name in query), None)
        caller = caller_of(operation, self.account_id)
        place = f"{caller.account_id}/{bucket}/"
        if kind is None:
            if request.method in {"PUT", "DELETE"} and not query:
                self._forget(place)  # A new bucket has none, and a deleted one takes them along.
            return None
        if not self.exists(bucket, caller):
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        if "id" not in query:
            return self._listed(kind, place)
        return self._one(request, f"{place}{kind}/", query["id"][0])

    def _one(self, request: HttpRequest, place: str, id: str) -> HttpAnswer:
        kept = self.documents.get(_KIND, place + id)
        if request.method == "PUT":
            body = request.body.decode()
            self.documents.put(_KIND, place + id, {"place": place + id, "body": body})
            return HttpAnswer(200)
        if kept is None:
            raise ServiceError("NoSuchConfiguration", "The specified configuration does not exist.", 404)
        if request.method == "DELETE":
            self.documents.delete(_KIND, place + id)
            return HttpAnswer(204)
        return HttpAnswer(200, _XML, str(kept["body"]).encode())

    def _listed(self, kind: str, place: str) -> HttpAnswer:
        bodies = "".join(
            _without_prolog(document["body"])
            for document in self.documents.all(_KIND)
            if document["place"].startswith(f"{place}{kind}/")
        )
        root = _LISTS[kind]
        text = f"<{root}><IsTruncated>false</IsTruncated>{bodies}</{root}>"
        return HttpAnswer(200, _XML, text.encode())

    def _forget(self, place: str) -> None:
        for document in self.documents.all(_KIND):
            if document["place"].startswith(place):
                self.documents.delete(_KIND, document["place"])


def _without_prolog(body: str) -> str:
    return body.partition("?>")[2] if body.startswith("<?xml") else body
