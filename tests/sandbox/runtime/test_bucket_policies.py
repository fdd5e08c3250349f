"""What bucket policies stop: exactly what they deny, by their conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.policies.document import Access, UnknownOperatorError, Verdict, verdict


def _bucket(cloud: Any, name: str, *statements: dict[str, Any]) -> Any:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    s3.put_bucket_policy(Bucket=name, Policy=policy)
    return s3


def _deny(bucket: str, condition: dict[str, Any], action: Any = "s3:*") -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": condition,
    }


def test_a_policy_that_demands_tls_lets_the_loopback_through(cloud: Any) -> None:
    s3 = _bucket(cloud, "tls-only", _deny("tls-only", {"Bool": {"aws:SecureTransport": "false"}}))
    s3.put_object(Bucket="tls-only", Key="k", Body=b"x")
    assert s3.get_object(Bucket="tls-only", Key="k")["Body"].read() == b"x"
    s3.delete_object(Bucket="tls-only", Key="k")


def test_an_unencrypted_put_is_denied_and_an_encrypted_one_is_not(cloud: Any) -> None:
    condition = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    s3 = _bucket(cloud, "kms-only", _deny("kms-only", condition, "s3:PutObject"))
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket="kms-only", Key="k", Body=b"x")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="kms-only", Key="k", Body=b"x", ServerSideEncryption="AES256")
    s3.put_object(Bucket="kms-only", Key="k", Body=b"x", ServerSideEncryption="aws:kms")


def test_a_denial_of_another_encryption_lets_the_default_through(cloud: Any) -> None:
    given = "s3:x-amz-server-side-encryption"
    condition = {"StringNotEquals": {given: "aws:kms"}, "Null": {given: "false"}}
    s3 = _bucket(cloud, "default-kms", _deny("default-kms", condition, ["s3:PutObject"]))
    s3.put_object(Bucket="default-kms", Key="k", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="default-kms", Key="k", Body=b"x", ServerSideEncryption="AES256")


def test_a_plain_denial_of_an_action_stops_that_action_alone(cloud: Any) -> None:
    statement = _deny("keeps", {}, ["s3:DeleteObject*"])
    s3 = _bucket(cloud, "keeps", statement)
    s3.put_object(Bucket="keeps", Key="k", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="keeps", Key="k")
    assert s3.head_object(Bucket="keeps", Key="k")["ContentLength"] == 1


def test_a_log_bucket_whose_policy_speaks_of_everyone_takes_logs(cloud: Any) -> None:
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": "arn:aws:s3:::access-logs/*",
    }
    s3 = _bucket(
        cloud, "access-logs", _deny("access-logs", {"Bool": {"aws:SecureTransport": "false"}}), service
    )
    s3.create_bucket(Bucket="logged")
    target = {"LoggingEnabled": {"TargetBucket": "access-logs", "TargetPrefix": "logged/"}}
    s3.put_bucket_logging(Bucket="logged", BucketLoggingStatus=target)
    assert s3.get_bucket_logging(Bucket="logged")["LoggingEnabled"]["TargetBucket"] == "access-logs"


def test_a_policy_for_a_prefix_leaves_the_rest(cloud: Any) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::some/x/*",
    }
    s3 = _bucket(cloud, "some-prefix", {**statement, "Resource": "arn:aws:s3:::some-prefix/x/*"})
    for key in ("x/1", "y/1"):
        s3.put_object(Bucket="some-prefix", Key=key, Body=b"x")
    s3.get_object(Bucket="some-prefix", Key="y/1")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="some-prefix", Key="x/1")


_CONTEXT = {
    "aws:number": ("5",),
    "aws:text": ("abc",),
    "aws:ip": ("10.0.0.7",),
    "aws:date": ("2026-11-01T00:00:00Z",),
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:text": ["x", "abc"]}}, True),
        ({"StringEquals": {"AWS:Text": "abc"}}, True),
        ({"StringEquals": {"aws:missing": "abc"}}, False),
        ({"StringNotEquals": {"aws:missing": "abc"}}, True),
        ({"StringNotEquals": {"aws:text": ["x", "abc"]}}, False),
        ({"StringLike": {"aws:text": "a?c"}}, True),
        ({"StringLike": {"aws:text": "a[b]c"}}, False),
        ({"StringEqualsIfExists": {"aws:missing": "abc"}}, True),
        ({"Null": {"aws:missing": "true"}}, True),
        ({"Null": {"aws:text": "true"}}, False),
        ({"NumericLessThan": {"aws:number": "6"}}, True),
        ({"NumericGreaterThanEquals": {"aws:number": 6}}, False),
        ({"IpAddress": {"aws:ip": "10.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:ip": ["192.168.0.0/16"]}}, True),
        ({"DateLessThan": {"aws:date": "2027-01-01T00:00:00Z"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:text": "abc"}}, True),
        ({"ForAllValues:StringEquals": {"aws:missing": "abc"}}, True),
        ({"StringEquals": {"aws:text": "abc"}, "Bool": {"aws:missing": "true"}}, False),
    ],
)
def test_conditions_hold_as_iam_has_it(condition: dict[str, Any], holds: bool) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    access = Access({"AWS": frozenset({"1"})}, "s3:GetObject", "arn:aws:s3:::b/k", _CONTEXT)
    expected = Verdict.DENIED if holds else Verdict.SILENT
    assert verdict({"Statement": statement}, access) is expected


def test_an_operator_that_iam_does_not_have_is_an_error() -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"StringIs": {"a": "b"}}}
    with pytest.raises(UnknownOperatorError, match="StringIs"):
        verdict({"Statement": [statement]}, Access({}, "s3:GetObject", "r", {"a": ("b",)}))


def test_a_denial_outweighs_a_permission() -> None:
    allow = {"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "s3:Get*", "Resource": "*"}
    deny = {"Effect": "Deny", "NotPrincipal": {"AWS": "2"}, "NotAction": "s3:Put*", "NotResource": "other"}
    access = Access({"AWS": frozenset({"1"})}, "s3:GetObject", "r")
    assert verdict({"Statement": [allow]}, access) is Verdict.ALLOWED
    assert verdict({"Statement": [allow, deny]}, access) is Verdict.DENIED
    assert verdict({"Statement": []}, access) is Verdict.SILENT


def test_access_logs_go_only_where_the_policy_lets_s3_deliver_them(cloud: Any) -> None:
    delivery = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": ["arn:aws:s3:::log-target/s3/*"],
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logged-*"}},
    }
    s3 = _bucket(
        cloud, "log-target", _deny("log-target", {"Bool": {"aws:SecureTransport": "false"}}), delivery
    )

    def log(source: str, prefix: str) -> None:
        s3.create_bucket(Bucket=source)
        enabled = {"TargetBucket": "log-target", "TargetPrefix": prefix}
        s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={"LoggingEnabled": enabled})

    log("logged-source", "s3/logged/")
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        log("logged-elsewhere", "other/")
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        log("stranger", "s3/stranger/")


_TEAM = "${aws:PrincipalTag/Team}"
_ON_TEAMS_FOLDER = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::lake/teams/{_TEAM}/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/Team": _TEAM}},
        }
    ]
}


@pytest.mark.parametrize(
    ("team", "folder", "tagged", "said"),
    [
        ("risk", "risk", "risk", Verdict.ALLOWED),
        ("risk", "fraud", "risk", Verdict.SILENT),
        ("risk", "risk", "fraud", Verdict.SILENT),
        (None, "risk", "risk", Verdict.SILENT),
        ("*", "risk", "*", Verdict.SILENT),
    ],
)
def test_a_variable_stands_for_its_value_and_for_nothing_else(
    team: str | None, folder: str, tagged: str, said: Verdict
) -> None:
    context = {"aws:resourcetag/team": (tagged,)} | ({"aws:principaltag/team": (team,)} if team else {})
    access = Access({"AWS": frozenset({"1"})}, "s3:GetObject", f"arn:aws:s3:::lake/teams/{folder}/x", context)
    assert verdict(_ON_TEAMS_FOLDER, access) is said


def test_a_variable_has_a_default_and_brings_no_wildcard_into_a_pattern() -> None:
    def said(wanted: str, context: dict[str, tuple[str, ...]]) -> Verdict:
        condition = {"StringLike": {"aws:RequestTag/Team": wanted}}
        statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": condition}
        return verdict({"Statement": statement}, Access({"AWS": frozenset()}, "a:B", "*", context))

    risk = {"aws:requesttag/team": ("risk",)}
    assert said("${aws:PrincipalTag/Team, 'risk'}", risk) is Verdict.ALLOWED
    assert said("r${*}sk", risk) is Verdict.SILENT
    assert said(_TEAM, {**risk, "aws:principaltag/team": ("r*",)}) is Verdict.SILENT
