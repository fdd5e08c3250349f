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
class Release:
    """The model package that a stack's endpoint serves."""

    model_package_arn: str
    instances: Mapping[str, int] = field(default_factory=dict)
    """Variant → instances that it had scaled to beyond its rest when this was released."""

    def settings(self) -> Mapping[str, Any]:
        """The stack's configuration that makes the program release it."""
        kept = {"instances": dict(self.instances)} if self.instances else {}
        return {"release": {"modelPackageArn": self.model_package_arn, **kept}}


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
        arn = release.get("modelPackageArn") if isinstance(release, dict) else None
        if not isinstance(arn, str) or not arn:
            raise ReleaseInvalidError(path, "it names no model package")
        kept = (release or {}).get("instances") or {}
        if not isinstance(kept, dict) or not all(isinstance(count, int) for count in kept.values()):
            raise ReleaseInvalidError(path, "instances is no object of variants and whole numbers")
        return Release(arn, {str(variant): count for variant, count in kept.items()})

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
