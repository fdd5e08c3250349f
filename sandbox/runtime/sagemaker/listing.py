"""How are resources listed? Filters, sorting and paging, alike for every List operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.runtime.overlay import Params, ServiceError
from sandbox.runtime.sagemaker.records import Record

_PAGE = 100


def choose(records: Iterable[Record], params: Params, status: tuple[str, str] | None = None) -> list[Record]:
    """Applies the common filters and the order that the request asks for.

    `status` pairs the request's member with the resource's, such as `("StatusEquals", "EndpointStatus")`.
    """
    chosen = [record for record in records if _wanted(record, params, status)]
    descending = params.get("SortOrder", "Descending") == "Descending"
    by_name = params.get("SortBy") in {"Name", "PipelineExecutionArn"}
    chosen.sort(key=lambda r: r.name if by_name else r.fields["CreationTime"])
    if descending:
        chosen.reverse()
    return chosen


def page(items: Sequence[Any], params: Params, member: str) -> Params:
    """One page of a listing, with `NextToken` where there is more."""
    token = params.get("NextToken") or "0"
    if not token.isdigit():
        raise ServiceError("ValidationException", f"NextToken {token!r} is not one that a listing gave")
    start, size = int(token), int(params.get("MaxResults") or _PAGE)
    answer: Params = {member: list(items[start : start + size])}
    if start + size < len(items):
        answer["NextToken"] = str(start + size)
    return answer


def summary(record: Record, members: Iterable[str]) -> Params:
    """The members of a resource that its List operation shows."""
    return {name: record.fields[name] for name in members if record.fields.get(name) is not None}


def _wanted(record: Record, params: Params, status: tuple[str, str] | None) -> bool:
    created, modified = record.fields["CreationTime"], record.fields.get("LastModifiedTime")
    after = params.get("CreationTimeAfter") or params.get("CreatedAfter")
    before = params.get("CreationTimeBefore") or params.get("CreatedBefore")
    if (part := params.get("NameContains")) and part.lower() not in record.name.lower():
        return False
    if (part := params.get("PipelineNamePrefix")) and not record.name.startswith(part):
        return False
    if (after and created < after) or (before and created > before):
        return False
    if (since := params.get("LastModifiedTimeAfter")) and (modified is None or modified < since):
        return False
    if (until := params.get("LastModifiedTimeBefore")) and (modified is None or modified > until):
        return False
    if status is not None and (wanted := params.get(status[0])):
        return bool(record.fields.get(status[1]) == wanted)
    return True
