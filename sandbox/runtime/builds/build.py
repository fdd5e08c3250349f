"""How does one build run? Its source is fetched, its buildspec becomes a script, `docker` and `aws` stand by.

The commands really run, as a process of this machine with its rights; `docker` and `aws` are the sandbox's
own (`sandbox.runtime.builds.docker`, `.aws`), first on the build's PATH.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import sandbox
from sandbox.runtime.builds import buildspec as specification
from sandbox.runtime.builds.buildspec import Buildspec, BuildspecError
from sandbox.runtime.overlay import Caller, Cloud, ServiceError
from sandbox.runtime.sagemaker.images import interpreter_links
from sandbox.runtime.sagemaker.logs import LogStream
from sandbox.runtime.sagemaker.process import Command, Ending, Limits, Orders, Outcome, run

_GRACE_SECONDS = 30.0
_INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
_ENDS = {Ending.STOPPED: "STOPPED", Ending.TIMED_OUT: "TIMED_OUT"}
_log = logging.getLogger(__name__)


class _FailedError(Exception):
    """The build fails before its commands run; the text is said in its log and its phase."""


class Build:
    """One build, from its source to its end."""

    def __init__(
        self,
        cloud: Cloud,
        kept: Mapping[str, Any],
        orders: Orders,
        keep: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._cloud = cloud
        self._kept = dict(kept)
        self._orders = orders
        self._keep_document = keep
        self._caller = Caller(*kept["$caller"])
        self._folder = cloud.root / "builds" / kept["id"].rpartition(":")[2]
        logs = kept["logs"]
        self._logs = (
            LogStream(cloud, logs["groupName"], logs["streamName"], self._caller)
            if logs["groupName"]
            else None
        )
        self._last = ""
        self._began = 0.0

    def run(self) -> None:
        """Runs it to its end; the document says how it ended."""
        status, context, began = "FAILED", "", time.time()
        self._say(f"[Container] build {self._kept['id']} begins; it runs on this machine, not in a container")
        self._tell("IN_PROGRESS")
        try:
            buildspec = self._prepare()
            outcome = self._carry_out(buildspec)
        except (_FailedError, BuildspecError) as error:
            context = str(error)
            self._say(f"[Container] {context}")
            self._phase("DOWNLOAD_SOURCE", "FAILED", began, context)
        except (ClientError, BotoCoreError, ServiceError, OSError) as error:
            _log.exception("build %s", self._kept["id"])
            status, context = "FAULT", f"the sandbox failed: {error}"
            self._say(f"[Container] {context}")
        else:
            if outcome.ending is Ending.ABANDONED:
                self._close()
                return
            passed = outcome.ending is Ending.EXITED and outcome.exit_code == 0
            status = _ENDS.get(outcome.ending, "SUCCEEDED" if passed else "FAILED")
        self._phase("COMPLETED", None, time.time(), "")
        self._say(f"[Container] the build has ended: {status}")
        self._kept |= {
            "buildStatus": status,
            "buildComplete": True,
            "currentPhase": "COMPLETED",
            "endTime": time.time(),
        }
        self._close()
        self._keep()
        self._tell(status)

    def _prepare(self) -> Buildspec:
        """The source in its folder, and what it says to run. Raises _FailedError and BuildspecError."""
        shutil.rmtree(self._folder, ignore_errors=True)
        source = self._kept["source"]
        files = self._folder / "src"
        files.mkdir(parents=True)
        began = time.time()
        self._begin("DOWNLOAD_SOURCE")
        if source["type"] == "S3":
            self._fetch(source["location"], files)
        inline = source.get("buildspec") or ""
        if "\n" in inline or inline.lstrip().startswith("{"):
            text = inline
        else:
            file = files / (inline or "buildspec.yml")
            if not file.is_file():
                raise _FailedError(f"YAML_FILE_ERROR: stat {file.name}: no such file in the source")
            text = file.read_text("utf-8", "replace")
        found = specification.read(text)
        self._phase("DOWNLOAD_SOURCE", "SUCCEEDED", began, "")
        for note in found.notes:
            self._say(f"[Container] {note}")
        return found

    def _fetch(self, location: str, folder: Path) -> None:
        bucket, _, key = location.removeprefix("arn:aws:s3:::").removeprefix("s3://").partition("/")
        archive = self._folder / "source.zip"
        version = self._kept.get("sourceVersion")
        more = {"VersionId": version} if version else {}
        try:
            got = self._cloud.client("s3", self._caller).get_object(Bucket=bucket, Key=key, **more)
            archive.write_bytes(got["Body"].read())
        except ClientError as error:
            raise _FailedError(f"CLIENT_ERROR: {location}: {error.response['Error']['Message']}") from error
        try:
            _unzip(archive, folder)
        except zipfile.BadZipFile as error:
            raise _FailedError(f"CLIENT_ERROR: {location} is no ZIP archive: {error}") from error
        archive.unlink()

    def _carry_out(self, buildspec: Buildspec) -> Outcome:
        marks = self._folder / "phases"
        marks.touch()
        script = self._folder / "build.sh"
        script.write_text(specification.script(buildspec, str(marks)))
        seen = 0

        def look() -> Ending | None:
            nonlocal seen
            seen = self._follow(marks, seen)
            return None

        outcome = run(
            Command(
                [f"/bin/{buildspec.shell}", str(script)], self._environment(buildspec), self._folder / "src"
            ),
            orders=self._orders,
            limits=Limits(run=self._kept["timeoutInMinutes"] * 60.0, grace=_GRACE_SECONDS),
            on_line=self._say,
            on_tick=look,
        )
        look()
        return outcome

    def _follow(self, marks: Path, seen: int) -> int:
        """Takes up what the script has written of its phases since the last look."""
        lines = marks.read_text().splitlines()
        for line in lines[seen:]:
            phase, _, what = line.partition(" ")
            if what == "begin":
                self._began = time.time()
                self._begin(phase)
            else:
                passed = what == "0"
                reason = "" if passed else f"COMMAND_EXECUTION_ERROR: exit status {what}: {self._last}"
                self._phase(phase, "SUCCEEDED" if passed else "FAILED", self._began, reason)
        return len(lines)

    def _environment(self, buildspec: Buildspec) -> dict[str, str]:
        kept, caller = self._kept, self._caller
        tools = _tools(self._folder / "bin")
        variables = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        variables |= self._cloud.environment(caller)
        variables |= {
            "PATH": os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)]),
            "CODEBUILD_BUILD_ARN": kept["arn"],
            "CODEBUILD_BUILD_ID": kept["id"],
            "CODEBUILD_BUILD_IMAGE": kept["environment"].get("image", ""),
            "CODEBUILD_BUILD_NUMBER": str(kept["buildNumber"]),
            "CODEBUILD_INITIATOR": kept["initiator"],
            "CODEBUILD_LOG_PATH": kept["logs"]["streamName"] or "",
            "CODEBUILD_SOURCE_VERSION": kept.get("sourceVersion") or kept["source"].get("location", ""),
            "CODEBUILD_SRC_DIR": str(self._folder / "src"),
            "CODEBUILD_START_TIME": str(int(kept["startTime"] * 1000)),
            "SANDBOX_DOCKER": str(self._folder / "docker"),
            "SANDBOX_IMAGES": str(self._cloud.root / "images"),
            "SANDBOX_PRIVILEGED": str(bool(kept["environment"].get("privilegedMode"))).lower(),
            **buildspec.variables,
        }
        for name, parameter in buildspec.parameters.items():
            variables[name] = self._parameter(parameter)
        for name, secret in buildspec.secrets.items():
            variables[name] = self._secret(secret)
        for one in kept["environment"].get("environmentVariables") or ():
            kind = one.get("type") or "PLAINTEXT"
            read = {"PARAMETER_STORE": self._parameter, "SECRETS_MANAGER": self._secret}.get(kind, str)
            variables[one["name"]] = read(one["value"])
        return variables

    def _parameter(self, name: str) -> str:
        ssm = self._cloud.client("ssm", self._caller)
        try:
            return str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        except ClientError as error:
            raise _FailedError(f"Parameter store error, {name}: {error}") from error

    def _secret(self, name: str) -> str:
        identity, _, key = name.partition(":") if not name.startswith("arn:") else (name, "", "")
        try:
            secret = self._cloud.client("secretsmanager", self._caller).get_secret_value(SecretId=identity)
        except ClientError as error:
            raise _FailedError(f"Secrets Manager error, {name}: {error}") from error
        member = key.partition(":")[0]
        text = str(secret.get("SecretString", ""))
        try:
            return str(json.loads(text)[member]) if member else text
        except (ValueError, KeyError, TypeError) as error:
            raise _FailedError(f"Secrets Manager error, {name}: it has no member {member!r}") from error

    def _begin(self, phase: str) -> None:
        self._kept["currentPhase"] = phase
        self._keep()

    def _phase(self, name: str, status: str | None, began: float, context: str) -> None:
        now = time.time()
        phase: dict[str, Any] = {"phaseType": name, "startTime": began}
        if status is not None:
            phase |= {"phaseStatus": status, "endTime": now, "durationInSeconds": round(now - began)}
            phase["contexts"] = (
                [{"statusCode": context.partition(":")[0], "message": context}] if context else []
            )
        self._kept["phases"] = [*self._kept["phases"], phase]

    def _say(self, line: str) -> None:
        # The sandbox's own lines tell which command failed, not why.
        if line.strip() and not line.startswith("[Container]"):
            self._last = line.strip()[:500]
        if self._logs is not None:
            self._logs.write(line)

    def _close(self) -> None:
        if self._logs is not None:
            self._logs.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _keep(self) -> None:
        self._keep_document(self._kept)

    def _tell(self, status: str) -> None:
        """The event that CodeBuild puts on the default bus (guide, "Build notifications input format")."""
        kept = self._kept
        self._cloud.emit(
            "aws.codebuild",
            "CodeBuild Build State Change",
            {
                "build-status": status,
                "project-name": kept["projectName"],
                "build-id": kept["arn"],
                "current-phase": kept["currentPhase"],
                "current-phase-context": "[]",
                "version": "1",
                "additional-information": {
                    "build-number": float(kept["buildNumber"]),
                    "build-complete": kept["buildComplete"],
                    "initiator": kept["initiator"],
                    "build-start-time": datetime.fromtimestamp(kept["startTime"], UTC).strftime(
                        "%b %d, %Y %I:%M:%S %p"
                    ),
                    "source": {key: kept["source"].get(key) for key in ("type", "location")},
                    "logs": {
                        "group-name": kept["logs"]["groupName"],
                        "stream-name": kept["logs"]["streamName"],
                    },
                },
            },
            self._caller,
            [kept["arn"]],
        )


def _tools(folder: Path) -> Path:
    """A folder for the front of PATH: `docker`, `aws`, and this interpreter as `python` and `python3`."""
    interpreter_links(folder)
    home = Path(sandbox.__file__).parent.parent
    for name in ("docker", "aws"):
        program = (
            "import sys; sys.path[:0] = [sys.argv.pop(1)]; "
            f"from sandbox.runtime.builds import {name}; sys.exit({name}.main())"
        )
        tool = folder / name
        command = shlex.join([sys.executable, "-P", "-c", program, str(home)])
        tool.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        tool.chmod(0o755)
    return folder.resolve()


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            target = (folder / entry.filename).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise zipfile.BadZipFile(f"{entry.filename} leaves its folder")
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(packed.read(entry))
            target.chmod((entry.external_attr >> 16) & 0o777 or 0o644)
