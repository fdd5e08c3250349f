"""AWS Config: conformance packs, and what remedies a rule's findings."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind

CONFORMANCE_PACK = RecordedKind(
    service="config",
    name="conformance pack",
    create="PutConformancePack",
    update="PutConformancePack",
    replaces=True,
    key=("ConformancePackName",),
    made={
        "ConformancePackId": "conformance-pack-{short}",
        "ConformancePackArn": "arn:{partition}:config:{region}:{account}:"
        "conformance-pack/{ConformancePackName}/{ConformancePackId}",
    },
    delete="DeleteConformancePack",
    listings=(
        Listing(
            operation="DescribeConformancePacks",
            member="ConformancePackDetails",
            chosen="ConformancePackNames",
        ),
    ),
    missing="NoSuchConformancePackException",
)

REMEDIATION = RecordedKind(
    service="config",
    name="remediation configuration",
    create="PutRemediationConfigurations",
    update="PutRemediationConfigurations",
    replaces=True,
    body="RemediationConfigurations",
    key=("ConfigRuleName",),
    arn="arn:{partition}:config:{region}:{account}:remediation-configuration/{ConfigRuleName}/{id}",
    arn_member="Arn",
    answer=(),
    delete="DeleteRemediationConfiguration",
    listings=(
        Listing(
            operation="DescribeRemediationConfigurations",
            member="RemediationConfigurations",
            chosen="ConfigRuleNames",
        ),
    ),
    missing="NoSuchRemediationConfigurationException",
)

KINDS = (CONFORMANCE_PACK, REMEDIATION)
