"""WAFv2: the rules that AWS refuses, and changes that only say another choice."""

from __future__ import annotations

import hashlib

import pytest
from aws_driver import Driver, urn_of

from sandbox.aws.provider import AwsProvider
from sandbox.aws.types.wafv2 import DuplicateNameError, WrongRegionError
from sandbox.engine.values import PropertyMap

ACL = "aws:wafv2/webAcl:WebAcl"
SEEN: PropertyMap = {"cloudwatchMetricsEnabled": True, "metricName": "m", "sampledRequestsEnabled": True}
GEO: PropertyMap = {"geoMatchStatement": {"countryCodes": ["DE"]}}
MANAGED: PropertyMap = {
    "managedRuleGroupStatement": {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"}
}


def acl(*rules: PropertyMap, **more: object) -> PropertyMap:
    named = [
        {"name": f"r{place}", "priority": place, "visibilityConfig": SEEN, **rule}
        for place, rule in enumerate(rules)
    ]
    allow: PropertyMap = {"allow": {}}
    return {"scope": "REGIONAL", "defaultAction": allow, "visibilityConfig": SEEN, "rules": named, **more}


@pytest.mark.parametrize(
    ("rule", "path", "reason"),
    [
        ({"statement": GEO}, "rules[0].action", "is required"),
        ({"statement": MANAGED, "action": {"block": {}}}, "rules[0].overrideAction", "is required"),
        (
            {"statement": GEO, "action": {"block": {}}, "overrideAction": {"none": {}}},
            "rules[0].overrideAction",
            "cannot stand",
        ),
        ({"statement": GEO, "action": {"block": {}, "count": {}}}, "rules[0].action", "exactly one"),
        (
            {"statement": {**GEO, **MANAGED}, "overrideAction": {"none": {}}},
            "rules[0].statement",
            "exactly one statement",
        ),
        (
            {"statement": {"andStatement": {"statements": [GEO]}}, "action": {"count": {}}},
            "rules[0].statement.andStatement.statements",
            "at least 2",
        ),
    ],
)
def test_a_rule_that_aws_refuses_is_refused_at_preview(
    provider: AwsProvider, rule: PropertyMap, path: str, reason: str
) -> None:
    seed = hashlib.sha256(b"seed").digest()
    failures = provider.check(urn_of(ACL, "x"), {}, acl(rule), seed).failures
    assert reason in {failure.property: failure.reason for failure in failures}[path]


def test_a_change_that_only_says_another_choice_is_seen(driver: Driver) -> None:
    made = driver.make(ACL, "choice", acl({"statement": MANAGED, "overrideAction": {"none": {}}}))
    wanted = acl({"statement": MANAGED, "overrideAction": {"count": {}}})
    news = driver.check(ACL, "choice", wanted, made.inputs)
    diff = driver.diff(made, news)
    assert diff.changes
    assert list(diff.detailed) == ["rules[0].overrideAction"]
    changed = driver.change(made, news)
    assert changed.outputs["lockToken"] != made.outputs["lockToken"]
    driver.delete(changed)


def test_a_second_acl_of_a_name_is_refused(driver: Driver) -> None:
    made = driver.make(ACL, "first", acl(name="one"))
    with pytest.raises(DuplicateNameError, match="WAFDuplicateItemException"):
        driver.make(ACL, "second", acl(name="one"))
    driver.delete(made)


def test_what_protects_cloudfront_is_kept_in_one_region(driver: Driver) -> None:
    with pytest.raises(WrongRegionError, match="us-east-1"):
        driver.make(ACL, "elsewhere", acl(scope="CLOUDFRONT"))
    driver.delete(driver.make(ACL, "there", acl(scope="CLOUDFRONT", region="us-east-1")))
