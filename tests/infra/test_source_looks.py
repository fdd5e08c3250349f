"""Does the data workflow, run by a sandbox, see which sources are there, as one file or in parts?"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping

import pytest
from functions_run import Client, role, sandbox

from infra.data.workflow_definition import WorkflowSite, workflow_definition

SITE = WorkflowSite(
    name="groundplan-dev",
    use_case="ml.flights",
    sources=["flights", "weather"],
    raw_bucket="raw",
    curated_bucket="curated",
    source_uri="s3://models/source/1/source.tar.gz",
    image="image",
    instance="ml.m5.xlarge",
    max_run_minutes=60,
    data_key="key",
    processing_role="role",
    subnets=["subnet-1"],
    security_group="sg-1",
    database="curated",
    table="prepared",
    ruleset="prepared",
    quality_role="role",
    undelivered_url="queue",
)

Look = Callable[[Mapping[str, bytes]], str]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@pytest.fixture(scope="module")
def look(client: Client) -> Look:
    """Runs the looks alone, over these objects; `ready`, or why they are not."""
    s3, machines = client("s3"), client("stepfunctions")
    s3.create_bucket(Bucket="raw")
    definition = json.loads(workflow_definition(SITE))
    states = {name: definition["States"][name] for name in ("Begin", "LookAtSources", "Failed")}
    states["Prepare"] = {"Type": "Succeed"}
    states["Keep"] = {"Type": "Pass", "Next": "Failed"}
    machine = machines.create_state_machine(
        name="looks",
        definition=json.dumps({"StartAt": "Begin", "States": states}),
        roleArn=role(client, "states.amazonaws.com"),
    )["stateMachineArn"]

    def looked(objects: Mapping[str, bytes]) -> str:
        for old in s3.list_objects_v2(Bucket="raw").get("Contents", ()):
            s3.delete_object(Bucket="raw", Key=old["Key"])
        for key, content in objects.items():
            s3.put_object(Bucket="raw", Key=key, Body=content)
        arn = machines.start_execution(stateMachineArn=machine, name=uuid.uuid4().hex)["executionArn"]
        deadline = time.monotonic() + 60
        while (told := machines.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return "ready" if told["status"] == "SUCCEEDED" else f"{told['error']}: {told['cause']}"

    return looked


def test_a_source_is_a_file_or_grows_in_parts(look: Look) -> None:
    weather = {"flights/weather.csv": b"origin\n"}
    assert look({"flights/flights.csv": b"carrier\n", **weather}) == "ready"
    parts = {"flights/flights/2013-01.csv": b"carrier\n", "flights/flights/2013-02.csv": b"carrier\n"}
    assert look({**parts, **weather}) == "ready"
    # The console makes an empty object for a folder.
    assert look({"flights/flights/": b"", **parts, **weather}) == "ready"


def test_a_source_that_is_missing_or_empty_is_named(look: Look) -> None:
    weather = {"flights/weather.csv": b"origin\n"}
    missing = "SourceMissing: there is neither flights/flights.csv nor a part of it"
    assert look(weather) == missing
    assert look({"flights/flights/": b"", **weather}) == missing
    assert look({"flights/flights_old.csv": b"carrier\n", **weather}) == missing
    empty = "SourceEmpty: flights/flights holds nothing"
    assert look({"flights/flights.csv": b"", **weather}) == empty
    assert look({"flights/flights/2013-01.csv": b"", **weather}) == empty
