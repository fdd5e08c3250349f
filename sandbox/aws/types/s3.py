"""S3: buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.aws.cloud import CloudError
from sandbox.aws.rows import given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DELETE_BATCH = 1000
_HOSTED_ZONES = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-central-1": "Z21DNDUVLTQW6Q",
}
"""Of S3's website endpoints (AWS General Reference, "Amazon S3 website endpoints")."""

SIDE_RESOURCES = {
    "acl": "BucketAcl",
    "corsRules": "BucketCorsConfiguration",
    "grants": "BucketAcl",
    "lifecycleRules": "BucketLifecycleConfiguration",
    "loggings": "BucketLogging",
    "logging": "BucketLogging",
    "objectLockConfiguration": "BucketObjectLockConfiguration",
    "policy": "BucketPolicy",
    "replicationConfiguration": "BucketReplicationConfig",
    "requestPayer": "BucketRequestPaymentConfiguration",
    "serverSideEncryptionConfiguration": "BucketServerSideEncryptionConfiguration",
    "versioning": "BucketVersioning",
    "website": "BucketWebsiteConfiguration",
    "accelerationStatus": "BucketAccelerateConfiguration",
}


def _location(subject: Subject) -> Params:
    if subject.cloud.region == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": subject.cloud.region}}


def _set_tags(subject: Subject, tags: Mapping[str, str]) -> None:
    if not tags:
        subject.cloud.call("s3", "DeleteBucketTagging", {"Bucket": subject.id})
        return
    tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
    subject.cloud.call("s3", "PutBucketTagging", {"Bucket": subject.id, "Tagging": {"TagSet": tag_set}})


def _delete_bucket(subject: Subject) -> None:
    if subject.inputs.get("forceDestroy"):
        empty(subject, subject.id)
    subject.cloud.call("s3", "DeleteBucket", {"Bucket": subject.id})


def empty(subject: Subject, bucket: str, key: str | None = None) -> None:
    """Deletes every version and delete marker of a bucket, or of one key in it."""
    params: Params = {"Bucket": bucket, **({"Prefix": key} if key is not None else {})}
    pages = subject.cloud.pages("s3", "ListObjectVersions", "Versions", params)
    versions = [
        {"Key": item["Key"], "VersionId": item["VersionId"]}
        for page in pages
        for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        if key is None or item["Key"] == key
    ]
    for start in range(0, len(versions), _DELETE_BATCH):
        batch = {"Objects": versions[start : start + _DELETE_BATCH], "Quiet": True}
        # As terraform-provider-aws does: what is locked in governance mode goes too.
        params = {"Bucket": bucket, "Delete": batch, "BypassGovernanceRetention": True}
        answer = subject.cloud.call("s3", "DeleteObjects", params)
        for error in answer.get("Errors", ()):
            raise CloudError("s3", "DeleteObjects", error["Code"], f"{error['Key']}: {error['Message']}")


def _check_bucket(inputs: PropertyMap) -> Iterable[CheckFailure]:
    for name, resource in SIDE_RESOURCES.items():
        if inputs.get(name) is not None:
            yield CheckFailure(
                name, f"is deprecated and not known to the sandbox: use aws.s3.{resource} beside the bucket"
            )
    bucket = inputs.get("bucket")
    if isinstance(bucket, str):
        yield from bucket_name_failures(bucket)


def bucket_name_failures(name: str) -> Iterable[CheckFailure]:
    """S3's naming rules for general purpose buckets (S3 User Guide, "Bucket naming rules")."""
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    if not 3 <= len(name) <= 63:
        yield CheckFailure("bucket", f"{name!r} has {len(name)} characters; allowed are 3 to 63")
    elif set(name) - allowed or not name[0].isalnum() or not name[-1].isalnum():
        yield CheckFailure(
            "bucket",
            f"{name!r} must consist of lower-case letters, digits, dots and hyphens, "
            "and begin and end with a letter or digit",
        )
    elif ".." in name or name.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or name.endswith("-s3alias"):
        yield CheckFailure("bucket", f"{name!r} is a form that S3 keeps for itself")


BUCKET = ResourceType(
    type="aws:s3/bucket:Bucket",
    service="s3",
    tier="native",
    create=Call(
        operation="CreateBucket",
        sends=("bucket",),
        adds=lambda s: {
            **_location(s),
            **({"ObjectLockEnabledForBucket": True} if s.inputs.get("objectLockEnabled") else {}),
        },
    ),
    id=given("bucket"),
    read=reading("s3", "HeadBucket", identified("Bucket")),
    delete=_delete_bucket,
    local=("forceDestroy",),
    outputs={
        "bucket": lambda s: s.id,
        "arn": lambda s: f"arn:{s.cloud.partition}:s3:::{s.id}",
        "bucketDomainName": lambda s: f"{s.id}.s3.{s.cloud.dns_suffix}",
        "bucketRegion": lambda s: s.cloud.region,
        "bucketRegionalDomainName": lambda s: f"{s.id}.s3.{s.cloud.region}.{s.cloud.dns_suffix}",
        "hostedZoneId": lambda s: _HOSTED_ZONES.get(s.cloud.region),
        "objectLockEnabled": lambda s: bool(s.inputs.get("objectLockEnabled")),
        "forceDestroy": lambda s: bool(s.inputs.get("forceDestroy")),
    },
    echoes={"bucket": lambda s: s.id},
    known_id=given("bucket"),
    exclusive=True,
    auto_name=AutoName(property="bucket", prefix_property="bucketPrefix", limit=63),
    tags=Tags(
        at_create=None,
        replaces_all=_set_tags,
        target=identified("Bucket"),
        list="GetBucketTagging",
        listed="TagSet",
    ),
    unsupported=("bucketNamespace",),
    checks=_check_bucket,
)


TYPES = (BUCKET,)
