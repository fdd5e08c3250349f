"""The executable `pulumi-resource-aws` in a process of its own, against a real sandbox, over real gRPC."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from threading import Thread
from typing import Any

import grpc
import pytest
from aws_driver import urn_of
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.aws.package import EXECUTABLE, VERSION
from sandbox.aws.sandboxed import NoSandboxError, require_sandbox
from sandbox.engine.values import UNKNOWN, Asset, PropertyMap, Secret
from sandbox.engine.wire import from_struct, to_struct
from sandbox.runtime.client import SandboxClient

BUCKET = "aws:s3/bucket:Bucket"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
ROLE = "aws:iam/role:Role"
QUEUE = "aws:sqs/queue:Queue"
PARAMETER = "aws:ssm/parameter:Parameter"
TOPIC = "aws:sns/topic:Topic"
PATIENCE_S = 30.0


class Plugin:
    """The executable, running, with a client."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [str(EXECUTABLE), "127.0.0.1:1"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", [("grpc.enable_http_proxy", 0)])
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def configure(self, **inputs: Any) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-west-1", **inputs})))

    def check(self, token: str, inputs: PropertyMap, olds: PropertyMap | None = None) -> Any:
        urn = urn_of(token, "served")
        return self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn,
                olds=to_struct(olds or {}),
                news=to_struct(inputs),
                randomSeed=hashlib.sha256(str(self.folder).encode()).digest(),
            )
        )

    def checked(self, token: str, inputs: PropertyMap) -> PropertyMap:
        found = self.check(token, inputs)
        assert not found.failures, found.failures
        return from_struct(found.inputs, self.folder)

    def create(self, token: str, inputs: PropertyMap, *, preview: bool = False) -> tuple[str, PropertyMap]:
        made = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=urn_of(token, "served"), properties=to_struct(inputs), preview=preview
            )
        )
        return made.id, from_struct(made.properties, self.folder)

    def delete(self, token: str, id: str, inputs: PropertyMap, outputs: PropertyMap) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                urn=urn_of(token, "served"),
                id=id,
                old_inputs=to_struct(inputs),
                properties=to_struct(outputs),
            )
        )

    def invoke(self, token: str, **arguments: Any) -> PropertyMap:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments)))
        assert not answer.failures, answer.failures
        return from_struct(getattr(answer, "return"), self.folder)

    def end(self) -> int:
        self.channel.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def variables(endpoint_url: str, **more: str) -> dict[str, str]:
    """The environment of an engine that was led to a sandbox."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    keys = {"AWS_ACCESS_KEY_ID": "AKIA0000123456789012", "AWS_SECRET_ACCESS_KEY": "sandbox"}
    return {**kept, **keys, "AWS_ENDPOINT_URL": endpoint_url, "SANDBOX_PYTHON": sys.executable, **more}


Start = Callable[..., Plugin]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the executable; what a test has started is ended with it."""
    started: list[Plugin] = []

    def begin(environment: Mapping[str, str]) -> Plugin:
        started.append(Plugin(tmp_path, environment))
        return started[-1]

    yield begin
    for plugin in started:
        if plugin.process.poll() is None:
            plugin.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, endpoint_url: str) -> Iterator[Plugin]:
    """One that several tests share: it is configured."""
    plugin = Plugin(tmp_path_factory.mktemp("program"), variables(endpoint_url))
    plugin.configure(defaultTags='{"tags":{"Project":"served"}}', version=VERSION)
    yield plugin
    plugin.end()


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(grpc.RpcError) as found:
        call()
    return str(found.value.details())


def details_of(error: Any) -> provider_pb2.ErrorResourceInitFailed:
    """What an error says of a resource that is there, but not finished."""
    status = status_pb2.Status()
    status.ParseFromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail


def test_a_queue_is_made_compared_changed_read_and_deleted(shared: Plugin, client: Any) -> None:
    inputs = shared.checked(QUEUE, {"visibilityTimeoutSeconds": 40})
    assert inputs["tagsAll"] == {"Project": "served"}
    id, outputs = shared.create(QUEUE, inputs)
    assert outputs["arn"].startswith("arn:aws:sqs:eu-west-1:123456789012:served-")
    news = {**inputs, "visibilityTimeoutSeconds": 50}
    urn = urn_of(QUEUE, "served")
    found = shared.stub.Diff(
        provider_pb2.DiffRequest(
            urn=urn, id=id, old_inputs=to_struct(inputs), olds=to_struct(outputs), news=to_struct(news)
        )
    )
    assert list(found.detailedDiff) == ["visibilityTimeoutSeconds"]
    assert not found.replaces
    changed = shared.stub.Update(
        provider_pb2.UpdateRequest(
            urn=urn, id=id, olds=to_struct(outputs), old_inputs=to_struct(inputs), news=to_struct(news)
        )
    )
    asked = client("sqs").get_queue_attributes(QueueUrl=id, AttributeNames=["VisibilityTimeout"])
    assert asked["Attributes"]["VisibilityTimeout"] == "50"
    client("sqs").set_queue_attributes(QueueUrl=id, Attributes={"VisibilityTimeout": "60"})
    read = shared.stub.Read(
        provider_pb2.ReadRequest(urn=urn, id=id, inputs=to_struct(news), properties=changed.properties)
    )
    assert from_struct(read.inputs, shared.folder)["visibilityTimeoutSeconds"] == 60
    shared.delete(QUEUE, id, news, from_struct(changed.properties, shared.folder))
    assert shared.stub.Read(provider_pb2.ReadRequest(urn=urn, id=id, inputs=to_struct(news))).id == ""


def test_it_answers_with_the_version_that_programs_ask_for(shared: Plugin) -> None:
    assert shared.stub.GetPluginInfo(empty_pb2.Empty()).version == VERSION == metadata.version("pulumi-aws")


def test_a_preview_knows_the_inputs_and_leaves_the_rest_open(shared: Plugin, endpoint_url: str) -> None:
    before = SandboxClient(endpoint_url).remaining()
    inputs = shared.checked(TOPIC, {"name": UNKNOWN, "displayName": "Served"})
    id, outputs = shared.create(TOPIC, inputs, preview=True)
    assert id == ""
    assert (outputs["name"], outputs["arn"], outputs["displayName"]) == (UNKNOWN, UNKNOWN, "Served")
    assert SandboxClient(endpoint_url).remaining() == before


def test_inputs_that_aws_would_refuse_are_refused_with_their_paths(shared: Plugin) -> None:
    found = shared.check(ROLE, {"assumeRolePolicy": "{", "maxSessionDuration": 1})
    reasons = {item.property: item.reason for item in found.failures}
    assert "is no valid JSON" in reasons["assumeRolePolicy"]
    assert "3600" in reasons["maxSessionDuration"]


def test_an_unknown_type_says_where_to_add_it(shared: Plugin) -> None:
    (failure,) = shared.check("aws:nowhere/thing:Thing", {}).failures
    assert "Add a ResourceType to sandbox/aws/types/nowhere.py" in failure.reason
    assert "is not known to the sandbox" in refused(lambda: shared.create("aws:nowhere/thing:Thing", {}))


def test_a_secret_stays_one_though_the_cloud_sees_its_value(shared: Plugin, client: Any) -> None:
    inputs = shared.checked(PARAMETER, {"name": "/served", "type": "SecureString", "value": Secret("hush")})
    assert inputs["value"] == Secret("hush")
    id, outputs = shared.create(PARAMETER, inputs)
    assert outputs["value"] == Secret("hush")
    told = client("ssm").get_parameter(Name="/served", WithDecryption=True)
    assert told["Parameter"]["Value"] == "hush"
    shared.delete(PARAMETER, id, inputs, outputs)


def test_a_file_is_read_from_the_folder_that_the_engine_works_in(shared: Plugin, client: Any) -> None:
    (shared.folder / "page.html").write_text("<p>served</p>")
    bucket, bucket_outputs = shared.create(
        BUCKET, bucket_inputs := shared.checked(BUCKET, {"forceDestroy": True})
    )
    inputs = shared.checked(OBJECT, {"bucket": bucket, "key": "page.html", "source": Asset(path="page.html")})
    _, outputs = shared.create(OBJECT, inputs)
    assert client("s3").get_object(Bucket=bucket, Key="page.html")["Body"].read() == b"<p>served</p>"
    assert outputs["source"].path == "page.html"
    shared.delete(BUCKET, bucket, bucket_inputs, bucket_outputs)


def test_data_functions_answer(shared: Plugin) -> None:
    assert shared.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert shared.invoke("aws:index/getRegion:getRegion")["region"] == "eu-west-1"
    assert "is not known to the sandbox" in refused(lambda: shared.invoke("aws:index/getNothing:getNothing"))


def test_throttling_and_faults_of_a_service_are_waited_for(shared: Plugin, endpoint_url: str) -> None:
    administration = SandboxClient(endpoint_url)
    administration.fault("throttle", "sns:CreateTopic", times=2)
    administration.fault("error500", "sns:GetTopicAttributes", times=1)
    inputs = shared.checked(TOPIC, {"name": "patient"})
    id, outputs = shared.create(TOPIC, inputs)
    shared.delete(TOPIC, id, inputs, outputs)


def test_what_was_made_is_kept_where_a_later_request_is_refused(shared: Plugin, client: Any) -> None:
    inputs = shared.checked(
        ROLE,
        {"assumeRolePolicy": TRUST, "managedPolicyArns": ["arn:aws:iam::123456789012:policy/nobody-made-it"]},
    )
    with pytest.raises(grpc.RpcError) as found:
        shared.create(ROLE, inputs)
    detail = details_of(found.value)
    assert detail.id == inputs["name"]
    assert "nobody-made-it" in detail.reasons[0]
    client("iam").delete_role(RoleName=inputs["name"])


def test_the_engine_that_cancels_is_obeyed(start: Start, endpoint_url: str) -> None:
    plugin = start(variables(endpoint_url))
    plugin.configure()
    plugin.stub.Cancel(empty_pb2.Empty())
    inputs = plugin.checked(TOPIC, {"name": "too-late"})
    assert "was not begun: the run was cancelled" in refused(lambda: plugin.create(TOPIC, inputs))


def test_a_cancel_in_the_middle_of_a_create_loses_nothing_that_was_made(
    start: Start, endpoint_url: str, client: Any
) -> None:
    plugin = start(variables(endpoint_url))
    plugin.configure()
    inputs = plugin.checked(TOPIC, {"name": "half-way"})
    # Made at once, and then its attributes cannot be read for a while.
    SandboxClient(endpoint_url).fault("throttle", "sns:GetTopicAttributes", times=4)
    urn = urn_of(TOPIC, "served")
    create = plugin.stub.Create.future(provider_pb2.CreateRequest(urn=urn, properties=to_struct(inputs)))
    arn = "arn:aws:sns:eu-west-1:123456789012:half-way"
    deadline = time.monotonic() + PATIENCE_S
    while arn not in [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]]:
        assert time.monotonic() < deadline
    plugin.stub.Cancel(empty_pb2.Empty())
    error = create.exception()
    if error is None:
        assert create.result().id == arn
    else:
        assert details_of(error).id == arn
    client("sns").delete_topic(TopicArn=arn)


def test_a_proxy_does_not_stand_between_the_provider_and_the_sandbox(start: Start, endpoint_url: str) -> None:
    nowhere = "http://127.0.0.1:9"
    plugin = start(variables(endpoint_url, HTTP_PROXY=nowhere, http_proxy=nowhere, ALL_PROXY=nowhere))
    plugin.configure(allowedAccountIds='["123456789012"]')


def test_without_a_sandbox_it_is_told_at_the_configuration(start: Start) -> None:
    plugin = start(variables(""))
    urn = urn_of("pulumi:providers:aws", "default")
    checked = plugin.stub.CheckConfig(provider_pb2.CheckRequest(urn=urn, news=to_struct({"region": "x"})))
    assert not checked.failures
    told = refused(plugin.configure)
    assert "AWS_ENDPOINT_URL is not set" in told
    assert f"for a real account take {EXECUTABLE.parent} off PATH" in told
    assert "has not been configured" in refused(lambda: plugin.create(TOPIC, {}))


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("https://sts.amazonaws.com", "is no sandbox on this machine"),
        ("http://10.0.0.1:4566", "is no sandbox on this machine"),
        ("http://127.0.0.1:9", "no sandbox answers at http://127.0.0.1:9"),
    ],
)
def test_no_other_cloud_is_asked_anything(endpoint: str, reason: str) -> None:
    with pytest.raises(NoSandboxError, match=reason):
        require_sandbox(endpoint)


def test_another_server_of_this_machine_is_no_sandbox(endpoint_url: str) -> None:
    require_sandbox(endpoint_url)
    with HTTPServer(("127.0.0.1", 0), _Somebody) as somebody:
        Thread(target=somebody.serve_forever, daemon=True).start()
        with pytest.raises(NoSandboxError, match="is no sandbox"):
            require_sandbox(f"http://127.0.0.1:{somebody.server_port}")
        somebody.shutdown()


def test_it_ends_when_it_is_asked_to(start: Start, endpoint_url: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        plugin = start(variables(endpoint_url))
        plugin.process.send_signal(number)
        assert plugin.process.wait(PATIENCE_S) == 0


def test_it_ends_with_the_engine_that_started_it(tmp_path: Path, endpoint_url: str) -> None:
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(EXECUTABLE)],
        env=variables(endpoint_url),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout is not None
    pid = int(engine.stdout.readline())
    engine.kill()
    engine.wait(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while _runs(pid):
        assert time.monotonic() < deadline, "it outlives its engine"
        time.sleep(0.05)
    engine.stdout.close()


def test_without_its_python_it_says_what_is_missing(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    copy = tmp_path / "sandbox" / "bin" / EXECUTABLE.name
    copy.parent.mkdir(parents=True)
    shutil.copy2(EXECUTABLE, copy)
    done = subprocess.run(
        [str(copy)], env={"PATH": str(tools)}, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 1
    assert "set SANDBOX_PYTHON to the sandbox's Python" in done.stderr
    assert done.stdout == ""


TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":"lambda.amazonaws.com"}}]}'
)
ENGINE = """
import subprocess, sys, time
plugin = subprocess.Popen([sys.argv[1], "127.0.0.1:1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
plugin.stdout.readline()
print(plugin.pid, flush=True)
time.sleep(600)
"""


class _Somebody(BaseHTTPRequestHandler):
    """A server that is no sandbox."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # What nobody waits for stays as a defunct process where process 1 does not collect.
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
