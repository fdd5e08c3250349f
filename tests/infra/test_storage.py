"""Are the zones protected in both regions, and do their objects move and end as S3 allows?"""

import json
from fnmatch import fnmatch
from typing import Any, get_args

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from mocked import Build, build, foundation, topics
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from infra.foundation.boundary import boundary_statements
from infra.foundation.place import Place
from infra.settings.environments import DEFAULTS
from infra.settings.loading import SettingsError, read_settings
from infra.storage.lifecycle import deep_tierings, lifecycle_rules
from infra.storage.replication import carrier_statements
from infra.storage.storage import Storage, StorageArgs
from infra.storage.zone_policies import zone_statements
from infra.storage.zones import ZONES, Replicable, StorageSettings, Zone, ZoneSettings
from sandbox.aws.provider import AwsProvider

PLACE = Place(project="groundplan", stack="dev", account="123456789012", region="us-east-1", partition="aws")
COPIED = get_args(Replicable)


def _storage(
    storage: dict[str, Any] | None = None,
    *,
    environment: str = "prod",
    recovery: str | None = None,
    preview: bool = False,
) -> Build:
    chosen = read_settings(environment, {"storage": storage or {}}).storage

    def program() -> dict[str, Any]:
        base = foundation(
            recovery_region=recovery,
            replica_key_arns={
                domain: f"arn:aws:kms:{recovery}:123456789012:key/{domain}"
                for domain in ("data", "model", "logs", "backup")
            }
            if recovery
            else {},
        )
        made = Storage("storage", StorageArgs(settings=chosen, foundation=base, topics=topics()))
        return {"buckets": dict(made.buckets), "replicas": dict(made.replicas)}

    return build(program, preview=preview)


def _parts(made: Build, kind: str, ending: str) -> set[str]:
    token = f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}"
    return {name.removesuffix(ending) for name in made.of(token)}


def test_every_zone_refuses_plain_http_and_only_logs_and_audit_let_a_service_in() -> None:
    for zone in ZONES:
        first, *rest = zone_statements(zone, PLACE)
        assert first.effect == "Deny"
        assert first.conditions == {"Bool": {"aws:SecureTransport": "false"}}
        assert bool(rest) == (zone in ("logs", "audit"))
        for statement in rest:
            assert "123456789012" in json.dumps(statement.conditions)


def test_services_write_below_their_own_prefix_alone_and_none_but_trails_where_a_lock_is() -> None:
    def writes(zone: Zone) -> dict[str, list[str]]:
        return {
            statement.sid: [arn.partition("-123456789012")[2] for arn in statement.resources]
            for statement in zone_statements(zone, PLACE)
            if "s3:PutObject" in statement.actions
        }

    assert writes("audit") == {"TrailsWrite": ["/cloudtrail/AWSLogs/123456789012/*"]}
    assert writes("logs") == {
        "DeliverAccessLogs": ["/*"],
        "ConfigWrites": ["/config/AWSLogs/123456789012/Config/*"],
    }


def test_tiers_come_in_order_and_leftovers_always_go() -> None:
    assert [rule["id"] for rule in lifecycle_rules(ZoneSettings())] == ["leftovers", "temporary"]
    full = ZoneSettings(
        infrequent_after_days=30,
        archive_after_days=90,
        deep_archive_after_days=365,
        expire_after_days=400,
    )
    rules: dict[str, Any] = {str(rule["id"]): rule for rule in lifecycle_rules(full)}
    tiers = [(tier["days"], tier["storage_class"]) for tier in rules["tiers"]["transitions"]]
    assert tiers == [(30, "STANDARD_IA"), (90, "GLACIER_IR"), (365, "DEEP_ARCHIVE")]
    assert rules["expiry"]["expiration"] == {"days": 400}


def test_intelligent_tiering_takes_the_place_of_the_tiers_by_the_clock() -> None:
    chosen = ZoneSettings(
        intelligent_tiering=True,
        infrequent_after_days=90,
        archive_after_days=100,
        deep_archive_after_days=365,
    )
    rules: dict[str, Any] = {str(rule["id"]): rule for rule in lifecycle_rules(chosen)}
    assert rules["tiers"]["transitions"] == [{"days": 0, "storage_class": "INTELLIGENT_TIERING"}]
    assert deep_tierings(chosen) == [{"access_tier": "DEEP_ARCHIVE_ACCESS", "days": 365}]
    assert deep_tierings(ZoneSettings(deep_archive_after_days=365)) == []


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        (
            {"infrequentAfterDays": 60, "archiveAfterDays": 80},
            "archiveAfterDays of 90 or more, 30 days after infrequentAfterDays; or none",
        ),
        (
            {"infrequentAfterDays": None, "archiveAfterDays": 100, "deepArchiveAfterDays": 100},
            "deepArchiveAfterDays of 130 or more, 30 days after archiveAfterDays; or none",
        ),
        (
            {"infrequentAfterDays": 60, "archiveAfterDays": None, "expireAfterDays": 60},
            "expireAfterDays of more than infrequentAfterDays, 60; or none in the place of either",
        ),
        (
            {"intelligentTiering": True, "deepArchiveAfterDays": 100},
            "deepArchiveAfterDays of 180 to 730 with intelligentTiering",
        ),
        ({"infrequentAfterDays": 29}, "greater than or equal to 30"),
    ],
)
def test_what_s3_refuses_of_a_lifecycle_is_refused_by_name(zone: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as failure:
        read_settings("dev", {"storage": {"raw": zone}})
    assert told in str(failure.value)
    assert "groundplan:storage.raw" in str(failure.value)


_DAYS = st.none() | st.integers(1, 400) | st.sampled_from([29, 30, 59, 60, 89, 90, 120, 180, 730, 731])
_ZONES = st.fixed_dictionaries(
    {},
    optional={
        "intelligentTiering": st.booleans(),
        "infrequentAfterDays": _DAYS,
        "archiveAfterDays": _DAYS,
        "deepArchiveAfterDays": _DAYS,
        "expireAfterDays": _DAYS,
    },
)


@given(_ZONES)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_what_the_settings_take_s3_takes_too(zone: dict[str, Any]) -> None:
    try:
        chosen = ZoneSettings.model_validate_json(json.dumps(zone))
    except ValidationError:
        reject()
    provider = AwsProvider("http://127.0.0.1:9")  # Check makes no request
    provider.configure({"region": "us-east-1"})
    inputs = {"bucket": "zone", "rules": [_camel(rule) for rule in lifecycle_rules(chosen)]}
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    assert provider.check(f"urn:pulumi:dev::g::{token}::x", {}, inputs, b"0" * 32).failures == ()
    if tierings := deep_tierings(chosen):
        token = "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"
        inputs = {"bucket": "zone", "name": "deep", "tierings": [_camel(one) for one in tierings]}
        assert provider.check(f"urn:pulumi:dev::g::{token}::x", {}, inputs, b"0" * 32).failures == ()


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_camel(name): _camel(one) for name, one in value.items()}
    return [_camel(one) for one in value] if isinstance(value, list) else value


def test_a_locked_log_is_not_to_end_before_its_lock() -> None:
    with pytest.raises(SettingsError, match="expireAfterDays of lockDays, 4000, or more"):
        read_settings("prod", {"storage": {"audit": {"lockDays": 4000}}})


@pytest.mark.parametrize("environment", DEFAULTS)
@pytest.mark.parametrize("preview", [False, True])
def test_every_environment_has_every_zone_protected(environment: str, preview: bool) -> None:
    made = _storage(environment=environment, preview=preview)
    zones = {f"storage-{zone}" for zone in ZONES}
    assert set(made.of("aws:s3/bucket:Bucket")) == zones
    for kind, ending in (
        ("BucketServerSideEncryptionConfiguration", "-encrypted"),
        ("BucketVersioning", "-versions"),
        ("BucketPublicAccessBlock", "-private"),
        ("BucketOwnershipControls", "-owned"),
        ("BucketLifecycleConfiguration", "-tiers"),
        ("BucketPolicy", "-policy"),
    ):
        assert _parts(made, kind, ending) == zones
    assert _parts(made, "BucketLogging", "-access-log") == zones - {"storage-logs"}
    assert made.of("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock")
    assert tuple(made.outputs["buckets"]) == ZONES
    assert made.outputs["replicas"] == {}


def test_audit_logs_are_locked_as_the_environment_says_by_no_flag_of_the_bucket() -> None:
    kept = {}
    for environment in DEFAULTS:
        made = _storage(environment=environment)
        assert not [one for one in made.of("aws:s3/bucket:Bucket").values() if "objectLockEnabled" in one]
        kept[environment] = [
            lock["rule"]["defaultRetention"]["mode"]
            for lock in made.of("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration").values()
        ]
    assert kept == {"dev": [], "staging": ["GOVERNANCE"], "prod": ["COMPLIANCE"]}


def test_only_compliance_outlives_a_destroy() -> None:
    chosen = {name: read_settings(name, {}).storage for name in DEFAULTS}
    retained = {name: [zone for zone in ZONES if one.retained(zone)] for name, one in chosen.items()}
    assert retained == {"dev": [], "staging": [], "prod": ["audit"]}


@pytest.mark.parametrize("preview", [False, True])
def test_copies_are_protected_as_their_zones_are(preview: bool) -> None:
    made = _storage(recovery="us-west-2", preview=preview)
    copies = {
        name: one for name, one in made.of("aws:s3/bucket:Bucket").items() if one.get("region") == "us-west-2"
    }
    wanted = {f"storage-replication-us-west-2-{zone}" for zone in (*COPIED, "logs")}
    assert set(copies) == wanted
    for kind, ending in (
        ("BucketServerSideEncryptionConfiguration", "-encrypted"),
        ("BucketVersioning", "-versions"),
        ("BucketPublicAccessBlock", "-private"),
        ("BucketOwnershipControls", "-owned"),
        ("BucketLifecycleConfiguration", "-tiers"),
        ("BucketPolicy", "-policy"),
    ):
        assert wanted <= _parts(made, kind, ending)
    locks = made.of("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    assert set(locks) == {"storage-audit-lock", "storage-replication-us-west-2-audit-lock"}
    assert tuple(made.outputs["replicas"]) == COPIED


def test_copies_are_sealed_with_the_replica_of_the_zones_own_key() -> None:
    made = _storage(recovery="us-west-2")
    rules = made.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    keys = {
        name: one["rules"][0]["destination"]["encryptionConfiguration"]["replicaKmsKeyId"]
        for name, one in rules.items()
    }
    west = "arn:aws:kms:us-west-2:123456789012:key"
    assert keys["storage-replication-raw-to-us-west-2"] == f"{west}/data"
    assert keys["storage-replication-models-to-us-west-2"] == f"{west}/model"
    assert keys["storage-replication-audit-to-us-west-2"] == f"{west}/logs"
    assert all(one["rules"][0]["deleteMarkerReplication"] == {"status": "Enabled"} for one in rules.values())
    assert len(made.of("aws:cloudwatch/metricAlarm:MetricAlarm")) == 2 * len(COPIED)


def test_a_second_region_touches_no_bucket_of_the_first() -> None:
    one, two = _storage(), _storage(recovery="us-west-2")
    own = {name: bucket for name, bucket in two.of("aws:s3/bucket:Bucket").items() if "region" not in bucket}
    assert own == one.of("aws:s3/bucket:Bucket")


def test_no_zone_is_copied_where_none_is_named() -> None:
    made = _storage({"replicated": []}, recovery="us-west-2")
    assert not made.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    assert len(made.of("aws:s3/bucket:Bucket")) == len(ZONES)


def test_the_carrier_stays_below_the_boundary_and_writes_copies_alone() -> None:
    statements = carrier_statements(COPIED, PLACE, "us-west-2", ["arn:aws:kms:a"], ["arn:aws:kms:b"])
    ceiling = [action for one in boundary_statements(PLACE, "us-west-2") for action in one.actions]
    for statement in statements:
        for action in statement.actions:
            assert any(fnmatch(action, allowed) for allowed in ceiling)
            assert not action.endswith("*")
    written = [arn for one in statements if one.sid == "WriteCopies" for arn in one.resources]
    assert all("-us-west-2-" in arn for arn in written)


def test_names_of_copies_stay_within_the_limits_of_s3() -> None:
    made = _storage(recovery="us-west-2")
    assert max(len(one["bucket"]) for one in made.of("aws:s3/bucket:Bucket").values()) <= 63
    assert isinstance(read_settings("prod", {}).storage, StorageSettings)
