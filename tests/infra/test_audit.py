"""Is the account recorded and judged as the settings say, each part by its own switch?"""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from mocked import Build, build, foundation, topics

from infra.audit.activity import ACTIVITIES
from infra.audit.audit import Audit, AuditArgs
from infra.audit.rules import RULES, of_name
from infra.audit.trail import trail_name
from infra.foundation.encryption import key_statements
from infra.foundation.place import Place
from infra.settings.loading import SettingsError, read_settings
from infra.storage.storage import zone_statements

PLACE = Place(project="groundplan", stack="dev", account="123456789012", region="us-east-1", partition="aws")
TRAIL = "aws:cloudtrail/trail:Trail"
RECORDER = "aws:cfg/recorder:Recorder"
DETECTOR = "aws:guardduty/detector:Detector"
HUB = "aws:securityhub/account:Account"
ANALYZER = "aws:accessanalyzer/analyzer:Analyzer"
MACIE = "aws:macie2/account:Account"
INSPECTOR = "aws:inspector2/enabler:Enabler"
PARTS = (TRAIL, RECORDER, DETECTOR, HUB, ANALYZER, MACIE, INSPECTOR)


def _built(environment: str, audit: dict[str, Any] | None = None, *, preview: bool = False) -> Build:
    settings = read_settings(environment, {"audit": audit or {}}).audit

    def program() -> dict[str, Any]:
        made = Audit(
            "audit",
            AuditArgs(
                settings=settings,
                foundation=foundation(),
                topics=topics(),
                trail_bucket="groundplan-dev-audit-123456789012",
                config_bucket="groundplan-dev-logs-123456789012",
            ),
        )
        return {"urn": made.urn}

    return build(program, preview=preview)


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ("dev", {TRAIL, ANALYZER}),
        ("staging", {TRAIL, ANALYZER, RECORDER, DETECTOR}),
        ("prod", set(PARTS) - {MACIE}),
    ],
)
def test_each_environment_has_its_parts(environment: str, parts: set[str]) -> None:
    assert set(_built(environment).kinds) & set(PARTS) == parts


@pytest.mark.parametrize(
    ("audit", "kind"),
    [
        ({"trail": {"enabled": False}}, TRAIL),
        ({"recorder": {"enabled": False}}, RECORDER),
        ({"threats": {"enabled": False}}, DETECTOR),
        ({"hub": {"enabled": False}}, HUB),
        ({"analyzer": {"external": False, "unusedDays": None}}, ANALYZER),
        ({"inspector": {"enabled": False}}, INSPECTOR),
    ],
)
def test_each_part_can_be_left_out_by_itself(audit: dict[str, Any], kind: str) -> None:
    kinds = set(_built("prod", audit).kinds)
    assert kind not in kinds
    assert kinds & set(PARTS) == set(PARTS) - {MACIE, kind}


def test_macie_is_switched_on_by_setting() -> None:
    found = _built("dev", {"macie": {"enabled": True}})
    assert found.of(MACIE)
    assert "groundplan-dev-sensitive-data" in _rules(found)


def test_the_trail_covers_every_region_is_validated_and_stands_on_the_logs_key() -> None:
    (trail,) = _built("dev").of(TRAIL).values()
    assert trail["isMultiRegionTrail"] is True
    assert trail["enableLogFileValidation"] is True
    assert trail["kmsKeyId"].endswith("key/logs")
    assert trail["s3KeyPrefix"] == "cloudtrail"
    assert [one["name"] for one in trail["advancedEventSelectors"]] == ["Management events"]
    assert "cloudWatchLogsGroupArn" not in trail


def test_data_events_leave_out_what_the_trail_itself_writes() -> None:
    (trail,) = _built("prod").of(TRAIL).values()
    _, data = trail["advancedEventSelectors"]
    (watched,) = [one["startsWiths"] for one in data["fieldSelectors"] if one["field"] == "resources.ARN"]
    assert not [arn for arn in watched if "-logs-" in arn or "-audit-" in arn]


def test_the_buckets_and_the_key_admit_the_trail_by_its_name_and_config_by_the_account() -> None:
    arn = PLACE.arn("cloudtrail", f"trail/{trail_name(PLACE)}")
    audit = {one.sid: one for one in zone_statements("audit", PLACE)}
    assert audit["TrailsWrite"].resources == [
        "arn:aws:s3:::groundplan-dev-audit-123456789012/cloudtrail/AWSLogs/123456789012/*"
    ]
    pattern = audit["TrailsWrite"].conditions["ArnLike"]["aws:SourceArn"]
    assert isinstance(pattern, str)
    assert arn.startswith(pattern.removesuffix("*"))
    (key,) = [one for one in key_statements("logs", PLACE) if one.sid == "TrailsOfThisAccount"]
    allowed = key.conditions["ArnLike"]["aws:SourceArn"]
    assert isinstance(allowed, str)
    assert fnmatchcase(arn, allowed)
    # AWS Config delivers nothing to a bucket with a default lock, so the logs' zone takes it.
    logs = {one.sid: one for one in zone_statements("logs", PLACE)}
    assert logs["ConfigWrites"].conditions["StringEquals"] == {
        "aws:SourceAccount": "123456789012",
        "s3:x-amz-acl": "bucket-owner-full-control",
    }


def test_every_activity_has_a_filter_and_an_alarm_that_says_its_control() -> None:
    found = _built("staging")
    filters = found.of("aws:cloudwatch/logMetricFilter:LogMetricFilter").values()
    alarms = found.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()
    assert len(filters) == len(alarms) == len(ACTIVITIES) == 14
    assert {one["metricTransformation"]["name"] for one in filters} == {one["metricName"] for one in alarms}
    root = next(one for one in alarms if one["name"] == "groundplan-dev-root-used")
    assert root["alarmActions"] == [topics()["critical"]]
    assert "CIS AWS 4.3" in root["alarmDescription"]
    assert root["alarmDescription"].endswith("account-activity.md")
    # CloudWatch Logs: a pattern holds 1,024 characters at most.
    assert max(len(one["pattern"]) for one in filters) <= 1024


def test_rules_come_once_something_is_recorded_and_can_be_left_out_by_name() -> None:
    found = _built("staging", {"recorder": {"without": ["required-tags"]}})
    rules = {one["name"] for one in found.of("aws:cfg/rule:Rule").values()}
    assert len(rules) == len(RULES) - 1
    assert "groundplan-dev-required-tags" not in rules
    assert len({of_name(rule) for rule in RULES}) == len(RULES)
    assert all(rule.frameworks for rule in RULES)


def test_an_account_that_has_used_config_keeps_its_service_role() -> None:
    found = _built("staging", {"recorder": {"createServiceRole": False}})
    assert not found.of("aws:iam/serviceLinkedRole:ServiceLinkedRole")
    (recorder,) = found.of(RECORDER).values()
    assert recorder["roleArn"].endswith("config.amazonaws.com/AWSServiceRoleForConfig")


def test_features_of_guardduty_that_are_not_chosen_are_off() -> None:
    found = _built("staging", {"threats": {"features": ["malware"]}})
    states = {
        one["name"]: one["status"]
        for one in found.of("aws:guardduty/detectorFeature:DetectorFeature").values()
    }
    assert states.pop("EBS_MALWARE_PROTECTION") == "ENABLED"
    assert set(states.values()) == {"DISABLED"}


def _rules(found: Build) -> dict[str, Any]:
    rules = found.of("aws:cloudwatch/eventRule:EventRule").values()
    return {one["name"]: json.loads(one["eventPattern"]) for one in rules}


def test_findings_of_high_severity_are_told() -> None:
    rules = _rules(_built("prod"))
    assert rules["groundplan-dev-threat-found"]["detail"] == {"severity": [{"numeric": [">=", 7.0]}]}
    assert set(rules) == {
        "groundplan-dev-threat-found",
        "groundplan-dev-control-failed",
        "groundplan-dev-external-access",
        "groundplan-dev-weakness-found",
        "groundplan-dev-config-rule-broken",
    }


def test_a_preview_of_it_composes() -> None:
    assert _built("prod", {"macie": {"enabled": True}}, preview=True).of(TRAIL)


@pytest.mark.parametrize(
    ("audit", "told"),
    [
        ({"trail": {"alarms": True, "logGroup": False}}, "alarms with logGroup"),
        ({"recorder": {"without": ["no-such-rule"]}}, "there is no no-such-rule"),
        ({"threats": {"features": ["s3", "s3"]}}, "each of features once"),
        ({"inspector": {"scans": []}}, "scans"),
    ],
)
def test_an_audit_that_cannot_be_is_named(audit: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_settings("dev", {"audit": audit})
