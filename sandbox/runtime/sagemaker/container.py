"""What does a job's process find around it? Its environment, and the folder that stands in for `/opt/ml`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.runtime.images.building import Image
from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.sagemaker.folders import JobFolder
from sandbox.runtime.sagemaker.images import image_of, interpreter_links, serving_image
from sandbox.runtime.sagemaker.zones import Zones

HOST = "algo-1"
"""Name of the one host that a job has here."""
_INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


class Containers:
    """Makes folders and environments for processes that stand in for containers, and says in which zones."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._root = cloud.root / "sagemaker"
        self.zones = Zones(cloud)

    def folder(self, *names: str) -> JobFolder:
        """The folder of one container; `names` say whose, such as kind, account, region and job."""
        return JobFolder(self._root.joinpath(*names) / "opt-ml")

    def image(self, uri: str, caller: Caller) -> Image | None:
        """What a job's image holds; none for a framework image. Raises UnknownImageError."""
        return image_of(self._cloud, uri, caller)

    def serving_image(self, uri: str, caller: Caller) -> Image | None:
        """The same for a server of models."""
        return serving_image(self._cloud, uri, caller)

    def environment(self, caller: Caller, own: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of a process: what a machine has, the way to this cloud, and its own."""
        links = interpreter_links(self._root / "bin")
        machine = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        machine["PATH"] = os.pathsep.join([str(links.resolve()), os.environ.get("PATH", os.defpath)])
        machine["PYTHONUNBUFFERED"] = "1"
        return {**machine, **self._cloud.environment(caller), **own}


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, default=str))


def read_reason(path: Path, limit: int = 900) -> str:
    """What a job left to say about its end; empty where it said nothing."""
    try:
        return path.read_text("utf-8", "replace").strip()[:limit]
    except (FileNotFoundError, IsADirectoryError):
        return ""


def resource_config(instance_type: str) -> dict[str, Any]:
    """`resourceconfig.json` of a job with one host."""
    return {
        "current_host": HOST,
        "hosts": [HOST],
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": [HOST]}
        ],
        "network_interface_name": "lo",
    }
