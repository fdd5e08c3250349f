"""IAM Access Analyzer: analyzers and their archive rules."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "access-analyzer"

ANALYZER = RecordedKind(
    service=_SERVICE,
    name="analyzer",
    create="CreateAnalyzer",
    key=("analyzerName",),
    arn="arn:{partition}:access-analyzer:{region}:{account}:analyzer/{analyzerName}",
    arn_member="arn",
    made={"name": "{analyzerName}", "createdAt": "{now}", "status": "ACTIVE"},
    answer=("arn",),
    describe="GetAnalyzer",
    described="analyzer",
    update="UpdateAnalyzer",
    delete="DeleteAnalyzer",
    listings=(Listing(operation="ListAnalyzers", member="analyzers", where=("type",)),),
    tags_in="tags",
    missing_status=404,
)

ARCHIVE_RULE = RecordedKind(
    service=_SERVICE,
    name="archive rule",
    create="CreateArchiveRule",
    key=("analyzerName", "ruleName"),
    made={"createdAt": "{now}", "updatedAt": "{now}"},
    describe="GetArchiveRule",
    described="archiveRule",
    update="UpdateArchiveRule",
    touched={"updatedAt": "{now}"},
    delete="DeleteArchiveRule",
    listings=(Listing(operation="ListArchiveRules", member="archiveRules", where=("analyzerName",)),),
    missing_status=404,
)

KINDS = (ANALYZER, ARCHIVE_RULE)

TAGGING = (TagOperations(service=_SERVICE, resource="resourceArn", tags="tags", keys="tagKeys", as_map=True),)
