"""Where are images kept? Their files and configurations by digest in a folder, their manifests in ECR.

A manifest is put into ECR only when its blobs are on disk, so that every image that ECR names can be run,
also after a kill. Source of the forms: the OCI image specification, in Docker's media types.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.runtime.images.building import File, Image

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_URI = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class Reference:
    """What an image's URI names: a registry of ECR, a repository in it, a tag or a digest."""

    account: str
    region: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def of(cls, uri: str) -> Reference | None:
        """None for a URI that is none of ECR's."""
        match = _URI.fullmatch(uri)
        if match is None:
            return None
        tag = match["tag"] or ("" if match["digest"] else "latest")
        return cls(match["account"], match["region"], match["repository"], tag, match["digest"] or "")

    @property
    def identity(self) -> dict[str, str]:
        """As ECR's operations take it."""
        return {"imageDigest": self.digest} if self.digest else {"imageTag": self.tag}


class Blobs:
    """Bytes by their digest, each in a file that is written whole and synced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keeps the content; answers its digest, `sha256:…`."""
        name = hashlib.sha256(content).hexdigest()
        target = self._folder / name
        if not target.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            scratch = self._folder / f".{name}.{os.getpid()}"
            with scratch.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(target)
        return f"sha256:{name}"

    def get(self, digest: str) -> bytes | None:
        """The content; none where it is not kept."""
        try:
            return (self._folder / digest.removeprefix("sha256:")).read_bytes()
        except FileNotFoundError:
            return None


def pack(image: Image, blobs: Blobs) -> str:
    """Keeps an image's configuration and files; answers its manifest. The same image gives the same text."""
    layer = _layer(image.files)
    config: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": [f"{name}={value}" for name, value in image.environment.items()],
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.command),
            "WorkingDir": image.folder,
            "User": image.user,
            "Labels": dict(image.labels),
            "ExposedPorts": {port if "/" in port else f"{port}/tcp": {} for port in image.ports},
        },
        "rootfs": {"type": "layers", "diff_ids": [_digest(gzip.decompress(layer))]},
        "history": [{"created_by": f"FROM {image.base}", "empty_layer": True}],
    }
    document = json.dumps(config, sort_keys=True).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": _CONFIG_TYPE, "size": len(document), "digest": blobs.put(document)},
        "layers": [{"mediaType": _LAYER_TYPE, "size": len(layer), "digest": blobs.put(layer)}],
    }
    return json.dumps(manifest, sort_keys=True)


def unpack(manifest: str, blobs: Blobs) -> Image | None:
    """The image of a manifest; none where a part of it is not kept here."""
    try:
        document: Mapping[str, Any] = json.loads(manifest)
        parts = [blobs.get(document["config"]["digest"])]
        parts += [blobs.get(layer["digest"]) for layer in document["layers"]]
    except (KeyError, TypeError, ValueError):
        return None
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    config = json.loads(known[0])["config"]
    files: dict[str, File] = {}
    for layer in known[1:]:
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:gz") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    files[f"/{member.name}"] = File(content.read(), member.mode)
    return Image(
        files=files,
        environment=dict(entry.partition("=")[::2] for entry in config["Env"]),
        entrypoint=config["Entrypoint"],
        command=config["Cmd"],
        labels=config["Labels"],
        user=config["User"],
        folder=config["WorkingDir"],
    )


def digest_of(manifest: str) -> str:
    """An image's digest: its manifest's."""
    return _digest(manifest.encode())


def blobs_of(root: Path) -> Blobs:
    """The store of a sandbox in this folder."""
    return Blobs(root / "images")


def _layer(files: Mapping[str, File]) -> bytes:
    """A `tar.gz` without times and owners."""
    made = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=made, mode="wb", mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(name.lstrip("/"))
            entry.size, entry.mode = len(file.content), file.mode
            tar.addfile(entry, io.BytesIO(file.content))
    return made.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
