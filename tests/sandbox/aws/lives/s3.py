"""The lives of the types of `s3`."""

from __future__ import annotations

from pathlib import Path

from lives.life import Life, Make, a_bucket, a_key, policy
from sandbox.aws.types.s3 import SIDE_RESOURCES
from sandbox.engine.values import Asset, PropertyMap


def _bucket_policy(make: Make) -> PropertyMap:
    name = a_bucket(make)
    statement = {"Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return {"bucket": name, "policy": policy(statement)}


def _logging(make: Make) -> PropertyMap:
    target = make("aws:s3/bucket:Bucket", "logs", {"forceDestroy": True})["bucket"]
    make(
        "aws:s3/bucketPolicy:BucketPolicy",
        "logs-policy",
        {
            "bucket": target,
            "policy": policy(
                {
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{target}/*",
                }
            ),
        },
    )
    return {"bucket": a_bucket(make), "targetBucket": target, "targetPrefix": "raw/"}


HERE = Path(__file__)


LIVES = [
    Life(
        "aws:s3/bucket:Bucket",
        lambda _: {"forceDestroy": True},
        {"tags": {"Owner": "team"}},
        {"bucket": "another-name"},
        by_code=frozenset({"objectLockEnabled", *SIDE_RESOURCES}),
    ),
    Life(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda make: {"bucket": a_bucket(make), "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
        {"bucket": "another"},
        gone_after_delete=False,
        by_code=frozenset({"bucket"}),
    ),
    Life(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda make: {
            "bucket": a_bucket(make),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": a_key(make)["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        {"bucket": "another"},
    ),
    Life(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda make: {"bucket": a_bucket(make), "blockPublicAcls": True, "blockPublicPolicy": True},
        {"restrictPublicBuckets": True},
        {"bucket": "another"},
    ),
    Life("aws:s3/bucketPolicy:BucketPolicy", _bucket_policy, None, {"bucket": "another"}),
    Life(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda make: {"bucket": a_bucket(make), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    Life(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda make: {
            "bucket": a_bucket(make),
            "rules": [
                {
                    "id": "tiers",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "transitions": [{"days": 90, "storageClass": "GLACIER"}],
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 3},
                }
            ],
        },
        {"rules": [{"id": "end", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 9}}]},
    ),
    Life("aws:s3/bucketLogging:BucketLogging", _logging, {"targetPrefix": "other/"}),
    Life(
        "aws:s3/bucketNotification:BucketNotification",
        lambda make: {"bucket": a_bucket(make), "eventbridge": True},
        {"eventbridge": False},
        gone_after_delete=False,
    ),
    Life(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda make: {"bucket": a_bucket(make), "key": "a/b.txt", "content": "one"},
        {"content": "two", "tags": {"Owner": "team"}},
        {"key": "a/c.txt"},
        by_code=frozenset({"key"}),
    ),
    Life(
        "aws:s3/bucketObject:BucketObject",
        lambda make: {"bucket": a_bucket(make), "key": "self.py", "source": Asset(path=str(HERE), hash="1")},
        {"source": Asset(text="new", hash="2")},
        {"key": "other.py"},
        by_code=frozenset({"key"}),
    ),
]
