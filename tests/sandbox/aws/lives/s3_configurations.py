"""The lives of S3's configurations with a name, of replication and of locks."""

from __future__ import annotations

from lives.life import Life, Make, a_bucket, a_role
from sandbox.engine.values import PropertyMap


def _versioned(make: Make, name: str) -> str:
    held = make("aws:s3/bucket:Bucket", name, {"forceDestroy": True, "objectLockEnabled": True})["bucket"]
    make(
        "aws:s3/bucketVersioning:BucketVersioning",
        f"{name}-versions",
        {"bucket": held, "versioningConfiguration": {"status": "Enabled"}},
    )
    return str(held)


def _replication(make: Make) -> PropertyMap:
    return {
        "bucket": _versioned(make, "source"),
        "role": a_role(make, "s3")["arn"],
        "rules": [
            {
                "id": "all",
                "status": "Enabled",
                "priority": 1,
                "filter": {"prefix": ""},
                "deleteMarkerReplication": {"status": "Enabled"},
                "destination": {"bucket": f"arn:aws:s3:::{_versioned(make, 'copy')}"},
            }
        ],
    }


LIVES = [
    Life(
        "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
        lambda make: {
            "bucket": a_bucket(make),
            "filter": {"prefix": "cold/", "tags": {"Zone": "archive"}},
            "tierings": [{"accessTier": "ARCHIVE_ACCESS", "days": 90}],
        },
        {"status": "Disabled"},
        {"name": "other"},
        by_code=frozenset({"filter"}),
    ),
    Life(
        "aws:s3/bucketMetric:BucketMetric",
        lambda make: {"bucket": a_bucket(make), "name": "all"},
        {"filter": {"prefix": "raw/"}},
        {"name": "other"},
        by_code=frozenset({"filter"}),
    ),
    Life(
        "aws:s3/analyticsConfiguration:AnalyticsConfiguration",
        lambda make: {
            "bucket": a_bucket(make),
            "storageClassAnalysis": {
                "dataExport": {"destination": {"s3BucketDestination": {"bucketArn": "arn:aws:s3:::reports"}}}
            },
        },
        {"storageClassAnalysis": None},
        {"name": "other"},
        by_code=frozenset({"filter", "storageClassAnalysis"}),
    ),
    Life(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        _replication,
        None,
        {"bucket": "another"},
    ),
    Life(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        lambda make: {
            "bucket": _versioned(make, "locked"),
            "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}},
        },
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "years": 1}}},
        {"bucket": "another"},
        gone_after_delete=False,
    ),
    Life(
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        lambda _: {"blockPublicAcls": True, "blockPublicPolicy": True},
        {"ignorePublicAcls": True},
        {"accountId": "999999999999"},
    ),
]
