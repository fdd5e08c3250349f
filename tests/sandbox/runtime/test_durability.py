"""What is left of an emulated cloud after a kill -9: everything that was answered."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import threading
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient
from sandbox.runtime.host.http import HttpRequest
from sandbox.runtime.host.journal import Entry, Journal, JournalCorruptError


def _build(cloud: Any) -> None:
    """Some fifty changes over a dozen services, the identifiers of which chance has a part in."""
    key = cloud.client("kms").create_key(Description="data")
    arn = key["KeyMetadata"]["Arn"]
    cloud.client("kms").create_alias(AliasName="alias/data", TargetKeyId=arn)
    s3 = cloud.client("s3")
    for bucket in ("raw-zone", "curated-zone"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for version in range(3):
        s3.put_object(Bucket="raw-zone", Key="small", Body=f"version {version}".encode())
    s3.put_object(Bucket="raw-zone", Key="large", Body=b"0123456789" * 100_000)
    upload = s3.create_multipart_upload(Bucket="raw-zone", Key="parts")["UploadId"]
    parts = []
    for number in (1, 2):
        body = bytes([number]) * (5 << 20)
        sent = s3.upload_part(Bucket="raw-zone", Key="parts", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"ETag": sent["ETag"], "PartNumber": number})
    s3.complete_multipart_upload(
        Bucket="raw-zone", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    s3.create_multipart_upload(Bucket="raw-zone", Key="unfinished")
    ec2 = cloud.client("ec2")
    ec2.describe_vpcs()
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    for zone in ("a", "b"):
        block = f"10.1.{ord(zone)}.0/24"
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"us-east-1{zone}")
    ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)
    iam = cloud.client("iam")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="training", AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName="training", PolicyName="p", PolicyDocument=policy)
    topic = cloud.client("sns").create_topic(Name="notices")["TopicArn"]
    queue = cloud.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    cloud.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:jobs"
    )
    cloud.client("sns").publish(TopicArn=topic, Message="hello")
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="direct")
    cloud.client("secretsmanager").create_secret(Name="webhook", SecretString="https://example.org")
    cloud.client("ssm").put_parameter(Name="/p", Value="v", Type="SecureString")
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/g")
    logs.create_log_stream(logGroupName="/g", logStreamName="s")
    logs.put_log_events(
        logGroupName="/g", logStreamName="s", logEvents=[{"timestamp": 1_790_000_000_000, "message": "line"}]
    )
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    events = cloud.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["x"]}))
    cloud.client("budgets").create_budget(
        AccountId="123456789012",
        Budget={
            "BudgetName": "monthly",
            "BudgetLimit": {"Amount": "100", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        },
    )
    address = f"{cloud.address.endpoint_url}/_sandbox/chat/team"
    headers = {"content-type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(address, b'{"text": "hello"}', headers)).close()  # noqa: S310


def _seen(cloud: Any) -> dict[str, Any]:
    """Everything of that, as its clients read it."""
    s3, kms, ec2, iam = (cloud.client(name) for name in ("s3", "kms", "ec2", "iam"))
    key = kms.list_aliases()["Aliases"][0]["TargetKeyId"]
    versions = s3.list_object_versions(Bucket="raw-zone")["Versions"]
    return {
        "key": kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"],
        "buckets": [(b["Name"], b["CreationDate"]) for b in s3.list_buckets()["Buckets"]],
        "versions": [(v["Key"], v["VersionId"], v["ETag"], v["LastModified"]) for v in versions],
        "contents": {
            name: s3.get_object(Bucket="raw-zone", Key=name)["Body"].read()
            for name in ("small", "large", "parts")
        },
        "uploads": [u["UploadId"] for u in s3.list_multipart_uploads(Bucket="raw-zone")["Uploads"]],
        "vpcs": sorted(v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"]),
        "subnets": sorted(s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]),
        "groups": sorted(g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]),
        "role": iam.get_role(RoleName="training")["Role"]["RoleId"],
        "policies": iam.list_role_policies(RoleName="training")["PolicyNames"],
        "subscriptions": [
            s["SubscriptionArn"] for s in cloud.client("sns").list_subscriptions()["Subscriptions"]
        ],
        "messages": cloud.client("sqs").get_queue_attributes(
            QueueUrl=cloud.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"],
            AttributeNames=["ApproximateNumberOfMessages"],
        )["Attributes"],
        "secret": cloud.client("secretsmanager").get_secret_value(SecretId="webhook")["SecretString"],
        "secret arn": cloud.client("secretsmanager").describe_secret(SecretId="webhook")["ARN"],
        "parameter": cloud.client("ssm").get_parameter(Name="/p", WithDecryption=True)["Parameter"]["Value"],
        "log": [e["message"] for e in cloud.client("logs").filter_log_events(logGroupName="/g")["events"]],
        "alarms": [a["AlarmArn"] for a in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "rules": [r["Arn"] for r in cloud.client("events").list_rules()["Rules"]],
        "budget": cloud.client("budgets").describe_budgets(AccountId="123456789012")["Budgets"],
        "chat": cloud.administration.channel(),
        "remaining": sorted(str(one) for one in cloud.administration.remaining().remaining),
    }


def test_a_kill_loses_nothing_that_was_answered(cloud: Any) -> None:
    _build(cloud)
    before = _seen(cloud)
    encrypted = cloud.client("kms").encrypt(KeyId=before["key"], Plaintext=b"secret")["CiphertextBlob"]
    os.kill(cloud.address.pid, signal.SIGKILL)
    again = daemon.start(cloud.root)
    assert again.endpoint_url == cloud.address.endpoint_url
    assert again.instance != cloud.address.instance
    assert _seen(cloud) == before
    assert cloud.client("kms").decrypt(CiphertextBlob=encrypted)["Plaintext"] == b"secret"
    log = (cloud.root / "daemon.log").read_text()
    assert "ERROR" not in log


def test_a_reset_leaves_an_empty_cloud(tmp_path: Path, cloud: Any) -> None:
    cloud.client("s3").create_bucket(Bucket="to-be-forgotten")
    SandboxClient(cloud.address.endpoint_url).reset()
    assert cloud.administration.remaining().remaining == ()
    assert cloud.administration.channel() == ()
    daemon.stop(cloud.root)
    daemon.start(cloud.root)
    assert cloud.administration.remaining().remaining == ()


def test_what_is_destroyed_shortens_the_journal_and_what_waits_is_kept(tmp_path: Path, cloud: Any) -> None:
    SandboxClient(cloud.address.endpoint_url).reset()
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    policy = {"MinimumPasswordLength": 17}
    cloud.client("iam").update_account_password_policy(**policy)
    queues = cloud.client("sqs")
    for n in range(110):
        queues.delete_queue(QueueUrl=queues.create_queue(QueueName=f"queue-{n}")["QueueUrl"])
    cloud.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    replayed = []
    for _ in range(3):
        daemon.stop(cloud.root)
        daemon.start(cloud.root)
        replayed.append(cloud.administration.status()["replayed"])
    assert replayed == [223, 3, 3]
    assert [one.id for one in cloud.administration.remaining().scheduled] == [key]
    assert cloud.client("iam").get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 17


def _entry(body: bytes) -> Entry:
    return Entry(1.5, 42, 200, HttpRequest("PUT", "/b/k%20", "x=1", (("a", "b"),), body))


def test_a_journal_gives_back_what_was_appended(tmp_path: Path) -> None:
    entries = [_entry(b"small"), _entry(b"large" * 100_000), _entry(b"")]
    journal = Journal(tmp_path)
    for entry in entries:
        journal.sync(journal.append(entry))
    journal.close()
    assert list(Journal(tmp_path).entries()) == entries


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_record_cut_off_at_the_end_is_dropped(tmp_path: Path, cut: int) -> None:
    journal = Journal(tmp_path)
    for body in (b"first", b"second"):
        journal.sync(journal.append(_entry(body)))
    journal.close()
    file = tmp_path / "journal"
    os.truncate(file, file.stat().st_size - cut)
    opened = Journal(tmp_path)
    assert [entry.request.body for entry in opened.entries()] == [b"first"]
    opened.append(_entry(b"third"))
    opened.close()
    assert [entry.request.body for entry in Journal(tmp_path).entries()] == [b"first", b"third"]


def test_a_damaged_record_in_the_middle_is_an_error_that_names_its_place(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    first = journal.append(_entry(b"first"))
    journal.append(_entry(b"second"))
    journal.append(_entry(b"third"))
    journal.close()
    file = tmp_path / "journal"
    content = bytearray(file.read_bytes())
    content[first + 40] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(JournalCorruptError, match=f"byte {first}"):
        Journal(tmp_path)


def test_a_reset_in_the_middle_of_an_invocation_leaves_nothing_and_functions_warm_up_again(
    cloud: Any, make_function: Callable[..., str], eventually: Callable[..., Any], tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    code = f"""
import os, pathlib, time
def handler(event, context):
    if event == "sleep":
        print("begins")
        pathlib.Path({str(begun)!r}).touch()
        time.sleep(60)
    return os.getpid()
"""
    make_function("interrupted", code, Timeout=90)
    functions = cloud.client("lambda")

    def ask() -> None:
        with contextlib.suppress(BotoCoreError, ClientError):  # It is ended, which botocore may try again.
            functions.invoke(FunctionName="interrupted", Payload=b'"sleep"')

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    assert eventually(begun.exists)
    cloud.administration.reset()
    asking.join(20)
    assert not asking.is_alive()
    assert cloud.client("logs").describe_log_groups()["logGroups"] == []

    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("code.py", code)
    functions.create_function(
        FunctionName="warm-again",
        Role=cloud.client("iam").create_role(RoleName="again", AssumeRolePolicyDocument=document)["Role"][
            "Arn"
        ],
        Runtime="python3.12",
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    said = [functions.invoke(FunctionName="warm-again", Payload=b'"ask"')["Payload"].read() for _ in range(2)]
    assert said[0] == said[1], "both were answered by one process"
