"""Query: where people ask the data questions, with a limit on what one question may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.storage.storage import Zone

_RESULTS = "temporary/athena"
"""Below `temporary/` everything ends after a week, by the zone's lifecycle."""
_GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class QueryArgs:
    """What the rest of the platform hands to the workgroup. `limit_gb` is GiB that a query may scan."""

    foundation: Foundation
    zones: Mapping[Zone, pulumi.Input[str]]
    limit_gb: int


class Query(pulumi.ComponentResource):
    """A workgroup of Athena whose settings nobody's client can change.

    A query that would scan more than the limit is cut off, so its cost has a ceiling: 5 USD a TiB.

    Controls: Athena.4 (metrics), checkov 82 and 159 (enforced, encrypted).
    """

    workgroup_name: pulumi.Output[str]

    def __init__(self, name: str, args: QueryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Query", name, opts=opts)
        place = args.foundation.place
        workgroup = aws.athena.Workgroup(
            f"{name}-workgroup",
            name=f"{place.prefix}-analysts",
            description=f"Queries that scan {args.limit_gb} GiB each at most",
            # What was asked is no data; results lie in the zone.
            force_destroy=True,
            configuration={
                "bytes_scanned_cutoff_per_query": args.limit_gb * _GIB,
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "requester_pays_enabled": False,
                "engine_version": {"selected_engine_version": "Athena engine version 3"},
                "result_configuration": {
                    "output_location": pulumi.Output.concat("s3://", args.zones["curated"], f"/{_RESULTS}/"),
                    "expected_bucket_owner": place.account,
                    "encryption_configuration": {
                        "encryption_option": "SSE_KMS",
                        "kms_key_arn": args.foundation.key_arns["data"],
                    },
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.workgroup_name = workgroup.name
        self.register_outputs({"workgroup_name": self.workgroup_name})
