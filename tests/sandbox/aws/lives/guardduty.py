"""The lives of the types of `guardduty`."""

from __future__ import annotations

from lives.life import Life

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
]
