"""Lake Formation: administrators, registered locations, tags and permissions."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import echoing, given, moment, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.glue import catalog_of
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "lakeformation"
_SETTINGS = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
_PRINCIPALS = {
    "admins": "DataLakeAdmins",
    "readOnlyAdmins": "ReadOnlyAdmins",
    "externalDataFilteringAllowLists": "ExternalDataFilteringAllowList",
}
_DEFAULTS = ("createDatabaseDefaultPermissions", "createTableDefaultPermissions")


def _settings(subject: Subject) -> Params:
    inputs = subject.inputs
    found: Params = {}
    for name, member in _PRINCIPALS.items():
        if inputs.get(name):
            found[member] = [{"DataLakePrincipalIdentifier": arn} for arn in inputs[name]]
    for name in _DEFAULTS:
        found[f"{name[0].upper()}{name[1:]}"] = [
            {
                "Permissions": list(item.get("permissions") or ()),
                "Principal": {"DataLakePrincipalIdentifier": item.get("principal")},
            }
            for item in inputs.get(name) or ()
        ]
    for name, member in (
        ("allowExternalDataFiltering", "AllowExternalDataFiltering"),
        ("allowFullTableExternalDataAccess", "AllowFullTableExternalDataAccess"),
        ("authorizedSessionTagValueLists", "AuthorizedSessionTagValueList"),
        ("parameters", "Parameters"),
        ("trustedResourceOwners", "TrustedResourceOwners"),
    ):
        if inputs.get(name) is not None:
            found[member] = inputs[name]
    return {"DataLakeSettings": found}


def _put_settings(subject: Subject) -> Params:
    params = {"CatalogId": catalog_of(subject), **_settings(subject)}
    return subject.cloud.call(_SERVICE, "PutDataLakeSettings", params)


def _clear_settings(subject: Subject) -> None:
    settings: Params = {
        "DataLakeAdmins": [],
        "CreateDatabaseDefaultPermissions": [],
        "CreateTableDefaultPermissions": [],
        "TrustedResourceOwners": [],
    }
    params = {"CatalogId": subject.id, "DataLakeSettings": settings}
    subject.cloud.call(_SERVICE, "PutDataLakeSettings", params)


def _admins(subject: Subject) -> list[str]:
    return [item["DataLakePrincipalIdentifier"] for item in subject.at("DataLakeAdmins") or ()]


DATA_LAKE_SETTINGS = ResourceType(
    type=_SETTINGS,
    service=_SERVICE,
    tier="overlay",
    create=_put_settings,
    id=catalog_of,
    read=reading(_SERVICE, "GetDataLakeSettings", lambda s: {"CatalogId": s.id}, "DataLakeSettings"),
    delete=_clear_settings,
    steps=(
        Step(
            on=(
                *_PRINCIPALS,
                *_DEFAULTS,
                "allowExternalDataFiltering",
                "allowFullTableExternalDataAccess",
                "authorizedSessionTagValueLists",
                "parameters",
                "trustedResourceOwners",
            ),
            do=_put_settings,
            at_create=False,
        ),
    ),
    outputs={"catalogId": lambda s: s.id},
    echoes={"admins": _admins},
    known_id=catalog_of,
    place=("catalogId",),
    unordered=("admins", "readOnlyAdmins"),
)

_RESOURCE = "aws:lakeformation/resource:Resource"


def _check_resource(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("roleArn") is not None and inputs.get("useServiceLinkedRole"):
        yield CheckFailure("useServiceLinkedRole", "cannot be given beside roleArn")


def _linked(subject: Subject) -> Params:
    return {} if subject.inputs.get("roleArn") else {"UseServiceLinkedRole": True}


RESOURCE = ResourceType(
    type=_RESOURCE,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="RegisterResource", names={"arn": "ResourceArn"}, adds=_linked),
    id=given("arn"),
    read=reading(_SERVICE, "DescribeResource", lambda s: {"ResourceArn": s.id}, "ResourceInfo"),
    delete=Call(operation="DeregisterResource", sends=(), adds=lambda s: {"ResourceArn": s.id}),
    outputs={"lastModified": moment("LastModified"), "roleArn": "RoleArn"},
    echoes={"arn": "ResourceArn", "roleArn": "RoleArn"},
    known_id=given("arn"),
    exclusive=True,
    place=("arn",),
    checks=_check_resource,
)

_TAG = "aws:lakeformation/lfTag:LfTag"


def _tag_id(subject: Subject) -> str:
    return f"{catalog_of(subject)}:{subject.inputs['key']}"


def _tag_key(subject: Subject) -> Params:
    catalog, _, key = subject.id.partition(":")
    return {"CatalogId": catalog, "TagKey": key}


def _read_tag(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "GetLFTag", _tag_key)(subject)
    return found if found and found.get("TagValues") else None


def _change_values(subject: Subject) -> None:
    old, new = (set(v.get("values") or ()) for v in (subject.before, subject.inputs))
    params = {
        **_tag_key(subject),
        **({"TagValuesToAdd": sorted(new - old)} if new - old else {}),
        **({"TagValuesToDelete": sorted(old - new)} if old - new else {}),
    }
    subject.cloud.call(_SERVICE, "UpdateLFTag", params)


LF_TAG = ResourceType(
    type=_TAG,
    service=_SERVICE,
    tier="native",
    create=Call(operation="CreateLFTag", names={"key": "TagKey", "values": "TagValues"}),
    id=_tag_id,
    read=_read_tag,
    delete=Call(operation="DeleteLFTag", sends=(), adds=_tag_key),
    steps=(Step(on=("values",), do=_change_values, at_create=False),),
    outputs={"catalogId": lambda s: s.id.partition(":")[0]},
    echoes=echoing(_TAG, "key values", names={"key": "TagKey", "values": "TagValues"}),
    known_id=_tag_id,
    place=("catalogId", "key"),
    unordered=("values",),
)

TYPES = (DATA_LAKE_SETTINGS, RESOURCE, LF_TAG)
