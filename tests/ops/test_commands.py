"""The command as a person types it, against a sandbox of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.runtime import daemon

FOREVER = """
import asyncio


async def forever() -> None:
    await asyncio.sleep(600)


pulumi.export("never", pulumi.Output.from_input(forever()))
"""


def bucket_names(project: Path) -> list[str]:
    address = daemon.find(project / ".groundplan" / "sandbox")
    assert address is not None
    variables = daemon.environment(address)
    client = boto3.client(
        "s3",
        endpoint_url=address.endpoint_url,
        region_name=address.region,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    return sorted(bucket["Name"] for bucket in client.list_buckets()["Buckets"])


def test_a_stack_goes_up_stays_and_is_destroyed(project: Path, groundplan: Any) -> None:
    first = groundplan(project, "up", "dev")
    assert first.status == 0, first.err
    assert first.out.startswith("Stack dev on the sandbox at http://127.0.0.1:")
    assert "+   aws:s3:Bucket raw-bucket created (" in first.out
    assert "+ 10 created" in first.out
    assert bucket_names(project) == ["scratch-curated", "scratch-models", "scratch-raw"]

    second = groundplan(project, "up", "dev", "--expect-no-changes", "--json")
    assert second.status == 0, second.err
    told = json.loads(second.out)
    assert told["result"] == "succeeded"
    assert told["changes"] == {"same": 10}
    assert told["target"]["kind"] == "sandbox"

    outputs = groundplan(project, "outputs", "dev", "--json")
    assert json.loads(outputs.out) == {
        "word": "[secret]",
        "zones": {zone: f"scratch-{zone}" for zone in ("raw", "curated", "models")},
    }
    assert groundplan(project, "outputs", "dev", "word", "--show-secrets").out == "hidden\n"
    unknown = groundplan(project, "outputs", "dev", "wrod")
    assert unknown.status == 1
    assert "its outputs are: word, zones" in unknown.err

    settings = project / "stacks" / "Pulumi.dev.yaml"
    settings.write_text(settings.read_text() + "  scratch:versioning: Suspended\n")
    preview = groundplan(project, "preview", "dev")
    assert preview.status == 0, preview.err
    assert '~ versioningConfiguration.status: "Enabled" => "Suspended"' in preview.out
    assert "~ 3 to update" in preview.out

    destroyed = groundplan(project, "destroy", "dev", "--yes")
    assert destroyed.status == 0, destroyed.err
    assert destroyed.out.endswith("0 resources remain in the emulator.\n")
    assert bucket_names(project) == []


def test_destroy_names_what_remains_and_fails(project: Path, groundplan: Any) -> None:
    assert groundplan(project, "sandbox", "start").status == 0
    address = daemon.find(project / ".groundplan" / "sandbox")
    assert address is not None
    boto3.client(
        "sqs",
        endpoint_url=address.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    ).create_queue(QueueName="left-behind")
    ended = groundplan(project, "destroy", "dev", "--yes")
    assert ended.status == 1
    assert "left-behind" in ended.err
    assert "Traceback" not in ended.err


def test_an_unknown_stack_is_wrong_usage_and_lists_those_there_are(project: Path, groundplan: Any) -> None:
    ended = groundplan(project, "up", "prod")
    assert ended.status == 2
    assert "unknown stack 'prod'; the stacks there are: dev" in ended.err
    assert not (project / ".groundplan" / "sandbox").exists()


def test_an_error_is_one_document_with_json(project: Path, groundplan: Any) -> None:
    ended = groundplan(project, "up", "prod", "--json")
    assert ended.status == 2
    assert json.loads(ended.out)["error"]["kind"] == "StackUnknownError"


def test_outside_a_project_the_command_says_where_it_looked(tmp_path: Path, groundplan: Any) -> None:
    ended = groundplan(tmp_path, "up", "dev")
    assert ended.status == 2
    assert f"no Pulumi.yaml in {tmp_path}" in ended.err


def test_a_program_that_fails_is_told_without_the_engines_own_traceback(
    project: Path, groundplan: Any
) -> None:
    (project / "__main__.py").write_text(
        "import pulumi\nraise pulumi.RunError('network.zones: 9 is too many')\n"
    )
    ended = groundplan(project, "up", "dev")
    assert ended.status == 1
    assert "network.zones: 9 is too many" in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err


def test_a_type_that_the_sandbox_does_not_know_is_named(project: Path, groundplan: Any) -> None:
    (project / "__main__.py").write_text(
        "import pulumi_aws as aws\naws.chime.VoiceConnector('v', require_encryption=True)\n"
    )
    ended = groundplan(project, "up", "dev")
    assert ended.status == 1
    assert "aws:chime/voiceConnector:VoiceConnector" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_a_webhook_follows_the_sandbox_to_another_port(project: Path, groundplan: Any) -> None:
    root = project / ".groundplan" / "sandbox"
    assert groundplan(project, "sandbox", "start").status == 0
    first = daemon.find(root)
    assert first is not None

    def secrets() -> Any:
        address = daemon.find(root)
        assert address is not None
        variables = daemon.environment(address)
        return boto3.client(
            "secretsmanager",
            endpoint_url=address.endpoint_url,
            region_name=address.region,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )

    url = f"{first.endpoint_url}/_sandbox/chat/dev"
    secrets().create_secret(Name="ours", SecretString=url)
    secrets().create_secret(Name="theirs", SecretString="https://hooks.slack.com/services/T/B/X")
    secrets().create_secret(Name="empty")
    assert groundplan(project, "sandbox", "stop").status == 0
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", int(first.endpoint_url.rsplit(":", 1)[1])))
        stranger.listen()
        assert groundplan(project, "sandbox", "start").status == 0
        second = daemon.find(root)
        assert second is not None
        assert second.endpoint_url != first.endpoint_url
        kept = {
            name: secrets().get_secret_value(SecretId=name)["SecretString"] for name in ("ours", "theirs")
        }
    assert kept["ours"] == f"{second.endpoint_url}/_sandbox/chat/dev"
    assert kept["theirs"] == "https://hooks.slack.com/services/T/B/X"


def test_a_port_in_use_is_told(project: Path, groundplan: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = groundplan(project, "sandbox", "start", "--port", str(taken.getsockname()[1]))
    assert ended.status == 1
    assert "in use" in ended.err


def test_a_real_account_is_never_reached_without_its_credentials(project: Path, groundplan: Any) -> None:
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    ended = groundplan(project, "verify", "dev", "--target", "aws", more={**nowhere, "PATH": "/nowhere"})
    assert ended.status == 1
    assert "Traceback" not in ended.err
    embedded = groundplan(project, "up", "dev", "--target", "aws", "--engine", "embedded")
    assert embedded.status == 2
    assert "official CLI" in embedded.err


def test_destroy_asks_and_does_nothing_where_there_is_nobody_to_ask(project: Path, groundplan: Any) -> None:
    ended = groundplan(project, "destroy", "dev")
    assert ended.status == 2
    assert "--yes" in ended.err


def test_a_damaged_state_is_named_and_left_alone(project: Path, groundplan: Any) -> None:
    state = project / ".groundplan" / "state" / ".pulumi" / "stacks" / "scratch" / "dev.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 3, "checkpoint"')
    ended = groundplan(project, "outputs", "dev")
    assert ended.status == 1
    assert str(state) in ended.err
    assert state.read_text() == '{"version": 3, "checkpoint"'
    assert groundplan(project, "doctor").status == 1


def test_ctrl_c_keeps_what_was_made_and_the_next_run_goes_on(
    project: Path, groundplan: Any, person: dict[str, str]
) -> None:
    program = project / "__main__.py"
    whole = program.read_text()
    program.write_text(f"{whole}{FOREVER}")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "ops", "up", "dev"],
        cwd=project,
        env=person,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    made = 0
    for line in process.stdout:
        made += "BucketVersioning" in line and "created" in line
        if made == 3:
            break
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    program.write_text(whole)
    again = groundplan(project, "up", "dev", "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out)["changes"].get("create", 0) == 0


@pytest.mark.parametrize(
    "arguments", [["up"], ["sandbox", "spend", "much"], ["predict", "dev", "--flight", "0"]]
)
def test_wrong_usage_exits_with_two(arguments: list[str], tmp_path: Path, groundplan: Any) -> None:
    ended = groundplan(tmp_path, *arguments)
    assert ended.status == 2
    assert "usage: groundplan" in ended.err


def test_nothing_typed_shows_the_commands(tmp_path: Path, groundplan: Any) -> None:
    ended = groundplan(tmp_path)
    assert ended.status == 2
    assert "destroy" in ended.err


def test_doctor_finds_this_machine_fit_and_shows_no_secret(project: Path, groundplan: Any) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "very-secret"}
    ended = groundplan(project, "doctor", "--json", more=keys)
    assert ended.status == 0, ended.out
    checks = {check["name"]: check for check in json.loads(ended.out)["checks"]}
    assert checks["AWS credentials"]["found"].startswith("found (env)")
    assert "very-secret" not in ended.out + ended.err
    assert "AKIAEXAMPLE" not in ended.out + ended.err


def test_the_sandbox_starts_tells_its_state_and_stops(project: Path, groundplan: Any) -> None:
    assert groundplan(project, "sandbox", "status").status == 1
    started = groundplan(project, "sandbox", "start", "--json")
    assert json.loads(started.out)["environment"]["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert json.loads(groundplan(project, "sandbox", "status", "--json").out)["running"] is True
    assert "The channel is empty." in groundplan(project, "sandbox", "channel").out
    assert "cost $900.00" in groundplan(project, "sandbox", "spend", "900").out
    listed = groundplan(project, "sandbox", "fault")
    assert "zone-lost" in listed.out
    assert "service:Operation" in listed.out
    assert "throttle will strike" in groundplan(project, "sandbox", "fault", "throttle", "s3:PutObject").out
    unknown = groundplan(project, "sandbox", "fault", "earthquake", "*")
    assert unknown.status != 0
    assert "instance-killed" in unknown.err
    assert groundplan(project, "sandbox", "fault", "throttle").status == 2
    assert "Nothing fires by the clock." in groundplan(project, "sandbox", "fire").out
    assert "'nightly'" in groundplan(project, "sandbox", "fire", "nightly").err
    assert "is stopped" in groundplan(project, "sandbox", "stop").out
    assert "No sandbox was running" in groundplan(project, "sandbox", "stop").out


def test_the_types_are_listed_with_their_tier(tmp_path: Path, groundplan: Any) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: scratch\nruntime: python\n")
    ended = groundplan(tmp_path, "sandbox", "types", "s3/bucketpolicy", "--json")
    assert json.loads(ended.out) == [
        {"type": "aws:s3/bucketPolicy:BucketPolicy", "service": "s3", "tier": "native"}
    ]


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from ops.command import main; main(['--help']);"
        "print([name for name in ('boto3', 'grpc', 'pulumi', 'moto', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
