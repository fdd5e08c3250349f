"""The lives of the types of `cloudtrail`."""

from __future__ import annotations

from lives.life import Life, Make, a_key, policy
from sandbox.engine.values import PropertyMap


def _trail(make: Make) -> PropertyMap:
    held = make("aws:s3/bucket:Bucket", "trail", {"forceDestroy": True})
    place = {"Service": "cloudtrail.amazonaws.com"}
    statement = {"Principal": place, "Action": "s3:*", "Resource": [held["arn"], f"{held['arn']}/*"]}
    make(
        "aws:s3/bucketPolicy:BucketPolicy",
        "trail-policy",
        {"bucket": held["bucket"], "policy": policy(statement)},
    )
    return {
        "s3BucketName": held["bucket"],
        "isMultiRegionTrail": True,
        "enableLogFileValidation": True,
        "kmsKeyId": a_key(make)["arn"],
        "eventSelectors": [
            {
                "readWriteType": "WriteOnly",
                "includeManagementEvents": True,
                "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}],
            }
        ],
    }


LIVES = [
    Life(
        "aws:cloudtrail/trail:Trail",
        _trail,
        {
            "enableLogging": False,
            "insightSelectors": [{"insightType": "ApiCallRateInsight"}],
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
]
