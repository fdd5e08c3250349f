"""S3: buckets."""

from __future__ import annotations

from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _bucket(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    name = arguments["bucket"]
    answer = cloud.call("s3", "HeadBucket", {"Bucket": name})
    region = answer.get("BucketRegion") or cloud.region
    return {
        "arn": f"arn:{cloud.partition}:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.{cloud.dns_suffix}",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{name}.s3.{region}.{cloud.dns_suffix}",
        "id": name,
        "region": region,
    }


FUNCTIONS: Final[Functions] = {
    "aws:s3/getBucket:getBucket": _bucket,
}
