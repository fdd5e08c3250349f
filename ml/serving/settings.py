"""What may an operator set of the server? Environment variables, read once."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .inference import LARGEST_BATCH

_MB = 1024 * 1024
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class WrongSetting(ValueError):
    """An environment variable that cannot be followed."""

    def __init__(self, variable: str, given: str, allowed: str) -> None:
        super().__init__(f"{variable}: given {given!r}; allowed: {allowed}")


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _by(variable: str, least: float = 0, most: float = 0) -> dict[str, Any]:
    """Which environment variable sets a field; `least` to `most` bound a number."""
    return {"variable": variable, "least": least, "most": most}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to serve. docs/serving.md has the table; SageMaker sets the port, the folder and the batch."""

    port: int = field(default=8080, metadata=_by("SAGEMAKER_BIND_TO_PORT", 0, 65535))
    host: str = field(default="0.0.0.0", metadata=_by("HOST"))  # noqa: S104 – a container's port is for whoever reaches it
    model_dir: Path = field(default=Path("/opt/ml/model"), metadata=_by("SM_MODEL_DIR"))
    batch: bool = field(default=False, metadata=_by("SAGEMAKER_BATCH"))
    workers: int = field(default_factory=usable_cores, metadata=_by("SERVING_WORKERS", 1, 64))
    largest_body: int = field(default=25 * _MB, metadata=_by("SERVING_LARGEST_BODY_BYTES", 1024, 100 * _MB))
    """As a real-time endpoint's payload (SageMaker quotas)."""
    bodies_held: int = field(default=256 * _MB, metadata=_by("SERVING_BODIES_HELD_BYTES", 1024, 16384 * _MB))
    largest_batch: int = field(
        default=LARGEST_BATCH, metadata=_by("SERVING_LARGEST_BATCH_ROWS", 1, 1_000_000)
    )
    gather_ms: float = field(default=0.0, metadata=_by("SERVING_GATHER_MS", 0, 1000))
    gather_rows: int = field(default=64, metadata=_by("SERVING_GATHER_ROWS", 2, 10_000))
    cache_bytes: int = field(default=0, metadata=_by("SERVING_CACHE_BYTES", 0, 4096 * _MB))
    native_rows: int = field(default=5000, metadata=_by("SERVING_NATIVE_ROWS", 0, 1_000_000))
    explained_rows: int = field(default=100, metadata=_by("SERVING_EXPLAINED_ROWS", 0, 10_000))
    header_seconds: float = field(default=10.0, metadata=_by("SERVING_HEADER_SECONDS", 0.1, 600))
    body_seconds: float = field(default=30.0, metadata=_by("SERVING_BODY_SECONDS", 0.1, 600))
    idle_seconds: float = field(default=75.0, metadata=_by("SERVING_IDLE_SECONDS", 0.1, 3600))
    drain_seconds: float = field(default=25.0, metadata=_by("SERVING_DRAIN_SECONDS", 0, 600))
    """SageMaker kills 30 seconds after SIGTERM."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """From environment variables; those that are not set, or empty, keep their default.

        Raises WrongSetting; a variable SERVING_… that is none of these is a mistake too.
        """
        known = {one.metadata["variable"]: one for one in fields(cls)}
        for variable, given in environment.items():
            if variable.startswith("SERVING_") and variable not in known:
                names = ", ".join(name for name in known if name.startswith("SERVING_"))
                raise WrongSetting(variable, given, names)
        found: dict[str, Any] = {}
        for variable, one in known.items():
            given = environment.get(variable, "").strip()
            if given:
                found[one.name] = _read(variable, given, str(one.type), one.metadata)
        return cls(**found)


def _read(variable: str, given: str, kind: str, bounds: Mapping[str, Any]) -> object:
    if kind == "str":
        try:
            return str(ipaddress.IPv4Address(given))
        except ValueError:
            raise WrongSetting(variable, given, "an IPv4 address, such as 127.0.0.1") from None
    if kind == "Path":
        return Path(given)
    if kind == "bool":
        if given.lower() not in _TRUE + _FALSE:
            raise WrongSetting(variable, given, "true or false")
        return given.lower() in _TRUE
    least, most = bounds["least"], bounds["most"]
    allowed = f"a {'whole ' if kind == 'int' else ''}number from {least} to {most}"
    try:
        number = int(given) if kind == "int" else float(given)
    except ValueError:
        raise WrongSetting(variable, given, allowed) from None
    if not least <= number <= most:
        raise WrongSetting(variable, given, allowed)
    return number
