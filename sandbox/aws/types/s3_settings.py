"""S3: the settings of a bucket, which are resources of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.aws.documents import policy_failures
from sandbox.aws.object_tiers import lifecycle_failures
from sandbox.aws.rows import echoed, given, identified, reading
from sandbox.aws.table import Action, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


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
    checks=lifecycle_failures,
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
    BUCKET_VERSIONING,
    BUCKET_ENCRYPTION,
    BUCKET_PUBLIC_ACCESS_BLOCK,
    BUCKET_POLICY,
    BUCKET_OWNERSHIP_CONTROLS,
    BUCKET_LIFECYCLE,
    BUCKET_LOGGING,
    BUCKET_NOTIFICATION,
)
