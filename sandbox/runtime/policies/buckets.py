"""What a bucket's policy denies, judged by what the request is, with its conditions.

The emulator takes any denial with a condition for one without, and so would shut every bucket that demands
TLS. The loopback counts as TLS here: nothing that is sent over it leaves the machine. Only denials are
judged: permissions come from the callers' own policies too, which the sandbox does not enforce.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

from sandbox.runtime.host.http import HttpAnswer, HttpRequest
from sandbox.runtime.host.operation import Operation, caller_of
from sandbox.runtime.host.protocol import error_answer
from sandbox.runtime.overlay import Caller
from sandbox.runtime.policies.document import Access, Verdict, verdict

PolicyOf = Callable[[str, Caller], str | None]
"""The policy of a bucket, as JSON, or none."""

_OF_BUCKET = {
    ("GET", "policy"): "GetBucketPolicy",
    ("PUT", "policy"): "PutBucketPolicy",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("GET", "policyStatus"): "GetBucketPolicyStatus",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "acl"): "GetBucketAcl",
    ("PUT", "acl"): "PutBucketAcl",
    ("GET", "encryption"): "GetEncryptionConfiguration",
    ("PUT", "encryption"): "PutEncryptionConfiguration",
    ("DELETE", "encryption"): "PutEncryptionConfiguration",
    ("GET", "lifecycle"): "GetLifecycleConfiguration",
    ("PUT", "lifecycle"): "PutLifecycleConfiguration",
    ("DELETE", "lifecycle"): "PutLifecycleConfiguration",
    ("GET", "tagging"): "GetBucketTagging",
    ("PUT", "tagging"): "PutBucketTagging",
    ("DELETE", "tagging"): "PutBucketTagging",
    ("GET", "publicAccessBlock"): "GetBucketPublicAccessBlock",
    ("PUT", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("DELETE", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("GET", "logging"): "GetBucketLogging",
    ("PUT", "logging"): "PutBucketLogging",
    ("GET", "notification"): "GetBucketNotification",
    ("PUT", "notification"): "PutBucketNotification",
    ("GET", "ownershipControls"): "GetBucketOwnershipControls",
    ("PUT", "ownershipControls"): "PutBucketOwnershipControls",
    ("GET", "replication"): "GetReplicationConfiguration",
    ("PUT", "replication"): "PutReplicationConfiguration",
    ("POST", "delete"): "DeleteObject",
    ("HEAD", ""): "ListBucket",
    ("GET", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("POST", ""): "PutObject",
}
_OF_OBJECT = {
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "acl"): "GetObjectAcl",
    ("PUT", "acl"): "PutObjectAcl",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("GET", "retention"): "GetObjectRetention",
    ("PUT", "retention"): "PutObjectRetention",
    ("GET", "legal-hold"): "GetObjectLegalHold",
    ("PUT", "legal-hold"): "PutObjectLegalHold",
    ("POST", "restore"): "RestoreObject",
    ("GET", "versionId"): "GetObjectVersion",
    ("HEAD", "versionId"): "GetObjectVersion",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("POST", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
}
_CONDITION_HEADERS = frozenset(
    {
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-acl",
        "x-amz-storage-class",
        "x-amz-copy-source",
        "x-amz-metadata-directive",
        "x-amz-content-sha256",
    }
)
_CONDITION_PARAMETERS = frozenset({"prefix", "delimiter", "max-keys", "versionid"})


class BucketGate:
    """Stops the S3 requests that a bucket's policy denies."""

    def __init__(self, policy_of: PolicyOf, account_id: str) -> None:
        self._policy_of = policy_of
        self._account_id = account_id

    def __call__(self, request: HttpRequest, operation: Operation) -> HttpAnswer | None:
        """The denial as S3 answers it, or none."""
        bucket, _, key = unquote(request.path.removeprefix("/")).partition("/")
        if not bucket or bucket == "v20180820":
            return None
        caller = caller_of(operation, self._account_id)
        text = self._policy_of(bucket, caller)
        if text is None:
            return None
        if verdict(json.loads(text), access_of(request, bucket, key, caller)) is not Verdict.DENIED:
            return None
        action = _action(request, key)
        arn = f"arn:aws:iam::{caller.account_id}:root"
        message = (
            f"User: {arn} is not authorized to perform: {action} on resource: arn:aws:s3:::{bucket} "
            "with an explicit deny in a resource-based policy"
        )
        return error_answer("s3", "AccessDenied", message, 403)


def access_of(request: HttpRequest, bucket: str, key: str, caller: Caller) -> Access:
    """An S3 request as its bucket's policy sees it."""
    context: dict[str, tuple[str, ...]] = {
        "aws:securetransport": ("true",),
        "s3:tlsversion": ("1.3",),
        "aws:sourceip": ("127.0.0.1",),
        "aws:principalaccount": (caller.account_id,),
        "aws:principalarn": (f"arn:aws:iam::{caller.account_id}:root",),
        "aws:principaltype": ("Account",),
        "aws:principalisawsservice": ("false",),
        "aws:viaawsservice": ("false",),
        "aws:requestedregion": (caller.region,),
        "s3:resourceaccount": (caller.account_id,),
        "aws:resourceaccount": (caller.account_id,),
        "s3:signatureversion": ("AWS4-HMAC-SHA256",),
    }
    for name, value in request.headers:
        if name in _CONDITION_HEADERS:
            context[f"s3:{name}"] = (value,)
    for name, values in parse_qs(request.query, keep_blank_values=True).items():
        if name.lower() in _CONDITION_PARAMETERS:
            context[f"s3:{name.lower()}"] = tuple(values)
    arn = f"arn:aws:s3:::{bucket}"
    names = frozenset({f"arn:aws:iam::{caller.account_id}:root", caller.account_id})
    return Access({"AWS": names}, _action(request, key), f"{arn}/{key}" if key else arn, context)


def _action(request: HttpRequest, key: str) -> str:
    table = _OF_OBJECT if key else _OF_BUCKET
    for part in request.query.split("&"):
        found = table.get((request.method, part.partition("=")[0]))
        if found:
            return f"s3:{found}"
    return f"s3:{table.get((request.method, ''), 'Unknown')}"
