"""The lives of AWS Config's conformance packs, aggregators and remedies."""

from __future__ import annotations

from lives.life import Life, a_role

_PACK = """
Resources:
  Encrypted:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: encrypted
      Source: {Owner: AWS, SourceIdentifier: ENCRYPTED_VOLUMES}
"""

LIVES = [
    Life(
        "aws:cfg/conformancePack:ConformancePack",
        lambda _: {"templateBody": _PACK, "inputParameters": [{"parameterName": "a", "parameterValue": "b"}]},
        {"templateBody": _PACK + "# more"},
        {"name": "other"},
    ),
    Life(
        "aws:cfg/configurationAggregator:ConfigurationAggregator",
        lambda _: {"accountAggregationSource": {"accountIds": ["123456789012"], "regions": ["eu-west-1"]}},
        {
            "accountAggregationSource": {"accountIds": ["123456789012"], "allRegions": True},
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
    Life(
        "aws:cfg/remediationConfiguration:RemediationConfiguration",
        lambda make: {
            "configRuleName": "s3-bucket-server-side-encryption-enabled",
            "targetType": "SSM_DOCUMENT",
            "targetId": "AWS-EnableS3BucketEncryption",
            "parameters": [
                {"name": "AutomationAssumeRole", "staticValue": a_role(make, "ssm")["arn"]},
                {"name": "BucketName", "resourceValue": "RESOURCE_ID"},
            ],
            "executionControls": {"ssmControls": {"errorPercentage": 20}},
        },
        {"automatic": True, "maximumAutomaticAttempts": 3, "retryAttemptSeconds": 60},
        {"configRuleName": "other"},
    ),
]
