"""S3: configurations with a name of their own, replication, object lock, and the account's public access."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.aws.rows import echoed, given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _key(subject: Subject) -> Params:
    bucket, _, name = subject.id.partition(":")
    return {"Bucket": bucket, "Id": name}


def _id(subject: Subject) -> str:
    return f"{subject.inputs['bucket']}:{subject.inputs['name']}"


def _filter(subject: Subject) -> Params:
    """One condition stands alone, several stand under `And`."""
    wanted = subject.inputs.get("filter") or {}
    tags = [{"Key": key, "Value": value} for key, value in (wanted.get("tags") or {}).items()]
    single: Params = {}
    if wanted.get("prefix"):
        single["Prefix"] = wanted["prefix"]
    if wanted.get("accessPoint"):
        single["AccessPointArn"] = wanted["accessPoint"]
    if len(single) + len(tags) > 1:
        return {"Filter": {"And": {**single, **({"Tags": tags} if tags else {})}}}
    if tags:
        return {"Filter": {"Tag": tags[0]}}
    return {"Filter": single} if single else {}


def _configuration(
    token: str, word: str, properties: tuple[str, ...], fills: Callable[[Subject], Params], **more: Any
) -> ResourceType:
    """A configuration with an id: one Put makes and changes it. `word` stands in its operations' names."""
    wrapper = f"{word}Configuration"
    put = Call(
        operation=f"PutBucket{wrapper}",
        names={
            "name": "Id",
            "filter": "",
            **{name: f"{wrapper}.{member}" for name, member in more.pop("names")},
        },
        fills=("Id", *more.pop("required", ())),
        adds=lambda s: {wrapper: {"Id": s.inputs["name"], **_filter(s), **fills(s)}},
    )
    return ResourceType(
        type=token,
        service="s3",
        tier="recorded",
        create=put,
        id=_id,
        read=reading("s3", f"GetBucket{wrapper}", _key, wrapper),
        delete=Call(operation=f"DeleteBucket{wrapper}", sends=(), adds=_key),
        steps=(Step(on=("filter", *properties), do=put, at_create=False),),
        echoes={
            "bucket": lambda s: _key(s)["Bucket"],
            "name": lambda s: _key(s)["Id"],
            **more.pop("echoes", {}),
        },
        known_id=_id,
        auto_name=AutoName(limit=64, prefix_property=None),
        place=("bucket", "name"),
        **more,
    )


def _check_tiers(inputs: PropertyMap) -> Iterable[CheckFailure]:
    least = {"ARCHIVE_ACCESS": 90, "DEEP_ARCHIVE_ACCESS": 180}
    tierings = inputs.get("tierings")
    for index, tier in enumerate(tierings if isinstance(tierings, list) else ()):
        days = tier.get("days") if isinstance(tier, dict) else None
        low = least.get(str(tier.get("accessTier"))) if isinstance(tier, dict) else None
        if low is not None and isinstance(days, (int, float)) and not low <= days <= 730:
            yield CheckFailure(
                f"tierings[{index}].days", f"{days:g} is out of range: allowed is {low} to 730"
            )


_TIERING = "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"
INTELLIGENT_TIERING = _configuration(
    _TIERING,
    "IntelligentTiering",
    ("status", "tierings"),
    lambda _: {},
    names=(("status", "Status"), ("tierings", "Tierings")),
    echoes={"status": "Status", "tierings": echoed(_TIERING, "tierings", "Tierings")},
    defaults={"status": "Enabled"},
    unordered=("tierings",),
    checks=_check_tiers,
)

METRIC = _configuration("aws:s3/bucketMetric:BucketMetric", "Metrics", (), lambda _: {}, names=())


def _exported(subject: Subject) -> Params:
    analysis = subject.inputs.get("storageClassAnalysis")
    if not analysis:
        return {"StorageClassAnalysis": {}}
    export = analysis["dataExport"]
    place = export["destination"]["s3BucketDestination"]
    destination: Params = {"Format": place.get("format") or "CSV", "Bucket": place["bucketArn"]}
    for name, member in (("bucketAccountId", "BucketAccountId"), ("prefix", "Prefix")):
        if place.get(name):
            destination[member] = place[name]
    return {
        "StorageClassAnalysis": {
            "DataExport": {
                "OutputSchemaVersion": export.get("outputSchemaVersion") or "V_1",
                "Destination": {"S3BucketDestination": destination},
            }
        }
    }


ANALYTICS = _configuration(
    "aws:s3/analyticsConfiguration:AnalyticsConfiguration",
    "Analytics",
    ("storageClassAnalysis",),
    _exported,
    names=(),
)

_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_REPLICATION_NAMES = {"role": "ReplicationConfiguration.Role", "rules": "ReplicationConfiguration.Rules"}
_PUT_REPLICATION = Call(operation="PutBucketReplication", names=_REPLICATION_NAMES)


def _check_replication(inputs: PropertyMap) -> Iterable[CheckFailure]:
    rules = inputs.get("rules")
    rules = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    priorities = [rule.get("priority") for rule in rules if isinstance(rule.get("priority"), (int, float))]
    if len(priorities) != len(set(priorities)):
        yield CheckFailure("rules", "two rules have the same priority")
    for index, rule in enumerate(rules):
        path = f"rules[{index}]"
        if rule.get("filter") is not None and rule.get("deleteMarkerReplication") is None:
            yield CheckFailure(f"{path}.deleteMarkerReplication", "is required beside a filter")
        criteria = rule.get("sourceSelectionCriteria")
        encrypted = criteria.get("sseKmsEncryptedObjects") if isinstance(criteria, dict) else None
        status = encrypted.get("status") if isinstance(encrypted, dict) else None
        destination = rule.get("destination")
        keyed = not isinstance(destination, dict) or destination.get("encryptionConfiguration") is not None
        if status == "Enabled" and not keyed:
            yield CheckFailure(
                f"{path}.destination.encryptionConfiguration",
                "is required where sseKmsEncryptedObjects are replicated",
            )


REPLICATION = ResourceType(
    type=_REPLICATION,
    service="s3",
    tier="overlay",
    create=_PUT_REPLICATION,
    id=given("bucket"),
    read=reading("s3", "GetBucketReplication", identified("Bucket"), "ReplicationConfiguration"),
    delete=Call(operation="DeleteBucketReplication", sends=(), adds=identified("Bucket")),
    steps=(Step(on=("role", "rules"), do=_PUT_REPLICATION, at_create=False),),
    local=("token",),
    echoes={"bucket": lambda s: s.id, "role": "Role"},
    known_id=given("bucket"),
    place=("bucket",),
    checks=_check_replication,
)

_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
_LOCK_NAMES = {
    "objectLockEnabled": "ObjectLockConfiguration.ObjectLockEnabled",
    "rule": "ObjectLockConfiguration.Rule",
}
_PUT_LOCK = Call(operation="PutObjectLockConfiguration", names=_LOCK_NAMES, omits=("expectedBucketOwner",))


def _check_lock(inputs: PropertyMap) -> Iterable[CheckFailure]:
    rule = inputs.get("rule")
    kept = rule.get("defaultRetention") if isinstance(rule, dict) else None
    if isinstance(kept, dict) and (kept.get("days") is None) == (kept.get("years") is None):
        yield CheckFailure("rule.defaultRetention", "exactly one of days and years is needed")


OBJECT_LOCK = ResourceType(
    type=_LOCK,
    service="s3",
    tier="native",
    create=_PUT_LOCK,
    id=given("bucket"),
    read=reading("s3", "GetObjectLockConfiguration", identified("Bucket"), "ObjectLockConfiguration"),
    delete=Call(
        operation="PutObjectLockConfiguration",
        sends=(),
        adds=lambda s: {"Bucket": s.id, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
    ),
    steps=(Step(on=("rule",), do=_PUT_LOCK, at_create=False),),
    local=("token",),
    unsupported=("expectedBucketOwner",),
    echoes={
        "bucket": lambda s: s.id,
        "objectLockEnabled": "ObjectLockEnabled",
        "rule": echoed(_LOCK, "rule", "Rule"),
    },
    known_id=given("bucket"),
    place=("bucket",),
    defaults={"objectLockEnabled": "Enabled"},
    checks=_check_lock,
)

_BLOCKS = {
    name: f"PublicAccessBlockConfiguration.{name[0].upper()}{name[1:]}"
    for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
}


def _account(subject: Subject) -> str:
    return str(subject.inputs.get("accountId") or subject.id or subject.cloud.account_id)


_PUT_BLOCK = Call(
    operation="PutPublicAccessBlock",
    names=_BLOCKS,
    adds=lambda s: {
        "AccountId": _account(s),
        "PublicAccessBlockConfiguration": {
            member.rpartition(".")[2]: bool(s.inputs.get(name)) for name, member in _BLOCKS.items()
        },
    },
    fills=("AccountId",),
)

ACCOUNT_PUBLIC_ACCESS_BLOCK = ResourceType(
    type="aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    service="s3control",
    tier="native",
    create=_PUT_BLOCK,
    id=_account,
    read=reading(
        "s3control", "GetPublicAccessBlock", identified("AccountId"), "PublicAccessBlockConfiguration"
    ),
    delete=Call(operation="DeletePublicAccessBlock", sends=(), adds=identified("AccountId")),
    steps=(Step(on=tuple(_BLOCKS), do=_PUT_BLOCK, at_create=False),),
    outputs={"accountId": lambda s: s.id},
    echoes={name: member.rpartition(".")[2] for name, member in _BLOCKS.items()},
    known_id=_account,
    place=("accountId",),
)

TYPES = (
    INTELLIGENT_TIERING,
    METRIC,
    ANALYTICS,
    REPLICATION,
    OBJECT_LOCK,
    ACCOUNT_PUBLIC_ACCESS_BLOCK,
)
