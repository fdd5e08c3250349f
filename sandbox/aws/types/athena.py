"""Athena: workgroups, databases, catalogs, named queries and prepared statements."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.aws.rows import answered, echoing, given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "athena"


def _tags(kind: str) -> Tags:
    return Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": s.cloud.arn(_SERVICE, f"{kind}/{s.id}")},
        list="ListTagsForResource",
    )


_WORKGROUP = "aws:athena/workgroup:Workgroup"
_RESULT = "configuration.resultConfiguration"
_WORKGROUP_FIXED = ("configuration.identityCenterConfiguration",)
_WORKGROUP_NAMES = {f"{_RESULT}.encryptionConfiguration.kmsKeyArn": "KmsKey"}


def _removals(subject: Subject) -> Params:
    """What UpdateWorkGroup takes away only when it is told to."""
    old, new = (values.get("configuration") or {} for values in (subject.before, subject.inputs))
    updates: Params = {}
    if old.get("bytesScannedCutoffPerQuery") and not new.get("bytesScannedCutoffPerQuery"):
        updates["RemoveBytesScannedCutoffPerQuery"] = True
    held, wanted = (values.get("resultConfiguration") or {} for values in (old, new))
    gone = {
        f"Remove{member}": True
        for name, member in (
            ("aclConfiguration", "AclConfiguration"),
            ("encryptionConfiguration", "EncryptionConfiguration"),
            ("expectedBucketOwner", "ExpectedBucketOwner"),
            ("outputLocation", "OutputLocation"),
        )
        if held.get(name) and not wanted.get(name)
    }
    if gone:
        updates["ResultConfigurationUpdates"] = gone
    return {"WorkGroup": subject.id, **({"ConfigurationUpdates": updates} if updates else {})}


def _set_state(subject: Subject) -> None:
    wanted = subject.inputs.get("state") or "ENABLED"
    if wanted != (subject.before.get("state") or "ENABLED"):
        subject.cloud.call(_SERVICE, "UpdateWorkGroup", {"WorkGroup": subject.id, "State": wanted})


def _check_workgroup(inputs: PropertyMap) -> Iterable[CheckFailure]:
    configuration = inputs.get("configuration")
    limit = configuration.get("bytesScannedCutoffPerQuery") if isinstance(configuration, dict) else None
    if isinstance(limit, (int, float)) and limit < 10 * 1024 * 1024:
        yield CheckFailure(
            "configuration.bytesScannedCutoffPerQuery", f"{limit:g} is less than 10485760, the least allowed"
        )
    name = inputs.get("name")
    if isinstance(name, str) and not re.fullmatch(r"[0-9A-Za-z_.-]+", name):
        yield CheckFailure("name", f"{name!r} may hold letters, digits, dots, hyphens and underscores")
    state = inputs.get("state")
    if isinstance(state, str) and state not in ("ENABLED", "DISABLED"):
        yield CheckFailure("state", f"{state!r} is not one of ENABLED, DISABLED")


WORKGROUP = ResourceType(
    type=_WORKGROUP,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateWorkGroup", names=_WORKGROUP_NAMES, omits=("state",)),
    id=given("name"),
    read=reading(_SERVICE, "GetWorkGroup", identified("WorkGroup"), "WorkGroup"),
    delete=Call(
        operation="DeleteWorkGroup",
        sends=(),
        adds=lambda s: {
            "WorkGroup": s.id,
            "RecursiveDeleteOption": bool(s.inputs.get("forceDestroy")),
        },
    ),
    steps=(
        Step(
            on=("configuration", "description"),
            do=Call(
                operation="UpdateWorkGroup",
                sends=("configuration", "description"),
                names={
                    **_WORKGROUP_NAMES,
                    "configuration": "ConfigurationUpdates",
                    _RESULT: "ResultConfigurationUpdates",
                    "configuration.managedQueryResultsConfiguration": (
                        "ManagedQueryResultsConfigurationUpdates"
                    ),
                    **dict.fromkeys(_WORKGROUP_FIXED, ""),
                },
                adds=_removals,
            ),
            at_create=False,
        ),
        Step(on=("state",), do=_set_state),
    ),
    local=("forceDestroy",),
    fixed=_WORKGROUP_FIXED,
    outputs={"arn": lambda s: s.cloud.arn(_SERVICE, f"workgroup/{s.id}")},
    echoes=echoing(_WORKGROUP, "configuration description name state", names=_WORKGROUP_NAMES),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None, limit=128),
    defaults={"state": "ENABLED"},
    tags=_tags("workgroup"),
    checks=_check_workgroup,
)

_DATABASE_SETTINGS = (
    "aclConfiguration",
    "bucket",
    "encryptionConfiguration",
    "expectedBucketOwner",
    "forceDestroy",
    "workgroup",
)


def _create_database(subject: Subject) -> Params:
    """As the DDL that the real provider runs: the database stands in Glue's catalog."""
    inputs = subject.inputs
    database: Params = {"Name": inputs["name"], "Parameters": dict(inputs.get("properties") or {})}
    if inputs.get("comment"):
        database["Description"] = inputs["comment"]
    return subject.cloud.call("glue", "CreateDatabase", {"DatabaseInput": database})


def _check_database(inputs: PropertyMap) -> Iterable[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str) and not re.fullmatch(r"[_a-z0-9]+", name):
        yield CheckFailure("name", f"{name!r} may hold lower-case letters, digits and underscores only")


DATABASE = ResourceType(
    type="aws:athena/database:Database",
    service=_SERVICE,
    tier="overlay",
    create=_create_database,
    id=given("name"),
    read=reading("glue", "GetDatabase", identified("Name"), "Database"),
    delete=lambda s: s.cloud.call("glue", "DeleteDatabase", {"Name": s.id}),
    local=_DATABASE_SETTINGS,
    echoes={"name": "Name", "comment": "Description"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    checks=_check_database,
)

_QUERY = "aws:athena/namedQuery:NamedQuery"
_QUERY_NAMES = {"query": "QueryString"}


def _find_query(subject: Subject, taken: frozenset[str]) -> str | None:
    params = {"WorkGroup": subject.inputs["workgroup"]} if subject.inputs.get("workgroup") else {}
    for id in subject.cloud.call(_SERVICE, "ListNamedQueries", params).get("NamedQueryIds", ()):
        found = subject.cloud.call(_SERVICE, "GetNamedQuery", {"NamedQueryId": id})["NamedQuery"]
        if found["Name"] == subject.inputs["name"] and id not in taken:
            return str(id)
    return None


NAMED_QUERY = ResourceType(
    type=_QUERY,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateNamedQuery", names=_QUERY_NAMES),
    id=answered("NamedQueryId"),
    read=reading(_SERVICE, "GetNamedQuery", identified("NamedQueryId"), "NamedQuery"),
    delete=Call(operation="DeleteNamedQuery", sends=(), adds=identified("NamedQueryId")),
    echoes=echoing(_QUERY, "database description name query workgroup", names=_QUERY_NAMES),
    find=_find_query,
    auto_name=AutoName(prefix_property=None, limit=128),
    defaults={"workgroup": "primary"},
)

_CATALOG = "aws:athena/dataCatalog:DataCatalog"

DATA_CATALOG = ResourceType(
    type=_CATALOG,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateDataCatalog"),
    id=given("name"),
    read=reading(_SERVICE, "GetDataCatalog", identified("Name"), "DataCatalog"),
    delete=Call(operation="DeleteDataCatalog", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=("description", "parameters", "type"),
            do=Call(operation="UpdateDataCatalog"),
            at_create=False,
        ),
    ),
    outputs={"arn": lambda s: s.cloud.arn(_SERVICE, f"datacatalog/{s.id}")},
    echoes=echoing(_CATALOG, "description name parameters type"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None, limit=256),
    tags=_tags("datacatalog"),
)

_STATEMENT = "aws:athena/preparedStatement:PreparedStatement"
_STATEMENT_NAMES = {"name": "StatementName"}


def _statement_id(subject: Subject) -> str:
    return f"{subject.inputs['workgroup']}/{subject.inputs['name']}"


def _statement_key(subject: Subject) -> Params:
    workgroup, _, name = subject.id.partition("/")
    return {"WorkGroup": workgroup, "StatementName": name}


PREPARED_STATEMENT = ResourceType(
    type=_STATEMENT,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreatePreparedStatement", names=_STATEMENT_NAMES),
    id=_statement_id,
    read=reading(_SERVICE, "GetPreparedStatement", _statement_key, "PreparedStatement"),
    delete=Call(operation="DeletePreparedStatement", sends=(), adds=_statement_key),
    steps=(
        Step(
            on=("description", "queryStatement"),
            do=Call(operation="UpdatePreparedStatement", names=_STATEMENT_NAMES),
            at_create=False,
        ),
    ),
    echoes=echoing(
        _STATEMENT,
        "description name queryStatement workgroup",
        names={**_STATEMENT_NAMES, "workgroup": "WorkGroupName"},
    ),
    known_id=_statement_id,
    exclusive=True,
    auto_name=AutoName(prefix_property=None, limit=256),
    place=("workgroup", "name"),
)

TYPES = (WORKGROUP, DATABASE, NAMED_QUERY, DATA_CATALOG, PREPARED_STATEMENT)
