"""The lives of the types of `guardduty`."""

from __future__ import annotations

from lives.life import Life, Make, a_key
from sandbox.engine.values import PropertyMap


def _detector(make: Make) -> str:
    return str(make("aws:guardduty/detector:Detector", "detector", {})["id"])


def _addresses(make: Make) -> PropertyMap:
    return {
        "detectorId": _detector(make),
        "format": "TXT",
        "location": "https://s3.amazonaws.com/lists/addresses.txt",
        "activate": True,
    }


def _finding(severity: str) -> PropertyMap:
    return {
        "criterions": [
            {"field": "region", "equals": ["eu-west-1"]},
            {"field": "severity", "lessThan": severity},
            {"field": "updatedAt", "greaterThan": "2026-01-01T00:00:00Z"},
        ]
    }


LIVES = [
    Life(
        "aws:guardduty/detector:Detector",
        lambda _: {
            "findingPublishingFrequency": "FIFTEEN_MINUTES",
            "datasources": {"s3Logs": {"enable": True}},
        },
        {"enable": False, "tags": {"a": "b"}},
    ),
    Life(
        "aws:guardduty/detectorFeature:DetectorFeature",
        lambda make: {
            "detectorId": make("aws:guardduty/detector:Detector", "detector", {})["id"],
            "name": "S3_DATA_EVENTS",
            "status": "ENABLED",
        },
        {"status": "DISABLED"},
        {"name": "RDS_LOGIN_EVENTS"},
        by_code=frozenset({"name", "status", "additionalConfigurations"}),
        gone_after_delete=False,
    ),
    Life(
        "aws:guardduty/filter:Filter",
        lambda make: {
            "detectorId": _detector(make),
            "action": "ARCHIVE",
            "rank": 1,
            "findingCriteria": _finding("4"),
        },
        {"findingCriteria": _finding("5"), "description": "what we know", "tags": {"a": "b"}},
        {"name": "other"},
        by_code=frozenset({"findingCriteria"}),
    ),
    Life(
        "aws:guardduty/iPSet:IPSet",
        _addresses,
        {"activate": False, "tags": {"a": "b"}},
        {"format": "STIX"},
    ),
    Life(
        "aws:guardduty/threatIntelSet:ThreatIntelSet",
        _addresses,
        {"activate": False, "tags": {"a": "b"}},
        {"format": "STIX"},
    ),
    Life(
        "aws:guardduty/publishingDestination:PublishingDestination",
        lambda make: {
            "detectorId": _detector(make),
            "destinationArn": "arn:aws:s3:::findings",
            "kmsKeyArn": a_key(make)["arn"],
        },
        {"destinationArn": "arn:aws:s3:::other", "tags": {"a": "b"}},
        {"detectorId": "0123456789abcdef0123456789abcdef"},
    ),
]
