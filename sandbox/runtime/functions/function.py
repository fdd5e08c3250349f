"""What a function is, as its service keeps it, and where its code lies unpacked."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, ServiceError


@dataclass(frozen=True)
class Function:
    """One version of a function. `timeout` is in seconds, `memory` in megabytes."""

    name: str
    arn: str
    version: str
    handler: str
    runtime: str
    package_type: str
    timeout: int
    memory: int
    role: str
    environment: Mapping[str, str]
    retries: int
    dead_letter_target: str
    code: bytes = field(repr=False)

    @property
    def log_group(self) -> str:
        """Where its log goes."""
        return f"/aws/lambda/{self.name}"


class FunctionShelf:
    """Finds functions in the emulator, and unpacks their code once."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self._emulator = emulator
        self._folder = folder
        self._unpacking = threading.Lock()

    def find(self, name_or_arn: str, qualifier: str | None, caller: Caller) -> Function:
        """Raises ServiceError (ResourceNotFoundException) when there is none."""
        from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
        from moto.awslambda.models import lambda_backends

        parts = name_or_arn.split(":")
        account, region = (parts[4], parts[3]) if parts[0] == "arn" else (caller.account_id, caller.region)
        with self._emulator.lock:
            try:
                kept: Any = lambda_backends[account][region].get_function(name_or_arn, qualifier)
            except (UnknownFunctionException, UnknownAliasException) as missing:
                arn = (
                    name_or_arn
                    if parts[0] == "arn"
                    else f"arn:aws:lambda:{region}:{account}:function:{name_or_arn}"
                )
                message = f"Function not found: {arn}"
                raise ServiceError("ResourceNotFoundException", message, 404) from missing
            events: dict[str, Any] = kept.event_invoke_config[0].config if kept.event_invoke_config else {}
            dead_letters = getattr(kept, "dead_letter_config", None) or {}
            return Function(
                name=kept.function_name,
                arn=kept.function_arn,
                version=str(kept.version),
                handler=kept.handler or "",
                runtime=kept.run_time or "",
                package_type=kept.package_type,
                timeout=int(kept.timeout),
                memory=int(kept.memory_size),
                role=kept.role,
                environment=dict(kept.environment_vars),
                retries=int(events.get("MaximumRetryAttempts", 2)),
                dead_letter_target=str(dead_letters.get("TargetArn", "")),
                code=kept.code_bytes,
            )

    def unpacked(self, function: Function) -> Path:
        """The folder of the function's code. Raises ServiceError when it is no zip archive, or reaches
        outside."""
        folder = self._folder / hashlib.sha256(function.code).hexdigest()
        with self._unpacking:
            if folder.is_dir():
                return folder
            fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            try:
                with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
                    archive.extractall(fresh)  # zipfile drops `..` and roots from the members' names
                    for member in archive.infolist():
                        mode = member.external_attr >> 16
                        if mode and not stat.S_ISLNK(mode):
                            (fresh / member.filename).chmod(stat.S_IMODE(mode) | stat.S_IRUSR)
            except (zipfile.BadZipFile, OSError) as damaged:
                shutil.rmtree(fresh, ignore_errors=True)
                message = f"Could not unzip the code of {function.name}: {damaged}"
                raise ServiceError("InvalidZipFileException", message, 502) from damaged
            fresh.rename(folder)
        return folder
