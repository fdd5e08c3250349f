"""Are images built once a content, released only when they pass, and taken from the stack that built them?"""

import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mocked import ACCOUNT, OTHER_STACK, REGION, build, foundation, topics
from pydantic import ValidationError

from infra.packaging.builds import Images, ImagesArgs, ImageSettings, images_of, lifecycle
from infra.packaging.context import CONTEXTS, tag_of, zipped
from ml.serving.server import Server

ROOT = Path(__file__).parents[2]


def _build(tmp_path: Path, preview: bool = False, **settings: Any) -> Any:
    def program() -> dict[str, object]:
        images = Images(
            "images",
            ImagesArgs(
                settings=ImageSettings(enabled=True, **settings),
                foundation=foundation(),
                topics=topics(),
                bucket="groundplan-dev-models-123456789012",
                build=tmp_path,
            ),
        )
        return {} if preview else {"images": images.images}

    return build(program, preview=preview)


def test_a_tag_is_the_digest_of_the_content_and_of_the_base() -> None:
    context = zipped(CONTEXTS["training"])
    assert context == zipped(dict(reversed(CONTEXTS["training"].items())))
    tags = {tag_of(context, "python:1"), tag_of(context, "python:2"), tag_of(context + b"x", "python:1")}
    assert len(tags) == 3
    assert all(len(tag) == 40 for tag in tags)


def test_the_build_sees_its_dockerfile_its_pins_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "context.zip"
    file.write_bytes(zipped(CONTEXTS["inference"]))
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        pins = archive.read("requirements.txt").decode()
        dockerfile = archive.read("Dockerfile").decode()
    assert names == ["Dockerfile", "build.sh", "buildspec.yml", "requirements.txt", "server.py"]
    requirements = [line for line in pins.splitlines() if line[:1].isalpha()]
    assert len(requirements) > 2
    assert pins.count("--hash=sha256:") >= len(requirements)
    assert "--require-hashes" in dockerfile
    assert "USER worker" in dockerfile


@pytest.mark.parametrize("preview", [False, True])
def test_repositories_are_immutable_scanned_encrypted_and_kept_short(tmp_path: Path, preview: bool) -> None:
    found = _build(tmp_path, preview, readers=("234567890123",))
    repositories = found.of("aws:ecr/repository:Repository")
    assert {one["name"] for one in repositories.values()} == {
        "groundplan-dev-training",
        "groundplan-dev-inference",
    }
    for one in repositories.values():
        assert one["imageTagMutability"] == "IMMUTABLE"
        assert one["imageScanningConfiguration"] == {"scanOnPush": True}
        assert one["encryptionConfigurations"][0]["encryptionType"] == "KMS"
    readers = found.policies("aws:ecr/repositoryPolicy:RepositoryPolicy").values()
    assert [one["Principal"] for (one,) in readers] == [{"AWS": "arn:aws:iam::234567890123:root"}] * 2


def test_each_content_starts_one_build(tmp_path: Path) -> None:
    found = _build(tmp_path)
    tag = tag_of(zipped(CONTEXTS["training"]), ImageSettings().base)
    training = found.outputs["images"]["training"]
    assert training == {
        "uri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/groundplan-dev-training:{tag}",
        "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/groundplan-dev-training",
        "tag": tag,
        "project": "groundplan-dev-training-image",
    }
    starts = found.of("aws:lambda/invocation:Invocation")
    assert json.loads(starts["images-training-start"]["input"]) == {
        "project": "groundplan-dev-training-image",
        "repository": "groundplan-dev-training",
        "tag": tag,
    }
    project = found.of("aws:codebuild/project:Project")["images-training-build"]
    assert project["source"]["location"] == f"groundplan-dev-models-123456789012/images/training/{tag}.zip"
    roles = [one["name"] for one in found.of("aws:iam/role:Role").values()]
    assert sorted(roles) == ["groundplan-dev-image-builder", "groundplan-dev-image-builds"]
    (rule,) = found.of("aws:cloudwatch/eventRule:EventRule").values()
    assert "FAILED" in rule["eventPattern"]


def test_candidates_go_after_a_day_and_the_newest_images_stay() -> None:
    rules = json.loads(lifecycle(5))["rules"]
    assert [rule["selection"]["countNumber"] for rule in rules] == [1, 1, 5]
    assert rules[0]["selection"]["tagPrefixList"] == ["candidate-"]


def test_another_stacks_images_are_read_from_its_output() -> None:
    found = build(lambda: {"images": images_of("organization/groundplan/dev")})
    assert found.outputs["images"] == OTHER_STACK["images"]


def test_images_are_built_here_or_elsewhere() -> None:
    with pytest.raises(ValidationError, match="either enabled or fromStack"):
        ImageSettings(enabled=True, from_stack="organization/groundplan/dev")


_AWS = """#!/bin/bash
echo "aws $*" >> "$CALLS"
case "$2" in
  describe-images) [ "$THERE" = yes ] ;;
  get-login-password) echo secret ;;
  describe-image-scan-findings) echo "$CRITICAL" ;;
  batch-get-image) echo '{"manifest": 1}' ;;
esac
"""
_DOCKER = '#!/bin/bash\n[ "$1" != login ] || cat > /dev/null\necho "docker $*" >> "$CALLS"\n'


def _script(folder: Path, there: str, critical: str) -> tuple[int, str, str]:
    """Runs build.sh with stand-ins for the two programs that it calls: status, output, calls."""
    for name, text in (("aws", _AWS), ("docker", _DOCKER)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    calls = folder / "calls"
    calls.write_text("")
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "THERE": there,
        "CRITICAL": critical,
        "NAME": "groundplan-dev-training",
        "REPOSITORY": "1.dkr.ecr.us-east-1.amazonaws.com/groundplan-dev-training",
        "TAG": "abc",
        "BASE": "python:3",
        "CODEBUILD_BUILD_NUMBER": "7",
    }
    command = ["bash", str(ROOT / "ml/images/build.sh")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr, calls.read_text()


def test_an_image_that_passes_the_scan_is_released_under_its_digest(tmp_path: Path) -> None:
    status, told, calls = _script(tmp_path, there="no", critical="0")
    assert status == 0
    assert "groundplan-dev-training:abc is released." in told
    assert "docker push 1.dkr.ecr.us-east-1.amazonaws.com/groundplan-dev-training:candidate-7" in calls
    assert "put-image --repository-name groundplan-dev-training --image-tag abc" in calls


def test_an_image_with_critical_findings_is_not_released_and_fails_the_build(tmp_path: Path) -> None:
    status, told, calls = _script(tmp_path, there="no", critical="3")
    assert status == 1
    assert "has 3 critical findings and is not released" in told
    assert "batch-delete-image" in calls
    assert "put-image" not in calls


def test_an_image_that_is_there_is_not_built_again(tmp_path: Path) -> None:
    status, told, calls = _script(tmp_path, there="yes", critical="0")
    assert status == 0
    assert "nothing to build" in told
    assert "docker" not in calls


_HANDLERS = """
def model_fn(folder): return 2
def input_fn(body, kind):
    if body == b"bad": raise ValueError("The body is bad.")
    return int(body)
def predict_fn(rows, model): return rows * model
def output_fn(prediction, accept): return str(prediction), "text/csv"
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "inference.py").write_text(_HANDLERS)
    server = Server(tmp_path, port=0, host="127.0.0.1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_inference_image_answers_by_the_models_own_handlers(served: str) -> None:
    with urllib.request.urlopen(f"{served}/ping") as answer:  # noqa: S310
        assert answer.status == 200
    with urllib.request.urlopen(f"{served}/invocations", data=b"21") as answer:  # noqa: S310
        assert (answer.read(), answer.headers["Content-Type"]) == (b"42", "text/csv")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{served}/invocations", data=b"bad")  # noqa: S310
    assert (refused.value.code, refused.value.read()) == (400, b"The body is bad.")
