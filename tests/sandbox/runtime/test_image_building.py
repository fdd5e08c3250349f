"""What a Dockerfile and a buildspec say, and what of them the sandbox refuses by name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox.runtime.builds import buildspec
from sandbox.runtime.builds.buildspec import BuildspecError
from sandbox.runtime.images.building import Image, build
from sandbox.runtime.images.dockerfile import DockerfileError
from sandbox.runtime.images.store import Blobs, Reference, pack, unpack

CONFIGURED = """
# A comment.
ARG BASE=python
FROM $BASE:3.12 AS first
ENV A=1 B="two words"
COPY deep /deep
ARG WHO=nobody
FROM ${BASE}:slim
ARG BASE
RUN <<EOF
FROM nothing of this is read
EOF
ENV PATH=/opt/bin:${PATH} OLD=${GONE:-${BASE}}
ENV SPACED two words
COPY --from=first /deep/er /opt/er
USER ${WHO:-worker}
EXPOSE 8080 9090/udp
LABEL a.b=c \\
  # Between lines.
  d="e f"
CMD ["--given"]
ENTRYPOINT ["python3", "-m", "er"]
"""


def built(folder: Path, text: str, **arguments: str) -> tuple[Image, list[str]]:
    for name in ("a.py", "deep/b.py", "deep/er/c.py", "left/out.py"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (folder / ".dockerignore").write_text("left\n")
    said: list[str] = []
    return build(text, folder, arguments, {}, said.append), said


@pytest.mark.parametrize(
    ("copied", "paths"),
    [
        ("COPY a.py /x.py", ["/x.py"]),
        ("COPY a.py /opt", ["/opt/a.py"]),
        ("COPY a.py /srv/app/", ["/srv/app/a.py"]),
        ("WORKDIR /srv\nWORKDIR app\nCOPY a.py .", ["/srv/app/a.py"]),
        ("COPY deep /opt/deep", ["/opt/deep/b.py", "/opt/deep/er/c.py"]),
        ('COPY ["a.py", "deep/b.py", "/x/"]', ["/x/a.py", "/x/b.py"]),
        ("COPY *.py /x/", ["/x/a.py"]),
        ("ADD --chown=1000:0 a.py /x.py", ["/x.py"]),
        ("COPY . /all", ["/all/.dockerignore", "/all/a.py", "/all/deep/b.py", "/all/deep/er/c.py"]),
    ],
)
def test_files_are_copied_where_docker_would_put_them(tmp_path: Path, copied: str, paths: list[str]) -> None:
    image, _ = built(tmp_path, f"FROM python\n{copied}\n")
    assert sorted(image.files) == paths


def test_variables_stages_and_the_configuration_are_as_docker_has_them(tmp_path: Path) -> None:
    image, said = built(tmp_path, CONFIGURED, BASE="mine")
    assert image.base == "mine:slim"
    assert image.environment["PATH"].startswith("/opt/bin:/usr/local/bin:")
    assert (image.environment["OLD"], image.environment["SPACED"]) == ("mine", "two words")
    assert "A" not in image.environment
    assert sorted(image.files) == ["/opt/er/c.py"]
    assert (image.user, list(image.ports)) == ("worker", ["8080", "9090/udp"])
    assert image.labels == {"a.b": "c", "d": "e f"}
    assert (list(image.entrypoint), list(image.command)) == (["python3", "-m", "er"], [])
    assert any("not run" in line for line in said)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("HEALTHCHECK CMD true", "HEALTHCHECK is not understood by the sandbox"),
        ("ENTRYPOINT python3 x.py", "only the exec form is understood"),
        ("CMD serve", "only the exec form is understood"),
        ("COPY nowhere /x", "nowhere: there is no such file"),
        ("COPY ../* /x/", "leaves the build's folder"),
        ("COPY --from=other /x /x", "of other images and stages there is only"),
        ("COPY --exclude=a a.py /x", "--exclude is not understood"),
        ("ADD https://example.com/x /x", "only files of the build's own folder"),
        ("ADD a.tar.gz /x", "only files of the build's own folder"),
        ("COPY <<EOF /x", "here-documents are not understood"),
        ("ENV lonely", "a value is missing"),
        ("FROM", "the base image's name is empty"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "outside").touch()
    with pytest.raises(DockerfileError, match="^Dockerfile:2: ") as refused:
        built(tmp_path / "context", f"FROM python\n{line}\n")
    assert reason in str(refused.value)


def test_an_image_is_the_same_after_it_was_kept_and_has_the_same_digest(tmp_path: Path) -> None:
    image, _ = built(tmp_path, 'FROM python\nCOPY a.py /x/\nLABEL a=b\nENTRYPOINT ["x"]\n')
    blobs = Blobs(tmp_path / "blobs")
    manifest = pack(image, blobs)
    assert pack(image, blobs) == manifest
    again = unpack(manifest, blobs)
    assert again is not None
    assert (again.files, again.labels, list(again.entrypoint)) == (image.files, image.labels, ["x"])
    assert unpack(manifest, Blobs(tmp_path / "elsewhere")) is None


REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("uri", "identity"),
    [
        (f"{REGISTRY}/a/b:1", {"imageTag": "1"}),
        (f"{REGISTRY}/a", {"imageTag": "latest"}),
        (f"{REGISTRY}/a@sha256:{'0' * 64}", {"imageDigest": f"sha256:{'0' * 64}"}),
        ("docker.io/library/python:3", None),
    ],
)
def test_an_images_uri_names_a_repository_of_ecr_or_nothing(
    uri: str, identity: dict[str, str] | None
) -> None:
    reference = Reference.of(uri)
    assert (reference and reference.identity) == identity


def ran(folder: Path, text: str) -> tuple[int, list[str], list[str]]:
    """Exit code, marks of the phases, and lines of what the script of a buildspec printed."""
    marks = folder / "marks"
    script = buildspec.script(buildspec.read(text), str(marks))
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, cwd=folder, check=False)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("[Container]")]
    return done.returncode, marks.read_text().splitlines(), lines


def test_the_phases_of_a_buildspec_share_one_shell(tmp_path: Path) -> None:
    text = """
version: 0.2
phases:
  install: {commands: ["mkdir here && cd here", "WORD='it is'"]}
  build:
    commands:
      - |
        if [ -n "$WORD" ]; then
          echo "$WORD $(basename "$PWD")"
        fi
  post_build: {commands: echo $CODEBUILD_BUILD_SUCCEEDING}
"""
    code, marks, lines = ran(tmp_path, text)
    assert (code, lines[-2:]) == (0, ["it is here", "1"])
    phases = [("INSTALL", "begin"), ("INSTALL", "0"), ("BUILD", "begin"), ("BUILD", "0")]
    assert [tuple(mark.split()) for mark in marks][:4] == phases


FAILING = """
version: 0.2
phases:
  PHASE: {commands: [echo one, "sh -c 'exit 3'", echo two], finally: [echo three]}
  post_build: {commands: [echo $CODEBUILD_BUILD_SUCCEEDING]}
"""


def test_a_failed_build_still_has_its_end_and_a_failed_preparation_has_not(tmp_path: Path) -> None:
    assert ran(tmp_path, FAILING.replace("PHASE:", "build:", 1)) == (
        1,
        ["BUILD begin", "BUILD 3", "POST_BUILD begin", "POST_BUILD 0"],
        ["one", "three", "0"],
    )
    (tmp_path / "marks").unlink()
    assert ran(tmp_path, FAILING.replace("PHASE:", "pre_build:", 1)) == (
        1,
        ["PRE_BUILD begin", "PRE_BUILD 3"],
        ["one", "three"],
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version: 0.1", "version: 0.2"),
        ("version: 0.2\nphases: {test: {}}", "phases: test is not understood"),
        ("version: 0.2\nenv: {git-credential-helper: yes}", "env: git-credential-helper is not understood"),
        ("version: 0.2\nphases: {build: {commands: [{a: b}]}}", "commands must be a list of texts"),
        ("version: 0.2\nenv: {shell: powershell.exe}", "the sandbox has bash and sh"),
        ("version: [", "YAML_FILE_ERROR"),
    ],
)
def test_a_buildspec_that_is_not_understood_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BuildspecError, match=r"^YAML_FILE_ERROR: ") as refused:
        buildspec.read(text)
    assert reason in str(refused.value)
