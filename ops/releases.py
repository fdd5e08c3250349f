"""What each sandboxed stack has released: `.groundplan/releases/<stack>.yaml`, laid over its settings.

A laptop run thereby changes no file that git tracks. On AWS the release stands in the stack's own file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ops.errors import CommandError


class ReleaseInvalidError(CommandError):
    """A release file that somebody else has written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}",
            "it holds release.modelPackageArn; delete the file to begin without a release",
        )


@dataclass(frozen=True)
class Challenger:
    """A model that answers a share of the requests beside the champion; `weight` is in percent."""

    model_package_arn: str
    weight: int


@dataclass(frozen=True)
class Shadow:
    """A model that gets copies of requests and answers nobody; `sample_percent` of them."""

    model_package_arn: str
    sample_percent: int = 100


@dataclass(frozen=True)
class Release:
    """The model package that a stack's endpoint serves, and who is measured against it."""

    model_package_arn: str
    instances: Mapping[str, int] = field(default_factory=dict)
    """Variant → instances that it had scaled to beyond its rest when this was released."""
    challengers: tuple[Challenger, ...] = ()
    shadow: Shadow | None = None

    def settings(self) -> Mapping[str, Any]:
        """The stack's configuration that makes the program release it."""
        release: dict[str, Any] = {"modelPackageArn": self.model_package_arn}
        if self.instances:
            release["instances"] = dict(self.instances)
        if self.challengers:
            release["challengers"] = [
                {"modelPackageArn": one.model_package_arn, "weight": one.weight} for one in self.challengers
            ]
        if self.shadow is not None:
            release["shadow"] = {
                "modelPackageArn": self.shadow.model_package_arn,
                "samplePercent": self.shadow.sample_percent,
            }
        return {"release": release}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Release:
        """From the configuration block `release`. Raises ValueError, which says what is wrong."""
        arn = plain.get("modelPackageArn")
        if not isinstance(arn, str) or not arn:
            raise ValueError("it names no model package")
        kept = plain.get("instances") or {}
        if not isinstance(kept, dict) or not all(isinstance(count, int) for count in kept.values()):
            raise ValueError("instances is no object of variants and whole numbers")
        try:
            challengers = tuple(
                Challenger(str(one["modelPackageArn"]), int(one["weight"]))
                for one in plain.get("challengers") or ()
            )
            shade = plain.get("shadow")
            shadow = shade and Shadow(str(shade["modelPackageArn"]), int(shade.get("samplePercent", 100)))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"challengers or shadow are not as docs/settings.md says: {error!r}") from None
        return cls(arn, {str(variant): count for variant, count in kept.items()}, challengers, shadow or None)


class Releases:
    """The release files of one project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, stack: str) -> Path:
        """The stack's release file."""
        return self._folder / f"{stack}.yaml"

    def of(self, stack: str) -> Release | None:
        """What the stack has released; None before the first release. Raises `ReleaseInvalidError`."""
        path = self.path(stack)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ReleaseInvalidError(path, f"not valid YAML: {error}") from error
        release = content.get("release") if isinstance(content, dict) else None
        try:
            return Release.read(release if isinstance(release, dict) else {})
        except ValueError as error:
            raise ReleaseInvalidError(path, str(error)) from None

    def put(self, stack: str, release: Release | None) -> None:
        """Writes the stack's release, whole or not at all; None takes it away."""
        path = self.path(stack)
        if release is None:
            path.unlink(missing_ok=True)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
        with fresh.open("w", encoding="utf-8") as stream:
            stream.write("# Written by `groundplan deploy`; laid over the stack's settings in the sandbox.\n")
            yaml.safe_dump(dict(release.settings()), stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
