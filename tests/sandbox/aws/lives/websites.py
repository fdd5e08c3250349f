"""The lives of what a website is made of: S3's website settings and CloudFront."""

from __future__ import annotations

from typing import Any

from lives.life import Life, Make, a_bucket
from sandbox.engine.values import PropertyMap


def _distribution(make: Make) -> PropertyMap:
    bucket = a_bucket(make)
    return {
        "enabled": True,
        "origins": [{"originId": "bucket", "domainName": f"{bucket}.s3.eu-west-1.amazonaws.com"}],
        "defaultCacheBehavior": _behavior(),
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
    }


def _behavior() -> dict[str, Any]:
    return {
        "targetOriginId": "bucket",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "forwardedValues": {"queryString": False, "cookies": {"forward": "none"}},
    }


LIVES = [
    Life(
        "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
        lambda make: {"bucket": a_bucket(make), "indexDocument": {"suffix": "index.html"}},
        {"errorDocument": {"key": "404.html"}},
        by_code=frozenset({"routingRuleDetails"}),
    ),
    Life(
        "aws:s3/bucketAcl:BucketAcl",
        lambda make: {"bucket": a_bucket(make), "acl": "private"},
        {"acl": "public-read"},
        gone_after_delete=False,
    ),
    Life(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        lambda make: {
            "bucket": a_bucket(make),
            "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["https://example.org"]}],
        },
        {"corsRules": [{"allowedMethods": ["GET", "PUT"], "allowedOrigins": ["*"]}]},
    ),
    Life(
        "aws:cloudfront/distribution:Distribution",
        _distribution,
        {"comment": "for a test", "enabled": False, "tags": {"a": "b"}},
    ),
    Life(
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        lambda _: {
            "originAccessControlOriginType": "s3",
            "signingBehavior": "always",
            "signingProtocol": "sigv4",
        },
        {"signingBehavior": "never"},
        by_code=frozenset(
            {"description", "name", "originAccessControlOriginType", "signingBehavior", "signingProtocol"}
        ),
    ),
]
