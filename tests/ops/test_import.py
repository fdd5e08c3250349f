"""`groundplan import`: what exists already comes into the state, with the code that keeps it there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from ops.definition import python_code, variable
from sandbox.engine.state import Resource
from sandbox.engine.values import Secret


def test_an_imported_resource_and_its_code_preview_without_a_change(
    project: Path, groundplan: Callable[..., Any]
) -> None:
    (project / "__main__.py").write_text("import pulumi\n")
    started = groundplan(project, "sandbox", "start", "--json")
    endpoint = json.loads(started.out)["endpoint"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    queues = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1", **keys)
    url = queues.create_queue(
        QueueName="found",
        Attributes={"MessageRetentionPeriod": "1200"},
        tags={"Owner": "team", "camelCase": "kept"},
    )["QueueUrl"]

    done = groundplan(project, "import", "dev", "aws:sqs/queue:Queue", "found", url)
    assert done.status == 0, done.out + done.err
    assert "= 1 imported" in done.out
    code = done.out.split("delete the resources:")[1].split("Outputs:")[0]
    assert "found = aws.sqs.Queue(" in code
    assert "message_retention_seconds=1200," in code
    assert "'camelCase': 'kept'" in code
    assert "tags_all" not in code
    assert "opts=pulumi.ResourceOptions(protect=True)," in code

    # Without its code the import would be lost, so it is protected.
    lost = groundplan(project, "up", "dev", "--yes")
    assert lost.status == 1
    assert "protected" in lost.out
    (project / "__main__.py").write_text(code)
    seen = groundplan(project, "preview", "dev", "--expect-no-changes", "--json")
    assert seen.status == 0, seen.out + seen.err

    urn = "urn:pulumi:dev::scratch::aws:sqs/queue:Queue::found"
    listed = groundplan(project, "state", "dev", "list")
    assert f"{urn}  {url}  [protect]" in listed.out
    kept = groundplan(project, "state", "dev", "delete", urn)
    assert kept.status == 1
    assert "is protected" in kept.err
    assert groundplan(project, "state", "dev", "unprotect", urn).status == 0
    assert "[protect]" not in groundplan(project, "state", "dev", "list").out

    again = groundplan(project, "import", "dev", "aws:sqs/queue:Queue", "found", "another")
    assert again.status == 1
    assert "is in the state already" in again.out
    gone = groundplan(project, "import", "dev", "aws:sqs/queue:Queue", "other", url + "-gone")
    assert gone.status == 1
    assert "does not exist" in gone.out + gone.err


def test_a_file_names_many_resources_and_their_parents(project: Path, groundplan: Callable[..., Any]) -> None:
    (project / "__main__.py").write_text("import pulumi\n")
    endpoint = json.loads(groundplan(project, "sandbox", "start", "--json").out)["endpoint"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    topics = boto3.client("sns", endpoint_url=endpoint, region_name="us-east-1", **keys)
    arn = topics.create_topic(Name="news")["TopicArn"]
    listed = {
        "resources": [
            {"type": "test:index:Room", "name": "room", "component": True},
            {"type": "aws:sns/topic:Topic", "name": "news", "id": arn, "parent": "room"},
        ]
    }
    (project / "import.json").write_text(json.dumps(listed))
    done = groundplan(
        project, "import", "dev", "--file", "import.json", "--no-protect", "--out", "found.py", "--json"
    )
    assert done.status == 0, done.out + done.err
    document = json.loads(done.out)
    assert document["changes"]["import"] == 2
    assert document["urns"][1].endswith("test:index:Room$aws:sns/topic:Topic::news")
    assert "protect" not in (project / "found.py").read_text()
    for wrong, told in (
        ({"resources": [{"type": "a:b:C", "name": "n", "ID": "x"}]}, "no such key: ID"),
        ({"resources": [{"type": "a:b:C", "name": "n", "id": "x", "parent": "nobody"}]}, "named 'nobody'"),
        ({}, "a list 'resources'"),
    ):
        (project / "import.json").write_text(json.dumps(wrong))
        refused = groundplan(project, "import", "dev", "--file", "import.json")
        assert refused.status == 2
        assert told in refused.err


def test_code_is_written_as_the_packages_sdk_spells_it() -> None:
    bucket = Resource(
        urn="urn:pulumi:dev::p::aws:s3/bucket:Bucket::my-data",
        type="aws:s3/bucket:Bucket",
        custom=True,
        inputs={
            "bucket": "my-data",
            "forceDestroy": True,
            "tags": {"camelCase": "x"},
            "lifecycleRules": [
                {"enabled": True, "abortIncompleteMultipartUploadDays": 7, "tags": {"aB": "c"}}
            ],
            "policy": Secret("hush"),
            "__defaults": [],
        },
    )
    code = python_code({bucket.urn: bucket}, protect=False)
    assert code.startswith("import pulumi\nimport pulumi_aws as aws\n")
    assert "my_data = aws.s3.Bucket(" in code
    assert "force_destroy=True," in code
    assert "tags={'camelCase': 'x'}," in code
    assert "'abort_incomplete_multipart_upload_days': 7" in code
    assert "'tags': {'aB': 'c'}" in code
    assert "hush" not in code
    assert "__defaults" not in code
    compile(code, "found.py", "exec")
    assert variable("class", set()) == "_class"
    assert variable("a-b", {"a_b"}) == "a_b_2"
