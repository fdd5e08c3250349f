"""IAM Access Analyzer: analyzers and archive rules."""

from __future__ import annotations

from sandbox.aws.rows import given, identified, reading
from sandbox.aws.table import Call, ResourceType, Tags

ANALYZER = ResourceType(
    type="aws:accessanalyzer/analyzer:Analyzer",
    service="accessanalyzer",
    tier="recorded",
    create=Call(operation="CreateAnalyzer"),
    id=given("analyzerName"),
    read=reading("accessanalyzer", "GetAnalyzer", identified("analyzerName"), "analyzer"),
    delete=Call(operation="DeleteAnalyzer", sends=("analyzerName",)),
    outputs={"arn": "arn"},
    echoes={"analyzerName": "name", "type": "type"},
    known_id=given("analyzerName"),
    place=("analyzerName",),
    defaults={"type": "ACCOUNT"},
    tags=Tags(
        style="map",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": s.at("arn") or s.outputs["arn"]},
        member="tags",
        keys="tagKeys",
        listed="tags",
    ),
)
TYPES = (ANALYZER,)
