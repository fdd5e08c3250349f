"""CloudWatch Logs: saved queries and the groups' data protection policies."""

from __future__ import annotations

import time
from typing import Any

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind


def _now(_: Params) -> Any:
    return int(time.time() * 1000)


QUERY = RecordedKind(
    service="logs",
    name="query definition",
    create="PutQueryDefinition",
    update="PutQueryDefinition",
    replaces=True,
    key=("queryDefinitionId",),
    made={
        "queryDefinitionId": "{id}",
        "lastModified": _now,
    },
    touched={"lastModified": _now},
    delete="DeleteQueryDefinition",
    listings=(Listing(operation="DescribeQueryDefinitions", member="queryDefinitions"),),
)

DATA_PROTECTION = RecordedKind(
    service="logs",
    name="data protection policy",
    create="PutDataProtectionPolicy",
    update="PutDataProtectionPolicy",
    key=("logGroupIdentifier",),
    made={"lastUpdatedTime": _now},
    touched={"lastUpdatedTime": _now},
    describe="GetDataProtectionPolicy",
    delete="DeleteDataProtectionPolicy",
)

KINDS = (QUERY, DATA_PROTECTION)
