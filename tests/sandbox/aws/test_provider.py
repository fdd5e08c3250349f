"""The provider around its table: drift, gone resources, accounts, faults, data functions, archives."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_driver import Driver, urn_of
from lives.life import trust

from sandbox.aws.archives import AssetError, archive_bytes, zipped
from sandbox.aws.cloud import UnreachableError
from sandbox.aws.configuration import WrongAccountError
from sandbox.aws.invokes import UnknownFunctionError
from sandbox.aws.lifecycle import AlreadyExistsError
from sandbox.aws.provider import AwsProvider
from sandbox.engine.values import Archive, Asset

Clients = Callable[[str], Any]
ROLE = "aws:iam/role:Role"


def test_drift_shows_in_what_is_read_and_is_set_right(driver: Driver, client: Clients) -> None:
    made = driver.make(ROLE, "drift", {"assumeRolePolicy": trust("lambda"), "description": "as written"})
    client("iam").update_role(RoleName=made.id, Description="by hand")
    client("iam").tag_role(RoleName=made.id, Tags=[{"Key": "Owner", "Value": "somebody"}])
    read = driver.read(made)
    assert read.inputs["description"] == "by hand"
    assert read.inputs["tagsAll"] == {"Project": "groundplan", "Owner": "somebody"}
    drifted = type(made)(made.urn, made.id, read.inputs, read.properties)
    diff = driver.diff(drifted, made.inputs)
    assert set(diff.detailed) == {"description", "tags", "tagsAll.Owner"} or diff.changes
    driver.change(drifted, made.inputs)
    role = client("iam").get_role(RoleName=made.id)["Role"]
    assert role["Description"] == "as written"
    assert role["Tags"] == [{"Key": "Project", "Value": "groundplan"}]
    driver.delete(made)


def test_drift_shows_on_every_attribute_of_a_queue(driver: Driver, client: Clients) -> None:
    wanted = {"delaySeconds": 5, "maxMessageSize": 2048, "receiveWaitTimeSeconds": 3}
    made = driver.make("aws:sqs/queue:Queue", "drift", wanted)
    changed = {"DelaySeconds": "6", "MaximumMessageSize": "4096", "ReceiveMessageWaitTimeSeconds": "4"}
    client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes=changed)
    found = driver.read(made).inputs
    assert {name: found[name] for name in wanted} == {
        "delaySeconds": 6,
        "maxMessageSize": 4096,
        "receiveWaitTimeSeconds": 4,
    }
    driver.delete(made)


def test_an_import_needs_the_id_alone(driver: Driver, client: Clients) -> None:
    client("sns").create_topic(Name="by-hand", Attributes={"DisplayName": "Hand"})
    arn = client("sns").create_topic(Name="by-hand")["TopicArn"]
    read = driver.provider.read(urn_of("aws:sns/topic:Topic", "t"), arn, {}, {})
    assert read.inputs == {"name": "by-hand", "displayName": "Hand"}
    assert read.properties["arn"] == arn
    client("sns").delete_topic(TopicArn=arn)


def test_a_bucket_with_force_destroy_goes_with_all_its_versions(driver: Driver, client: Clients) -> None:
    bucket = driver.make("aws:s3/bucket:Bucket", "full", {"forceDestroy": True})
    setting = {"bucket": bucket.id, "versioningConfiguration": {"status": "Enabled"}}
    driver.make("aws:s3/bucketVersioning:BucketVersioning", "full", setting)
    s3 = client("s3")
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket.id, Key="a", Body=body)
    s3.delete_object(Bucket=bucket.id, Key="a")
    driver.delete(bucket)
    assert driver.read(bucket).id == ""


def test_a_bucket_whose_versions_were_suspended_goes_with_its_delete_markers(
    driver: Driver, client: Clients
) -> None:
    bucket = driver.make("aws:s3/bucket:Bucket", "marked", {"forceDestroy": True})
    setting = {"bucket": bucket.id, "versioningConfiguration": {"status": "Enabled"}}
    versions = driver.make("aws:s3/bucketVersioning:BucketVersioning", "marked", setting)
    s3 = client("s3")
    s3.put_object(Bucket=bucket.id, Key="a", Body=b"one")
    s3.delete_object(Bucket=bucket.id, Key="a")
    driver.delete(versions)
    driver.delete(bucket)
    assert driver.read(bucket).id == ""


def test_a_full_bucket_without_force_destroy_stays(driver: Driver, client: Clients) -> None:
    bucket = driver.make("aws:s3/bucket:Bucket", "kept", {})
    client("s3").put_object(Bucket=bucket.id, Key="a", Body=b"one")
    with pytest.raises(Exception, match="BucketNotEmpty"):
        driver.delete(bucket)
    client("s3").delete_object(Bucket=bucket.id, Key="a")
    driver.delete(bucket)


def test_a_name_that_is_taken_is_an_error(driver: Driver) -> None:
    role = driver.make(ROLE, "serve", {"assumeRolePolicy": trust("sagemaker")})
    inputs = {
        "name": "taken",
        "primaryContainer": {"image": "x"},
        "executionRoleArn": role.outputs["arn"],
    }
    made = driver.make("aws:sagemaker/model:Model", "taken", inputs)
    with pytest.raises(AlreadyExistsError, match="taken exists already"):
        driver.make("aws:sagemaker/model:Model", "other", inputs)
    driver.delete(made)
    driver.delete(role)


def test_another_account_is_refused(endpoint_url: str) -> None:
    provider = AwsProvider(endpoint_url)
    with pytest.raises(WrongAccountError, match="123456789012 is not allowed"):
        provider.configure({"region": "eu-west-1", "allowedAccountIds": '["999999999999"]'})
    provider.configure({"region": "eu-west-1", "allowedAccountIds": ["123456789012"]})
    with pytest.raises(WrongAccountError):
        provider.configure({"forbiddenAccountIds": ["123456789012"]})


def test_configuration_that_cannot_be_read_is_refused(endpoint_url: str) -> None:
    checked = AwsProvider(endpoint_url).check_config("", {}, {"defaultTags": "{", "allowedAccountIds": "{}"})
    assert {failure.property for failure in checked.failures} == {"defaultTags", "allowedAccountIds"}


def test_a_sandbox_that_does_not_run_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    provider = AwsProvider(f"http://127.0.0.1:{port}")
    with pytest.raises(UnreachableError, match="groundplan sandbox start"):
        provider.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})


def test_the_data_functions_answer_as_aws_does(provider: AwsProvider) -> None:
    def ask(token: str, **arguments: Any) -> dict[str, Any]:
        answer = provider.invoke(token, arguments)
        assert not answer.failures
        return answer.properties

    assert ask("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    region = ask("aws:index/getRegion:getRegion")
    assert (region["region"], region["endpoint"]) == ("eu-west-1", "ec2.eu-west-1.amazonaws.com")
    zones = ask("aws:index/getAvailabilityZones:getAvailabilityZones", state="available")
    assert zones["names"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert ask("aws:index/getPartition:getPartition")["partition"] == "aws"
    image = ask(
        "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage",
        repositoryName="sagemaker-xgboost",
        imageTag="3.0-5",
    )
    assert image["registryPath"] == "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    with pytest.raises(UnknownFunctionError, match=r"sandbox/aws/functions/braket\.py"):
        provider.invoke("aws:braket/getDevice:getDevice", {})


def test_an_unknown_image_is_a_failure_with_what_is_known(provider: AwsProvider) -> None:
    arguments = {"repositoryName": "xgb"}
    answer = provider.invoke("aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage", arguments)
    assert "sagemaker-xgboost" in answer.failures[0].reason


def test_a_policy_document_is_written_as_the_real_provider_does(provider: AwsProvider) -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject", "s3:ListBucket"],
        "resources": ["arn:aws:s3:::raw"],
        "principals": [{"type": "Service", "identifiers": ["sagemaker.amazonaws.com"]}],
        "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
    }
    over = json.dumps({"Statement": [{"Sid": "Read", "Effect": "Deny", "Action": "*", "Resource": "*"}]})
    token = "aws:iam/getPolicyDocument:getPolicyDocument"
    answer = provider.invoke(token, {"statements": [statement]}).properties
    assert json.loads(answer["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetObject"],
                "Resource": "arn:aws:s3:::raw",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }
        ],
    }
    arguments = {"statements": [statement], "overridePolicyDocuments": [over]}
    (only,) = json.loads(provider.invoke(token, arguments).properties["json"])["Statement"]
    assert only["Effect"] == "Deny"


def test_an_archive_zips_to_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    (folder / "inner").mkdir(parents=True)
    (folder / "b.py").write_text("b")
    (folder / "inner" / "a.py").write_text("a")
    by_assets = Archive(assets={"inner": Archive(assets={"a.py": Asset(text="a")}), "b.py": Asset(text="b")})
    content = zipped(Archive(path=str(folder)))
    assert zipped(by_assets) == content
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.namelist() == ["b.py", "inner/a.py"]
    file = tmp_path / "code.zip"
    file.write_bytes(content)
    assert archive_bytes(Archive(path=str(file))) == content
    with pytest.raises(AssetError, match="cannot be read"):
        archive_bytes(Archive(assets={"a": Asset(path=str(tmp_path / "none"))}))


def test_a_refresh_of_what_was_made_without_arguments_changes_nothing(endpoint_url: str) -> None:
    plain = AwsProvider(endpoint_url)
    plain.configure({"region": "eu-west-1"})
    driver = Driver(plain)
    made = driver.make("aws:kms/key:Key", "bare", {})
    read = driver.read(made)
    assert (read.inputs, read.properties) == (made.inputs, made.outputs)
    driver.delete(made)
    plain.close()
