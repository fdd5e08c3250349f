"""S3: buckets and the settings that are resources of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.aws.cloud import CloudError
from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import echoed, given, identified, reading
from sandbox.aws.table import Action, AutoName, Call, Params, ResourceType, Step, Subject, Tags
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
        answer = subject.cloud.call("s3", "DeleteObjects", {"Bucket": bucket, "Delete": batch})
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


def _setting(
    name: str,
    put: Call,
    get: str,
    properties: tuple[str, ...],
    *,
    delete: Action | None,
    path: str = "",
    echoes: Mapping[str, Any] | None = None,
    **more: Any,
) -> ResourceType:
    """A bucket's setting: one Put makes and changes it, and its id is the bucket's name."""
    return ResourceType(
        type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        create=put,
        id=given("bucket"),
        read=reading("s3", get, identified("Bucket"), path),
        delete=delete,
        steps=(Step(on=properties, do=put, at_create=False),),
        echoes={"bucket": lambda s: s.id, **(echoes or {})},
        known_id=given("bucket"),
        place=("bucket",),
        **{"tier": "native", **more},
    )


def _delete(operation: str) -> Call:
    return Call(operation=operation, sends=(), adds=identified("Bucket"))


def _versioning_status(inputs: PropertyMap) -> Iterable[CheckFailure]:
    configuration = inputs.get("versioningConfiguration")
    status = configuration.get("status") if isinstance(configuration, dict) else None
    if isinstance(status, str) and status not in ("Enabled", "Suspended", "Disabled"):
        yield CheckFailure(
            "versioningConfiguration.status", f"{status!r} is not one of Enabled, Suspended, Disabled"
        )


def _put_versioning(subject: Subject) -> None:
    configuration = subject.inputs["versioningConfiguration"]
    if configuration["status"] == "Disabled" and not subject.before:
        return  # What a new bucket has anyway; the API cannot say it.
    sent = {"Status": "Suspended" if configuration["status"] == "Disabled" else configuration["status"]}
    if configuration.get("mfaDelete"):
        sent["MFADelete"] = configuration["mfaDelete"]
    params = {"Bucket": subject.inputs["bucket"], "VersioningConfiguration": sent}
    subject.cloud.call("s3", "PutBucketVersioning", params)


def _suspend(subject: Subject) -> None:
    if (subject.inputs.get("versioningConfiguration") or {}).get("status") == "Enabled":
        params = {"Bucket": subject.id, "VersioningConfiguration": {"Status": "Suspended"}}
        subject.cloud.call("s3", "PutBucketVersioning", params)


BUCKET_VERSIONING = ResourceType(
    type="aws:s3/bucketVersioning:BucketVersioning",
    service="s3",
    tier="native",
    create=_put_versioning,
    id=given("bucket"),
    read=reading("s3", "GetBucketVersioning", identified("Bucket")),
    delete=_suspend,
    steps=(Step(on=("versioningConfiguration",), do=_put_versioning, at_create=False),),
    local=("mfa",),
    unsupported=("expectedBucketOwner",),
    echoes={
        "bucket": lambda s: s.id,
        "versioningConfiguration": lambda s: {"status": s.at("Status") or "Disabled"},
    },
    known_id=given("bucket"),
    place=("bucket",),
    checks=_versioning_status,
)

_ENCRYPTION_NAMES = {
    "rules": "ServerSideEncryptionConfiguration.Rules",
    "rules.blockedEncryptionTypes": "BlockedEncryptionTypes.EncryptionType",
}
BUCKET_ENCRYPTION = _setting(
    "BucketServerSideEncryptionConfiguration",
    Call(operation="PutBucketEncryption", names=_ENCRYPTION_NAMES),
    "GetBucketEncryption",
    ("rules",),
    delete=_delete("DeleteBucketEncryption"),
    path="ServerSideEncryptionConfiguration",
    echoes={
        "rules": echoed(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "rules",
            "Rules",
            _ENCRYPTION_NAMES,
        )
    },
)

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
BUCKET_PUBLIC_ACCESS_BLOCK = _setting(
    "BucketPublicAccessBlock",
    Call(
        operation="PutPublicAccessBlock",
        names={name: f"PublicAccessBlockConfiguration.{name[0].upper()}{name[1:]}" for name in _BLOCKS},
        adds=lambda s: {
            "PublicAccessBlockConfiguration": {
                f"{name[0].upper()}{name[1:]}": bool(s.inputs.get(name)) for name in _BLOCKS
            }
        },
    ),
    "GetPublicAccessBlock",
    _BLOCKS,
    delete=_delete("DeletePublicAccessBlock"),
    path="PublicAccessBlockConfiguration",
    echoes={name: f"{name[0].upper()}{name[1:]}" for name in _BLOCKS},
    local=("skipDestroy",),
)

BUCKET_POLICY = _setting(
    "BucketPolicy",
    Call(operation="PutBucketPolicy"),
    "GetBucketPolicy",
    ("policy",),
    delete=_delete("DeleteBucketPolicy"),
    echoes={"policy": "Policy"},
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

BUCKET_OWNERSHIP_CONTROLS = _setting(
    "BucketOwnershipControls",
    Call(operation="PutBucketOwnershipControls", names={"rule": "OwnershipControls.Rules"}),
    "GetBucketOwnershipControls",
    ("rule",),
    delete=_delete("DeleteBucketOwnershipControls"),
    path="OwnershipControls",
    echoes={"rule": lambda s: {"objectOwnership": s.at("Rules.0.ObjectOwnership")}},
)

BUCKET_LIFECYCLE = _setting(
    "BucketLifecycleConfiguration",
    Call(operation="PutBucketLifecycleConfiguration", names={"rules": "LifecycleConfiguration.Rules"}),
    "GetBucketLifecycleConfiguration",
    ("rules", "transitionDefaultMinimumObjectSize"),
    delete=_delete("DeleteBucketLifecycle"),
    local=("timeouts",),
    tier="overlay",
    echoes={
        "rules": echoed("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "rules", "Rules")
    },
)

_LOGGING_NAMES = {
    name: f"BucketLoggingStatus.LoggingEnabled.{name[0].upper()}{name[1:]}"
    for name in ("targetBucket", "targetPrefix", "targetGrants", "targetObjectKeyFormat")
}
BUCKET_LOGGING = _setting(
    "BucketLogging",
    Call(operation="PutBucketLogging", names=_LOGGING_NAMES),
    "GetBucketLogging",
    tuple(_LOGGING_NAMES),
    delete=Call(
        operation="PutBucketLogging",
        sends=(),
        adds=lambda s: {"Bucket": s.id, "BucketLoggingStatus": {}},
    ),
    path="LoggingEnabled",
    echoes={"targetBucket": "TargetBucket", "targetPrefix": "TargetPrefix"},
)

_RECEIVERS = {
    "queues": ("QueueConfigurations", "QueueArn", "queueArn"),
    "topics": ("TopicConfigurations", "TopicArn", "topicArn"),
    "lambdaFunctions": ("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambdaFunctionArn"),
}


def _notifications(subject: Subject) -> Params:
    configuration: Params = {}
    for name, (member, arn_member, arn) in _RECEIVERS.items():
        entries = []
        for receiver in subject.inputs.get(name) or ():
            entry: Params = {arn_member: receiver[arn], "Events": receiver["events"]}
            if receiver.get("id"):
                entry["Id"] = receiver["id"]
            rules = [
                {"Name": rule, "Value": receiver[given]}
                for rule, given in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
                if receiver.get(given)
            ]
            if rules:
                entry["Filter"] = {"Key": {"FilterRules": rules}}
            entries.append(entry)
        if entries:
            configuration[member] = entries
    if subject.inputs.get("eventbridge"):
        configuration["EventBridgeConfiguration"] = {}
    return {"NotificationConfiguration": configuration}


BUCKET_NOTIFICATION = _setting(
    "BucketNotification",
    Call(
        operation="PutBucketNotificationConfiguration",
        names={
            "eventbridge": "",
            **{name: f"NotificationConfiguration.{member}" for name, (member, _, _) in _RECEIVERS.items()},
            **{f"{name}.filterPrefix": "" for name in _RECEIVERS},
            **{f"{name}.filterSuffix": "" for name in _RECEIVERS},
        },
        adds=_notifications,
    ),
    "GetBucketNotificationConfiguration",
    (*_RECEIVERS, "eventbridge"),
    delete=Call(
        operation="PutBucketNotificationConfiguration",
        sends=(),
        adds=lambda s: {"Bucket": s.id, "NotificationConfiguration": {}},
    ),
    tier="overlay",
)

TYPES = (
    BUCKET,
    BUCKET_VERSIONING,
    BUCKET_ENCRYPTION,
    BUCKET_PUBLIC_ACCESS_BLOCK,
    BUCKET_POLICY,
    BUCKET_OWNERSHIP_CONTROLS,
    BUCKET_LIFECYCLE,
    BUCKET_LOGGING,
    BUCKET_NOTIFICATION,
)
