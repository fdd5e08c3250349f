"""Inputs are refused before anything is made: every fault at once, at the path that the author wrote."""

from __future__ import annotations

import hashlib
import json

import pytest
from aws_driver import Driver, urn_of
from lives.life import trust

from sandbox.aws.provider import AwsProvider
from sandbox.engine.provider import CheckResult
from sandbox.engine.values import UNKNOWN, Archive, Asset, PropertyMap

SEED = hashlib.sha256(b"seed").digest()
VARIANT = {"variantName": "live", "modelName": "m", "instanceType": "ml.m5.large", "initialInstanceCount": 1}
CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


def checked(
    provider: AwsProvider, token: str, inputs: PropertyMap, olds: PropertyMap | None = None
) -> CheckResult:
    return provider.check(urn_of(token, "x"), olds or {}, inputs, SEED)


def refusals(provider: AwsProvider, token: str, inputs: PropertyMap) -> dict[str, str]:
    return {failure.property: failure.reason for failure in checked(provider, token, inputs).failures}


def test_all_faults_are_told_at_once_with_their_paths(provider: AwsProvider) -> None:
    variant = {**VARIANT, "instanceType": "ml.m5.lrge", "initialInstanceCount": 0}
    found = refusals(
        provider,
        CONFIG,
        {
            "name": "not_a_name",
            "productionVariants": [variant],
            "dataCaptureConfig": {
                "destinationS3Uri": "s3://captures/x",
                "initialSamplingPercentage": 101,
                "captureOptions": [{"captureMode": "Sideways"}],
            },
        },
    )
    assert set(found) == {
        "name",
        "productionVariants[0].instanceType",
        "productionVariants[0].initialInstanceCount",
        "dataCaptureConfig.initialSamplingPercentage",
        "dataCaptureConfig.captureOptions[0].captureMode",
    }
    assert "ml.m5.large" in found["productionVariants[0].instanceType"]
    assert "Input, Output" in found["dataCaptureConfig.captureOptions[0].captureMode"]
    assert "0 to 100" in found["dataCaptureConfig.initialSamplingPercentage"]
    assert "pattern" in found["name"]


def test_instance_types_newer_than_the_emulator_are_known(provider: AwsProvider) -> None:
    assert (
        refusals(provider, CONFIG, {"productionVariants": [{**VARIANT, "instanceType": "ml.g6.xlarge"}]})
        == {}
    )


def test_an_unknown_property_is_refused_with_the_nearest_name(provider: AwsProvider) -> None:
    found = refusals(provider, "aws:s3/bucket:Bucket", {"forceDestory": True})
    assert "did you mean forceDestroy?" in found["forceDestory"]


def test_an_unknown_nested_property_is_refused(provider: AwsProvider) -> None:
    rule = {"id": "a", "status": "Enabled", "filter": {"prefx": ""}}
    found = refusals(provider, LIFECYCLE, {"bucket": "raw", "rules": [rule]})
    assert "did you mean prefix?" in found["rules[0].filter.prefx"]


def test_a_missing_property_and_a_wrong_kind_are_refused(provider: AwsProvider) -> None:
    found = refusals(provider, LIFECYCLE, {"bucket": "raw", "rules": [{"id": 5}]})
    assert found["rules[0].status"] == "is required and was not given"
    assert "must be a string" in found["rules[0].id"]


def test_an_unknown_value_is_left_for_later(provider: AwsProvider) -> None:
    inputs = {
        "name": UNKNOWN,
        "productionVariants": [{**VARIANT, "modelName": UNKNOWN}],
        "kmsKeyArn": UNKNOWN,
    }
    assert refusals(provider, CONFIG, inputs) == {}


def test_an_entry_without_a_value_is_no_entry(driver: Driver) -> None:
    role = driver.make("aws:iam/role:Role", "reads", {"assumeRolePolicy": trust("lambda")})
    function = {
        "runtime": "python3.12",
        "handler": "handler.handle",
        "role": role.outputs["arn"],
        "code": Archive(assets={"handler.py": Asset(text="def handle(event, _):\n    return 0\n")}, hash="1"),
        "environment": {"variables": {"TOKEN": None, "ZONE": "raw"}},
    }
    made = driver.make("aws:lambda/function:Function", "reads", function)
    again = driver.check("aws:lambda/function:Function", "reads", function, made.inputs)
    assert driver.diff(made, again).changes is False
    driver.delete(made)
    driver.delete(role)


def test_a_policy_that_is_no_policy_is_refused(provider: AwsProvider) -> None:
    statement = {"Effect": "Permit", "Action": "everything", "Principle": "*"}
    policy = json.dumps({"Version": "2012-10-18", "Statement": [statement]})
    found = refusals(provider, "aws:s3/bucketPolicy:BucketPolicy", {"bucket": "raw", "policy": policy})
    assert {
        "policy.Version",
        "policy.Statement[0].Effect",
        "policy.Statement[0].Principle",
        "policy.Statement[0].Action",
        "policy.Statement[0].Principal",
    } == set(found)
    broken = refusals(provider, "aws:iam/role:Role", {"assumeRolePolicy": "{"})
    assert "is no valid JSON" in broken["assumeRolePolicy"]


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.1/16"}, "cidrBlock"),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/8"}, "cidrBlock"),
        ("aws:s3/bucket:Bucket", {"bucket": "Raw_Data"}, "bucket"),
        ("aws:s3/bucket:Bucket", {"versioning": {"enabled": True}}, "versioning"),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 31}, "retentionInDays"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 6}, "deletionWindowInDays"),
        ("aws:kms/alias:Alias", {"name": "raw", "targetKeyId": "x"}, "name"),
        ("aws:sqs/queue:Queue", {"name": "jobs", "fifoQueue": True}, "name"),
        ("aws:sns/topicSubscription:TopicSubscription", {"protocol": "fax"}, "protocol"),
        ("aws:cloudwatch/eventRule:EventRule", {"scheduleExpression": "daily"}, "scheduleExpression"),
        ("aws:ec2/eip:Eip", {"instance": "web"}, "instance"),
    ],
)  # fmt: skip
def test_what_aws_refuses_at_deploy_is_refused_before(
    provider: AwsProvider, token: str, inputs: PropertyMap, path: str
) -> None:
    assert path in refusals(provider, token, inputs) or any(
        name.startswith(path) for name in refusals(provider, token, inputs)
    )


@pytest.mark.parametrize(
    ("moves", "ends", "path"),
    [
        ([(29, "STANDARD_IA")], None, "rules[0].transitions[0].days"),
        ([(30, "STANDARD_IA"), (59, "GLACIER_IR")], None, "rules[0].transitions[1].days"),
        ([(90, "DEEP_ARCHIVE"), (90, "GLACIER")], None, "rules[0].transitions[0].days"),
        ([(30, "GLACIER"), (60, "GLACIER")], None, "rules[0].transitions[1].storageClass"),
        ([(30, "STANDARD_IA")], 30, "rules[0].expiration.days"),
        ([(30, "STANDARD_IA"), (60, "GLACIER_IR"), (61, "DEEP_ARCHIVE")], 62, None),
        ([(0, "INTELLIGENT_TIERING")], 1, None),
    ],
)
def test_objects_move_in_the_order_and_after_the_days_that_s3_allows(
    provider: AwsProvider, moves: list[tuple[int, str]], ends: int | None, path: str | None
) -> None:
    rule: PropertyMap = {
        "id": "tiers",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "transitions": [{"days": days, "storageClass": tier} for days, tier in moves],
        **({"expiration": {"days": ends}} if ends else {}),
    }
    found = refusals(provider, LIFECYCLE, {"bucket": "zone", "rules": [rule]})
    assert list(found) == ([path] if path else [])


def test_an_unknown_type_names_the_file_to_add_it_to(provider: AwsProvider) -> None:
    (reason,) = refusals(provider, "aws:connect/instance:Instance", {}).values()
    assert "sandbox/aws/types/connect.py" in reason


def test_automatic_names_are_repeatable_and_kept(provider: AwsProvider) -> None:
    first = checked(provider, "aws:s3/bucket:Bucket", {}).inputs
    assert checked(provider, "aws:s3/bucket:Bucket", {}).inputs == first
    stem, _, digits = first["bucket"].rpartition("-")
    assert stem == "x"
    assert len(digits) == 7
    other = provider.check(urn_of("aws:s3/bucket:Bucket", "x"), first, {}, b"another seed").inputs
    assert other["bucket"] == first["bucket"]
    assert provider.check(urn_of("aws:s3/bucket:Bucket", "x"), {}, {}, b"another seed").inputs != first


def test_default_tags_are_merged_and_overruled(provider: AwsProvider) -> None:
    inputs = {"tags": {"Project": "own", "Owner": "team"}}
    assert checked(provider, "aws:sns/topic:Topic", inputs).inputs["tagsAll"] == {
        "Project": "own",
        "Owner": "team",
    }
    assert checked(provider, "aws:sns/topic:Topic", {}).inputs["tagsAll"] == {"Project": "groundplan"}


def test_documents_differ_by_meaning_only(driver: Driver) -> None:
    made = driver.make("aws:iam/role:Role", "meaning", {"assumeRolePolicy": trust("lambda")})
    spaced = json.dumps(json.loads(trust("lambda")), indent=4, sort_keys=True)
    same = driver.check("aws:iam/role:Role", "meaning", {"assumeRolePolicy": spaced}, made.inputs)
    assert driver.diff(made, same).changes is False
    other = driver.check("aws:iam/role:Role", "meaning", {"assumeRolePolicy": trust("ec2")}, made.inputs)
    assert driver.diff(made, other).detailed == {"assumeRolePolicy": "update"}
    driver.delete(made)


def test_a_fixed_name_is_deleted_before_it_is_replaced(driver: Driver) -> None:
    inputs = {"name": "fixed", "assumeRolePolicy": trust("lambda")}
    made = driver.make("aws:iam/role:Role", "fixed", inputs)
    news = driver.check("aws:iam/role:Role", "fixed", {**inputs, "path": "/a/"}, made.inputs)
    diff = driver.diff(made, news)
    assert (list(diff.replaces), diff.delete_before_replace) == (["path"], True)
    driver.delete(made)


def test_ignored_changes_are_no_changes(driver: Driver) -> None:
    made = driver.make("aws:sns/topic:Topic", "ignored", {"displayName": "one"})
    news = driver.check("aws:sns/topic:Topic", "ignored", {"displayName": "two"}, made.inputs)
    diff = driver.provider.diff(made.urn, made.id, made.outputs, made.inputs, news, ["displayName"])
    assert diff.changes is False
    driver.delete(made)


def test_the_order_of_a_set_is_no_change_even_inside_an_object(driver: Driver) -> None:
    model = "aws:sagemaker/model:Model"
    place = {"subnets": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-a"]}
    role = driver.make("aws:iam/role:Role", "serve", {"assumeRolePolicy": trust("sagemaker")})
    inputs = {
        "executionRoleArn": role.outputs["arn"],
        "primaryContainer": {"image": "x"},
        "vpcConfig": place,
    }
    made = driver.make(model, "placed", inputs)
    turned = {**inputs, "vpcConfig": {**place, "subnets": ["subnet-b", "subnet-a"]}}
    assert driver.diff(made, driver.check(model, "placed", turned, made.inputs)).changes is False
    fewer = {**inputs, "vpcConfig": {**place, "subnets": ["subnet-b"]}}
    assert "vpcConfig" in driver.diff(made, driver.check(model, "placed", fewer, made.inputs)).replaces
    driver.delete(made)
    driver.delete(role)
