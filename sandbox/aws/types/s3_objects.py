"""S3: objects."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from sandbox.aws.archives import archive_bytes, asset_bytes
from sandbox.aws.rows import reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.aws.types.s3 import empty
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import Archive, Asset, PropertyMap

_CONTENTS = ("source", "content", "contentBase64")
_SENT = (
    "acl",
    "bucketKeyEnabled",
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "kmsKeyId",
    "metadata",
    "objectLockLegalHoldStatus",
    "objectLockMode",
    "objectLockRetainUntilDate",
    "serverSideEncryption",
    "storageClass",
    "websiteRedirect",
)


def _content(inputs: PropertyMap) -> bytes:
    source = inputs.get("source")
    if isinstance(source, Asset):
        return asset_bytes(source)
    if isinstance(source, Archive):
        return archive_bytes(source)
    if isinstance(source, str):
        return asset_bytes(Asset(path=source))
    if inputs.get("contentBase64") is not None:
        return base64.b64decode(inputs["contentBase64"])
    return str(inputs.get("content") or "").encode()


def _body(subject: Subject) -> Params:
    tags = subject.inputs.get("tagsAll")
    return {
        "Body": _content(subject.inputs),
        "Key": _key(subject.inputs),
        **({"Tagging": urlencode(tags)} if tags else {}),
    }


def _key(inputs: PropertyMap) -> str:
    return str(inputs["key"]).lstrip("/")


def _id(subject: Subject) -> str:
    return f"{subject.inputs['bucket']}/{_key(subject.inputs)}"


def _named(subject: Subject) -> Params:
    bucket, _, key = subject.id.partition("/")
    return {"Bucket": bucket, "Key": key}


def _set_tags(subject: Subject, tags: Mapping[str, str]) -> None:
    tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
    subject.cloud.call("s3", "PutObjectTagging", {**_named(subject), "Tagging": {"TagSet": tag_set}})


def _delete(subject: Subject) -> None:
    bucket, _, key = subject.id.partition("/")
    empty(subject, bucket, key)


def _etag(subject: Subject) -> str:
    return str(subject.at("ETag") or "").strip('"')


def _content_echo(subject: Subject) -> str | None:
    """The text as it stands, where someone else has changed the object; read only if its MD5 differs.

    An object that KMS encrypts has no MD5 for an ETag on AWS; the emulator's has.
    """
    stored = subject.inputs.get("content")
    if not isinstance(stored, str) or _etag(subject) == _md5(stored.encode()):
        return stored
    body = subject.cloud.call("s3", "GetObject", _named(subject))["Body"].read()
    return str(body.decode(errors="replace"))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    held = [name for name in _CONTENTS if inputs.get(name) is not None]
    if len(held) > 1:
        yield CheckFailure(held[1], f"only one of {', '.join(_CONTENTS)} may be given, not {len(held)}")
    source = inputs.get("source")
    if source is not None and not isinstance(source, (Asset, Archive, str)) and isinstance(source, dict):
        yield CheckFailure("source", "must be an asset or an archive, such as pulumi.FileAsset(path)")


def _object(token: str, *, extra: tuple[str, ...] = (), local: tuple[str, ...] = ()) -> ResourceType:
    put = Call(
        operation="PutObject",
        sends=("bucket", *_SENT, *extra),
        names={
            "acl": "ACL",
            "kmsKeyId": "SSEKMSKeyId",
            "websiteRedirect": "WebsiteRedirectLocation",
        },
        adds=_body,
    )
    return ResourceType(
        type=token,
        service="s3",
        tier="native",
        create=put,
        id=_id,
        read=reading("s3", "HeadObject", _named),
        delete=_delete,
        steps=(
            Step(
                on=(*_CONTENTS, *_SENT, "sourceHash", "etag", *extra),
                do=put,
                at_create=False,
            ),
        ),
        local=("forceDestroy", *local),
        outputs={
            "arn": lambda s: f"arn:{s.cloud.partition}:s3:::{s.id}",
            "etag": _etag,
            "versionId": "VersionId",
            "contentType": "ContentType",
            "serverSideEncryption": "ServerSideEncryption",
            "storageClass": lambda s: s.at("StorageClass") or "STANDARD",
        },
        echoes={
            "bucket": lambda s: s.id.split("/", 1)[0],
            "key": lambda s: s.id.split("/", 1)[1],
            "content": _content_echo,
        },
        known_id=_id,
        auto_name=AutoName(property="key", random=False, prefix_property=None),
        place=("bucket", "key"),
        volatile=("etag", "versionId"),
        tags=Tags(
            at_create=None,
            replaces_all=_set_tags,
            target=_named,
            list="GetObjectTagging",
            listed="TagSet",
        ),
        checks=_check,
    )


TYPES = (
    _object("aws:s3/bucketObject:BucketObject"),
    _object(
        "aws:s3/bucketObjectv2:BucketObjectv2", extra=("checksumAlgorithm",), local=("overrideProvider",)
    ),
)
