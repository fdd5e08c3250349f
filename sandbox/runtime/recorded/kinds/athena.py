"""Athena: workgroups, catalogs, named queries and prepared statements; queries run in the emulator."""

from __future__ import annotations

from typing import Any

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "athena"
_ARN = "arn:{partition}:athena:{region}:{account}:"
_MISSING = "ResourceNotFoundException"
_NEW: Params = {
    "EnforceWorkGroupConfiguration": True,
    "PublishCloudWatchMetricsEnabled": True,
    "RequesterPaysEnabled": False,
}
"""What CreateWorkGroup fills in."""


def _updated(old: Params, update: Params) -> Params:
    """A configuration after a request whose members say what to set, and what to remove."""
    found = dict(old)
    for name, value in update.items():
        if name.startswith("Remove"):
            if value:
                found.pop(name.removeprefix("Remove"), None)
        elif name.endswith("Updates"):
            plain = name.removesuffix("Updates")
            found[plain] = _updated(found.get(plain) or {}, value)
        else:
            found[name] = value
    return found


def _configuration(document: Params) -> Any:
    return _updated(document["Configuration"], document.pop("ConfigurationUpdates", None) or {})


WORKGROUP = RecordedKind(
    service=_SERVICE,
    name="workgroup",
    create="CreateWorkGroup",
    key=("Name",),
    arn=_ARN + "workgroup/{Name}",
    made={
        "Configuration": lambda document: {**_NEW, **(document.get("Configuration") or {})},
        "CreationTime": "{now}",
    },
    defaults={"State": "ENABLED"},
    answer=(),
    describe="GetWorkGroup",
    described="WorkGroup",
    update="UpdateWorkGroup",
    touched={"Configuration": _configuration},
    delete="DeleteWorkGroup",
    asks={"WorkGroup": "Name"},
    missing="InvalidRequestException",
    exists="InvalidRequestException",
    copied=True,
)

DATA_CATALOG = RecordedKind(
    service=_SERVICE,
    name="data catalog",
    create="CreateDataCatalog",
    key=("Name",),
    arn=_ARN + "datacatalog/{Name}",
    answer=(),
    describe="GetDataCatalog",
    described="DataCatalog",
    update="UpdateDataCatalog",
    replaces=True,
    delete="DeleteDataCatalog",
    missing="InvalidRequestException",
    exists="InvalidRequestException",
)

NAMED_QUERY = RecordedKind(
    service=_SERVICE,
    name="named query",
    create="CreateNamedQuery",
    key=("NamedQueryId",),
    made={"NamedQueryId": "{id}"},
    defaults={"WorkGroup": "primary"},
    answer=("NamedQueryId",),
    describe="GetNamedQuery",
    described="NamedQuery",
    delete="DeleteNamedQuery",
    listings=(
        Listing(operation="ListNamedQueries", member="NamedQueryIds", where=("WorkGroup",), as_names=True),
        Listing(operation="BatchGetNamedQuery", member="NamedQueries", chosen="NamedQueryIds"),
    ),
    missing="InvalidRequestException",
)

PREPARED_STATEMENT = RecordedKind(
    service=_SERVICE,
    name="prepared statement",
    create="CreatePreparedStatement",
    key=("WorkGroup", "StatementName"),
    made={"WorkGroupName": "{WorkGroup}", "LastModifiedTime": "{now}"},
    answer=(),
    describe="GetPreparedStatement",
    described="PreparedStatement",
    update="UpdatePreparedStatement",
    replaces=True,
    touched={"LastModifiedTime": "{now}"},
    delete="DeletePreparedStatement",
    listings=(
        Listing(operation="ListPreparedStatements", member="PreparedStatements", where=("WorkGroup",)),
    ),
    missing=_MISSING,
)

KINDS = (WORKGROUP, DATA_CATALOG, NAMED_QUERY, PREPARED_STATEMENT)

TAGGING = (TagOperations(service=_SERVICE, resource="ResourceARN", emulated=True),)
