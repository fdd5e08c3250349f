"""The lives of the types of `cfg`."""

from __future__ import annotations

from lives.life import Life, Make, a_bucket, a_role
from sandbox.engine.values import PropertyMap


def _recorder(make: Make) -> PropertyMap:
    return {
        "roleArn": a_role(make, "config")["arn"],
        "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
    }


def _made_recorder(make: Make) -> PropertyMap:
    return make("aws:cfg/recorder:Recorder", "recorder", _recorder(make))


def _channel(make: Make) -> PropertyMap:
    _made_recorder(make)
    return {
        "s3BucketName": a_bucket(make),
        "snapshotDeliveryProperties": {"deliveryFrequency": "TwentyFour_Hours"},
    }


def _status(make: Make) -> PropertyMap:
    recorder = _made_recorder(make)
    make("aws:cfg/deliveryChannel:DeliveryChannel", "channel", {"s3BucketName": a_bucket(make)})
    return {"name": recorder["name"], "isEnabled": True}


def _rule(make: Make) -> PropertyMap:
    _made_recorder(make)
    return {
        "source": {"owner": "AWS", "sourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"},
        "scope": {"complianceResourceTypes": ["AWS::S3::Bucket"]},
    }


LIVES = [
    Life(
        "aws:cfg/recorder:Recorder",
        _recorder,
        {"recordingGroup": {"allSupported": False, "resourceTypes": ["AWS::S3::Bucket"]}},
        {"name": "other"},
    ),
    Life(
        "aws:cfg/recorderStatus:RecorderStatus",
        _status,
        {"isEnabled": False},
        {"name": "other"},
        by_code=frozenset({"name"}),
        gone_after_delete=False,
    ),
    Life(
        "aws:cfg/deliveryChannel:DeliveryChannel",
        _channel,
        {"snapshotDeliveryProperties": {"deliveryFrequency": "Six_Hours"}},
        {"name": "other"},
    ),
    Life(
        "aws:cfg/rule:Rule",
        _rule,
        {"description": "buckets keep versions", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:cfg/retentionConfiguration:RetentionConfiguration",
        lambda _: {"retentionPeriodInDays": 365},
        {"retentionPeriodInDays": 730},
    ),
]
