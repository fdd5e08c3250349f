"""AWS Config: conformance packs, aggregators, and what remedies a rule's findings."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.aws.types.cfg import tagged_again
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_PACK_NAMES = {
    "name": "ConformancePackName",
    "inputParameters": "ConformancePackInputParameters",
}
_PUT_PACK = Call(operation="PutConformancePack", names=_PACK_NAMES)


def _check_pack(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("templateBody") is None and inputs.get("templateS3Uri") is None:
        yield CheckFailure("templateBody", "templateBody or templateS3Uri is required")


CONFORMANCE_PACK = ResourceType(
    type="aws:cfg/conformancePack:ConformancePack",
    service="config",
    tier="recorded",
    create=_PUT_PACK,
    id=given("name"),
    read=reading(
        "config",
        "DescribeConformancePacks",
        lambda s: {"ConformancePackNames": [s.id]},
        "ConformancePackDetails.0",
    ),
    delete=Call(operation="DeleteConformancePack", sends=(), adds=lambda s: {"ConformancePackName": s.id}),
    steps=(
        Step(
            on=(
                "deliveryS3Bucket",
                "deliveryS3KeyPrefix",
                "inputParameters",
                "templateBody",
                "templateS3Uri",
            ),
            do=_PUT_PACK,
            at_create=False,
        ),
    ),
    outputs={"arn": "ConformancePackArn"},
    echoes={
        "name": "ConformancePackName",
        "deliveryS3Bucket": "DeliveryS3Bucket",
        "deliveryS3KeyPrefix": "DeliveryS3KeyPrefix",
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=51, prefix_property=None),
    place=("name",),
    unordered=("inputParameters",),
    checks=_check_pack,
)

_AGGREGATOR = "aws:cfg/configurationAggregator:ConfigurationAggregator"
_SOURCES = ("accountAggregationSource", "organizationAggregationSource")
_AGGREGATOR_NAMES = {
    "name": "ConfigurationAggregatorName",
    "accountAggregationSource": "AccountAggregationSources",
    **{f"{source}.allRegions": "AllAwsRegions" for source in _SOURCES},
    **{f"{source}.regions": "AwsRegions" for source in _SOURCES},
}
_PUT_AGGREGATOR = Call(operation="PutConfigurationAggregator", names=_AGGREGATOR_NAMES, adds=tagged_again)


def _check_aggregator(inputs: PropertyMap) -> Iterable[CheckFailure]:
    held = [name for name in _SOURCES if inputs.get(name) is not None]
    if len(held) != 1:
        yield CheckFailure(held[1] if held else "", f"exactly one of {' and '.join(_SOURCES)} is needed")
    for name in held:
        source = inputs[name]
        if isinstance(source, dict) and bool(source.get("allRegions")) == bool(source.get("regions")):
            yield CheckFailure(f"{name}.regions", "exactly one of allRegions and regions is needed")


def _other_source(old: PropertyMap, new: PropertyMap) -> Iterable[str]:
    """AWS Config does not let an aggregator change from accounts to an organization, or back."""
    return [name for name in _SOURCES if bool(old.get(name)) != bool(new.get(name))]


AGGREGATOR = ResourceType(
    type=_AGGREGATOR,
    service="config",
    tier="native",
    create=_PUT_AGGREGATOR,
    id=given("name"),
    read=reading(
        "config",
        "DescribeConfigurationAggregators",
        lambda s: {"ConfigurationAggregatorNames": [s.id]},
        "ConfigurationAggregators.0",
    ),
    delete=Call(
        operation="DeleteConfigurationAggregator",
        sends=(),
        adds=lambda s: {"ConfigurationAggregatorName": s.id},
    ),
    steps=(Step(on=_SOURCES, do=_PUT_AGGREGATOR, at_create=False),),
    outputs={"arn": "ConfigurationAggregatorArn"},
    echoes={"name": "ConfigurationAggregatorName"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=256, prefix_property=None),
    place=("name",),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {
            "ResourceArn": s.at("ConfigurationAggregatorArn")
            or s.at("ConfigurationAggregator.ConfigurationAggregatorArn")
            or s.outputs["arn"]
        },
        list="ListTagsForResource",
    ),
    checks=_check_aggregator,
    replaced_by=_other_source,
)

_REMEDIATION = "aws:cfg/remediationConfiguration:RemediationConfiguration"
_REMEDIES = (
    "automatic",
    "executionControls",
    "maximumAutomaticAttempts",
    "resourceType",
    "retryAttemptSeconds",
    "targetId",
    "targetType",
    "targetVersion",
)
_REMEDY_NAMES = {
    "parameters": "",
    "configRuleName": "RemediationConfigurations.ConfigRuleName",
    **{name: f"RemediationConfigurations.{name[0].upper()}{name[1:]}" for name in _REMEDIES},
}


def _parameters(subject: Subject) -> Params:
    """What the program lists stands in a map of typed values on AWS."""
    found: Params = {}
    for one in subject.inputs.get("parameters") or ():
        if one.get("resourceValue"):
            found[one["name"]] = {"ResourceValue": {"Value": one["resourceValue"]}}
        else:
            values = one.get("staticValues") or [one.get("staticValue")]
            found[one["name"]] = {"StaticValue": {"Values": list(values)}}
    return found


def _remedy(subject: Subject) -> None:
    """One entry of a list: the table's own requests cannot add to it."""
    inputs = subject.inputs
    entry: Params = {name[0].upper() + name[1:]: inputs[name] for name in _REMEDIES if name in inputs}
    entry["ConfigRuleName"] = inputs["configRuleName"]
    if inputs.get("executionControls"):
        controls = (inputs["executionControls"] or {}).get("ssmControls") or {}
        entry["ExecutionControls"] = {
            "SsmControls": {name[0].upper() + name[1:]: int(value) for name, value in controls.items()}
        }
    for name in ("MaximumAutomaticAttempts", "RetryAttemptSeconds"):
        if entry.get(name) is not None:
            entry[name] = int(entry[name])
    if inputs.get("parameters"):
        entry["Parameters"] = _parameters(subject)
    params = {"RemediationConfigurations": [entry]}
    subject.cloud.call("config", "PutRemediationConfigurations", params)


REMEDIATION = ResourceType(
    type=_REMEDIATION,
    service="config",
    tier="recorded",
    create=_remedy,
    id=given("configRuleName"),
    read=reading(
        "config",
        "DescribeRemediationConfigurations",
        lambda s: {"ConfigRuleNames": [s.id]},
        "RemediationConfigurations.0",
    ),
    delete=Call(
        operation="DeleteRemediationConfiguration", sends=(), adds=lambda s: {"ConfigRuleName": s.id}
    ),
    steps=(Step(on=(*_REMEDIES, "parameters"), do=_remedy, at_create=False),),
    checked=(Call(operation="PutRemediationConfigurations", names=_REMEDY_NAMES),),
    outputs={"arn": "Arn"},
    echoes={
        "configRuleName": "ConfigRuleName",
        "targetId": "TargetId",
        "targetType": "TargetType",
        "automatic": "Automatic",
    },
    known_id=given("configRuleName"),
    place=("configRuleName",),
)

TYPES = (CONFORMANCE_PACK, AGGREGATOR, REMEDIATION)
