"""The lives of the types of `wafv2`."""

from __future__ import annotations

from lives.life import Life, Make
from sandbox.engine.values import PropertyMap


def _seen(name: str) -> PropertyMap:
    return {"cloudwatchMetricsEnabled": True, "metricName": name, "sampledRequestsEnabled": True}


_MANAGED: PropertyMap = {
    "name": "common",
    "priority": 1,
    "overrideAction": {"none": {}},
    "statement": {
        "managedRuleGroupStatement": {
            "vendorName": "AWS",
            "name": "AWSManagedRulesCommonRuleSet",
            "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
        }
    },
    "visibilityConfig": _seen("common"),
}
_RATE: PropertyMap = {
    "name": "rate",
    "priority": 2,
    "action": {"block": {"customResponse": {"responseCode": 429, "customResponseBodyKey": "slow"}}},
    "statement": {
        "rateBasedStatement": {
            "limit": 2000,
            "aggregateKeyType": "IP",
            "scopeDownStatement": {
                "notStatement": {"statement": {"geoMatchStatement": {"countryCodes": ["DE"]}}}
            },
        }
    },
    "visibilityConfig": _seen("rate"),
}
_MATCH: PropertyMap = {
    "name": "admin",
    "priority": 3,
    "action": {"count": {}},
    "statement": {
        "andStatement": {
            "statements": [
                {
                    "byteMatchStatement": {
                        "searchString": "/admin",
                        "positionalConstraint": "STARTS_WITH",
                        "fieldToMatch": {"uriPath": {}},
                        "textTransformations": [{"priority": 0, "type": "NONE"}],
                    }
                },
                {
                    "sizeConstraintStatement": {
                        "comparisonOperator": "GT",
                        "size": 100,
                        "fieldToMatch": {"singleHeader": {"name": "user-agent"}},
                        "textTransformations": [{"priority": 0, "type": "LOWERCASE"}],
                    }
                },
            ]
        }
    },
    "visibilityConfig": _seen("admin"),
}
_ACL: PropertyMap = {
    "scope": "REGIONAL",
    "defaultAction": {"allow": {}},
    "visibilityConfig": _seen("acl"),
    "rules": [_MANAGED, _RATE, _MATCH],
    "customResponseBodies": [{"key": "slow", "content": "slow down", "contentType": "TEXT_PLAIN"}],
}


def _acl(make: Make) -> PropertyMap:
    plain = {name: _ACL[name] for name in ("scope", "defaultAction", "visibilityConfig")}
    return make("aws:wafv2/webAcl:WebAcl", "acl", plain)


def _group(make: Make) -> str:
    group = make("aws:cloudwatch/logGroup:LogGroup", "logs", {"name": "aws-waf-logs-acl"})
    return str(group["arn"])


LIVES = [
    Life(
        "aws:wafv2/ipSet:IpSet",
        lambda _: {"scope": "REGIONAL", "ipAddressVersion": "IPV4", "addresses": ["10.0.0.0/8"]},
        {"addresses": ["10.0.0.0/8", "192.0.2.1/32"], "description": "ours", "tags": {"a": "b"}},
        {"ipAddressVersion": "IPV6", "addresses": ["2001:db8::/32"]},
    ),
    Life(
        "aws:wafv2/regexPatternSet:RegexPatternSet",
        lambda _: {"scope": "REGIONAL", "regularExpressions": [{"regexString": "^/v[0-9]+/"}]},
        {"regularExpressions": [{"regexString": "^/v2/"}], "tags": {"a": "b"}},
        {"scope": "CLOUDFRONT"},
    ),
    Life(
        "aws:wafv2/ruleGroup:RuleGroup",
        lambda _: {
            "scope": "REGIONAL",
            "capacity": 50,
            "rules": [_MATCH],
            "visibilityConfig": _seen("group"),
        },
        {"rules": [{**_MATCH, "action": {"block": {}}}], "description": "paths", "tags": {"a": "b"}},
        {"capacity": 60},
        by_code=frozenset({"customResponseBodies", "rulesJson"}),
    ),
    Life(
        "aws:wafv2/webAcl:WebAcl",
        lambda _: dict(_ACL),
        {
            "rules": [{**_MANAGED, "overrideAction": {"count": {}}}, _RATE],
            "defaultAction": {"block": {}},
            "associationConfig": {"requestBodies": [{"apiGateway": {"defaultSizeInspectionLimit": "KB_64"}}]},
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
    Life(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        lambda make: {
            "webAclArn": _acl(make)["arn"],
            "resourceArn": "arn:aws:apigateway:eu-west-1::/restapis/abcdef/stages/dev",
        },
        None,
        {"webAclArn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/other/1"},
    ),
    Life(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        lambda make: {
            "resourceArn": _acl(make)["arn"],
            "logDestinationConfigs": [_group(make)],
            "redactedFields": [{"singleHeader": {"name": "authorization"}}],
        },
        {
            "loggingFilter": {
                "defaultBehavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"actionCondition": {"action": "BLOCK"}}],
                    }
                ],
            }
        },
        {"resourceArn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/other/1"},
    ),
]
