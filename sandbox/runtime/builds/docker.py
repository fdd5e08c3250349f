"""What a build calls as `docker`: it builds, tags and pushes without a daemon, into the sandbox's own store.

It runs in the build's process tree, found first on its PATH. `SANDBOX_DOCKER` is the build's own folder,
`SANDBOX_IMAGES` the folder where pushed images are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.runtime.images import building, store
from sandbox.runtime.images.dockerfile import DockerfileError

_VERSION = (
    "Docker version 0.0.0-sandbox: it reads Dockerfiles, copies files and pushes to ECR; it runs nothing"
)


class DockerError(Exception):
    """A command that fails; the text is what is said."""


class Docker:
    """The images of one build, by name."""

    def __init__(self, folder: Path, pushed: store.Blobs, ecr: Callable[[str], Any]) -> None:
        self._names = folder / "names.json"
        self._blobs = store.Blobs(folder / "blobs")
        self._pushed = pushed
        self._ecr = ecr

    def run(self, arguments: Sequence[str]) -> None:
        """One command. Raises DockerError or DockerfileError."""
        words = arguments[1:] if arguments[:1] in (["buildx"], ["image"]) else arguments
        verbs: Mapping[str, Callable[[Sequence[str]], None]] = {
            "build": self._build,
            "tag": self._tag,
            "push": self._push,
            "login": self._login,
            "logout": lambda _: None,
            "images": self._list,
            "ls": self._list,
            "version": lambda _: print(_VERSION),
            "--version": lambda _: print(_VERSION),
            "info": lambda _: print(_VERSION),
        }
        if not words or words[0] not in verbs:
            raise DockerError(
                f"docker {' '.join(arguments[:2])}: the sandbox runs no containers; its docker understands "
                f"{', '.join(sorted(verbs))}"
            )
        verbs[words[0]](words[1:])

    def _build(self, arguments: Sequence[str]) -> None:
        parser = argparse.ArgumentParser(prog="docker build", exit_on_error=False, allow_abbrev=False)
        parser.add_argument("context")
        parser.add_argument("-t", "--tag", action="append", default=[])
        parser.add_argument("-f", "--file")
        parser.add_argument("--build-arg", action="append", default=[])
        parser.add_argument("--label", action="append", default=[])
        for ignored in ("--platform", "--progress", "--provenance", "--sbom", "--cache-from", "--cache-to"):
            parser.add_argument(ignored)
        for ignored in ("--pull", "--no-cache", "--rm", "--force-rm", "--load", "-q", "--quiet"):
            parser.add_argument(ignored, action="store_true")
        parser.add_argument("--push", action="store_true")
        try:
            given, more = parser.parse_known_args(list(arguments))
        except argparse.ArgumentError as error:
            raise DockerError(f"docker build: {error}") from error
        if more:
            raise DockerError(f"docker build {more[0]}: this flag is not understood by the sandbox")
        context = Path(given.context)
        file = Path(given.file) if given.file else context / "Dockerfile"
        if not file.is_file():
            raise DockerError(f"failed to read dockerfile: open {file}: no such file or directory")
        values = dict(map(_argument, given.build_arg))
        labels = dict(map(_argument, given.label))
        image = building.build(file.read_text("utf-8"), context, values, labels, print)
        manifest = store.pack(image, self._blobs)
        names = self._known()
        for tag in given.tag:
            names[_whole(tag)] = manifest
        self._keep(names)
        print(f"built {store.digest_of(manifest)} of {len(image.files)} files: {', '.join(given.tag)}")
        if given.push:
            self._push(given.tag)

    def _tag(self, arguments: Sequence[str]) -> None:
        if len(arguments) != 2:
            raise DockerError("docker tag requires exactly 2 arguments: SOURCE TARGET")
        names = self._known()
        names[_whole(arguments[1])] = self._manifest(arguments[0])
        self._keep(names)

    def _push(self, arguments: Sequence[str]) -> None:
        for name in arguments:
            if name.startswith("-"):
                continue
            manifest = self._manifest(name)
            reference = store.Reference.of(_whole(name))
            if reference is None:
                raise DockerError(f"{name}: the sandbox pushes to repositories of ECR alone")
            document = json.loads(manifest)
            for part in [document["config"], *document["layers"]]:
                content = self._blobs.get(part["digest"])
                if content is None:
                    raise DockerError(f"{name}: the blob {part['digest']} is gone")
                self._pushed.put(content)
            self._put(reference, manifest)
            print(f"{reference.tag}: digest: {store.digest_of(manifest)} size: {len(manifest)}")

    def _put(self, reference: store.Reference, manifest: str) -> None:
        from botocore.exceptions import ClientError

        try:
            self._ecr(reference.region).put_image(
                registryId=reference.account,
                repositoryName=reference.repository,
                imageTag=reference.tag,
                imageManifest=manifest,
                imageManifestMediaType=store.MANIFEST_TYPE,
                imageDigest=store.digest_of(manifest),
            )
        except ClientError as error:
            # A registry takes the same image under the same name twice, as a push.
            if error.response["Error"]["Code"] != "ImageAlreadyExistsException":
                raise DockerError(str(error)) from error

    def _login(self, _: Sequence[str]) -> None:
        sys.stdin.read()
        print("Login Succeeded")

    def _list(self, _: Sequence[str]) -> None:
        for name, manifest in self._known().items():
            print(name, store.digest_of(manifest))

    def _manifest(self, name: str) -> str:
        found = self._known().get(_whole(name))
        if found is None:
            raise DockerError(f"No such image: {name}")
        return found

    def _known(self) -> dict[str, str]:
        return dict(json.loads(self._names.read_text())) if self._names.is_file() else {}

    def _keep(self, names: Mapping[str, str]) -> None:
        self._names.parent.mkdir(parents=True, exist_ok=True)
        self._names.write_text(json.dumps(names))


def _argument(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, or `NAME` for the variable of that name."""
    name, sign, value = text.partition("=")
    return name, value if sign else os.environ.get(name, "")


def _whole(name: str) -> str:
    """A name with its tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _client(region: str) -> Any:
    import botocore.session

    return botocore.session.get_session().create_client("ecr", region_name=region)


def main() -> int:
    """Runs the command; answers its exit code."""
    if os.environ.get("SANDBOX_PRIVILEGED") != "true":
        print(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon "
            "running? (privilegedMode of the project's environment is off)",
            file=sys.stderr,
        )
        return 1
    docker = Docker(
        Path(os.environ["SANDBOX_DOCKER"]), store.Blobs(Path(os.environ["SANDBOX_IMAGES"])), _client
    )
    try:
        docker.run(sys.argv[1:])
    except (DockerError, DockerfileError) as error:
        sys.stdout.flush()
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
