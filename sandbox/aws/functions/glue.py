"""Glue and Athena: tables of the catalog, connections and named queries."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap


def _columns(columns: Any) -> list[PropertyMap]:
    return [
        {
            "name": column["Name"],
            "type": column.get("Type", ""),
            "comment": column.get("Comment", ""),
            "parameters": column.get("Parameters") or {},
        }
        for column in columns or ()
    ]


def _storage(found: dict[str, Any]) -> PropertyMap:
    serde = found.get("SerdeInfo")
    return {
        "additionalLocations": found.get("AdditionalLocations") or [],
        "bucketColumns": found.get("BucketColumns") or [],
        "columns": _columns(found.get("Columns")),
        "compressed": found.get("Compressed", False),
        "inputFormat": found.get("InputFormat", ""),
        "location": found.get("Location", ""),
        "numberOfBuckets": found.get("NumberOfBuckets", 0),
        "outputFormat": found.get("OutputFormat", ""),
        "parameters": found.get("Parameters") or {},
        "schemaReferences": [],
        "serDeInfos": [
            {
                "name": serde.get("Name", ""),
                "parameters": serde.get("Parameters") or {},
                "serializationLibrary": serde.get("SerializationLibrary", ""),
            }
        ]
        if serde
        else [],
        "skewedInfos": [],
        "sortColumns": [
            {"column": item["Column"], "sortOrder": item["SortOrder"]}
            for item in found.get("SortColumns") or ()
        ],
        "storedAsSubDirectories": found.get("StoredAsSubDirectories", False),
    }


def _table(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    catalog = arguments.get("catalogId") or cloud.account_id
    database, name = arguments["databaseName"], arguments["name"]
    params = {"CatalogId": catalog, "DatabaseName": database, "Name": name}
    found = cloud.call("glue", "GetTable", params)["Table"]
    storage = found.get("StorageDescriptor")
    return {
        "arn": cloud.arn("glue", f"table/{database}/{name}"),
        "catalogId": catalog,
        "databaseName": database,
        "description": found.get("Description", ""),
        "id": f"{catalog}:{database}:{name}",
        "name": name,
        "owner": found.get("Owner", ""),
        "parameters": found.get("Parameters") or {},
        "partitionIndices": [],
        "partitionKeys": _columns(found.get("PartitionKeys")),
        "region": cloud.region,
        "retention": found.get("Retention", 0),
        "storageDescriptors": [_storage(storage)] if storage else [],
        "tableType": found.get("TableType", ""),
        "targetTables": [],
        "viewExpandedText": found.get("ViewExpandedText", ""),
        "viewOriginalText": found.get("ViewOriginalText", ""),
    }


def _connection(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    catalog, _, name = arguments["id"].partition(":")
    found = cloud.call("glue", "GetConnection", {"CatalogId": catalog, "Name": name})["Connection"]
    arn = cloud.arn("glue", f"connection/{name}")
    place = found.get("PhysicalConnectionRequirements")
    return {
        "arn": arn,
        "athenaProperties": found.get("AthenaProperties") or {},
        "authenticationConfigurations": [],
        "catalogId": catalog,
        "connectionProperties": found.get("ConnectionProperties") or {},
        "connectionType": found.get("ConnectionType", ""),
        "description": found.get("Description", ""),
        "id": arguments["id"],
        "matchCriterias": found.get("MatchCriteria") or [],
        "name": name,
        "physicalConnectionRequirements": [
            {
                "availabilityZone": place.get("AvailabilityZone", ""),
                "securityGroupIdLists": place.get("SecurityGroupIdList") or [],
                "subnetId": place.get("SubnetId", ""),
            }
        ]
        if place
        else [],
        "region": cloud.region,
        "tags": parsed(cloud.call("glue", "GetTags", {"ResourceArn": arn})["Tags"]),
    }


def _query(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    workgroup = arguments.get("workgroup") or "primary"
    for id in cloud.call("athena", "ListNamedQueries", {"WorkGroup": workgroup}).get("NamedQueryIds", ()):
        found = cloud.call("athena", "GetNamedQuery", {"NamedQueryId": id})["NamedQuery"]
        if found["Name"] == arguments["name"]:
            return {
                "database": found["Database"],
                "description": found.get("Description", ""),
                "id": id,
                "name": found["Name"],
                "querystring": found["QueryString"],
                "region": cloud.region,
                "workgroup": workgroup,
            }
    raise LookupError(f"the workgroup {workgroup} has no named query {arguments['name']}")


FUNCTIONS: Final[Functions] = {
    "aws:glue/getCatalogTable:getCatalogTable": _table,
    "aws:glue/getConnection:getConnection": _connection,
    "aws:athena/getNamedQuery:getNamedQuery": _query,
}
