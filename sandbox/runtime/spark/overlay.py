"""EMR Serverless's job runs for the host: a script in Python runs as a process, with Spark where it is there.

The applications are recorded. There is no cluster: a script that needs Spark needs pyspark (and Java) on this
machine, and fails without it, as its run's state says.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError, TableOverlay
from sandbox.runtime.recorded.kinds.emr_serverless import APPLICATION
from sandbox.runtime.recorded.shelf import Shelf
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.process import Command, Ending, Limits, Orders, Outcome, run

_KIND = "emr-job-run"
_DEFAULT_MINUTES = 720
_LONGEST_DETAIL = 256
_NO_SPARK = "The sandbox has no Spark: install pyspark and Java beside it. "
_MOMENTS = ("createdAt", "updatedAt", "startedAt", "endedAt")
_OVER = frozenset({"SUCCESS", "FAILED", "CANCELLED"})


class SparkOverlay(TableOverlay):
    """Answers the operations on job runs."""

    service = "emr-serverless"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(
            {
                "StartJobRun": self._start,
                "GetJobRun": self._get,
                "ListJobRuns": self._list,
                "CancelJobRun": self._cancel,
            }
        )
        self._cloud = cloud
        self._applications = Shelf(APPLICATION, cloud.documents)
        self._board = Board()

    def start(self) -> None:
        """Settles what a stop cut off."""
        for kept in self._cloud.documents.all(_KIND):
            if kept["state"] not in _OVER:
                self._end(kept, "FAILED", "The sandbox stopped while the job ran.")

    def stop(self) -> None:
        """Ends every run's process."""
        self._board.close()

    def _start(self, params: Params, caller: Caller) -> Params:
        application = self._applications.require(params, caller)
        submit = (params.get("jobDriver") or {}).get("sparkSubmit")
        if submit is None:
            raise ServiceError("ValidationException", "The sandbox runs jobs of sparkSubmit, and no others.")
        identity = uuid.uuid4().hex[:16]
        now = time.time()
        kept = {
            "applicationId": application["applicationId"],
            "jobRunId": identity,
            "name": params.get("name"),
            "arn": f"{application['arn']}/jobruns/{identity}",
            "createdBy": f"arn:aws:iam::{caller.account_id}:root",
            "createdAt": now,
            "updatedAt": now,
            "startedAt": now,
            "executionRole": params["executionRoleArn"],
            "state": "RUNNING",
            "stateDetails": "",
            "releaseLabel": application["releaseLabel"],
            "jobDriver": params["jobDriver"],
            "executionTimeoutMinutes": params.get("executionTimeoutMinutes") or _DEFAULT_MINUTES,
            "attempt": 1,
            "$group": _log_group(params) or _log_group(application),
            "$caller": [caller.account_id, caller.region],
        }
        self._keep(kept)
        self._board.start(kept["arn"], lambda orders: self._run(kept, orders))
        return {name: kept[name] for name in ("applicationId", "jobRunId", "arn")}

    def _get(self, params: Params, _: Caller) -> Params:
        return {"jobRun": _shown(self._require(params))}

    def _list(self, params: Params, caller: Caller) -> Params:
        application = self._applications.require(params, caller)["applicationId"]
        found = [one for one in self._cloud.documents.all(_KIND) if one["applicationId"] == application]
        wanted = params.get("states")
        return {
            "jobRuns": [
                {**_shown(one), "id": one["jobRunId"]}
                for one in reversed(found)
                if not wanted or one["state"] in wanted
            ]
        }

    def _cancel(self, params: Params, _: Caller) -> Params:
        kept = self._require(params)
        self._board.order(kept["arn"], Ending.STOPPED)
        return {name: kept[name] for name in ("applicationId", "jobRunId")}

    def _require(self, params: Params) -> dict[str, Any]:
        key = f"{params['applicationId']}/{params['jobRunId']}"
        kept = self._cloud.documents.get(_KIND, key)
        if kept is None:
            raise ServiceError("ResourceNotFoundException", f"JobRun {key} does not exist.", 404)
        return kept

    def _run(self, kept: dict[str, Any], orders: Orders) -> None:
        folder = self._cloud.root / "spark" / str(kept["jobRunId"])
        try:
            outcome = self._outcome(kept, folder, orders)
        except ClientError as refused:
            self._end(kept, "FAILED", f"The entry point cannot be read: {refused}")
        else:
            if outcome.ending is not Ending.ABANDONED:
                self._end(kept, *_state(outcome))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _outcome(self, kept: Mapping[str, Any], folder: Path, orders: Orders) -> Outcome:
        caller = Caller(*kept["$caller"])
        submit = kept["jobDriver"]["sparkSubmit"]
        bucket, _, key = str(submit["entryPoint"]).removeprefix("s3://").partition("/")
        folder.mkdir(parents=True)
        script = folder / "entry_point.py"
        script.write_bytes(self._cloud.client("s3", caller).get_object(Bucket=bucket, Key=key)["Body"].read())
        lines: list[str] = []
        outcome = run(
            Command(
                [sys.executable, str(script), *submit.get("entryPointArguments", ())],
                {**self._cloud.environment(caller), "HOME": str(folder), "PATH": os.environ.get("PATH", "")},
                folder,
            ),
            orders=orders,
            limits=Limits(run=kept["executionTimeoutMinutes"] * 60.0, grace=5.0),
            on_line=lines.append,
            on_tick=lambda: None,
        )
        if kept["$group"]:
            self._cloud.log(kept["$group"], f"jobs/{kept['jobRunId']}/SPARK_DRIVER/stdout", lines, caller)
        return outcome

    def _end(self, kept: Mapping[str, Any], state: str, details: str) -> None:
        now = time.time()
        ended = {
            **kept,
            "state": state,
            "stateDetails": details[:_LONGEST_DETAIL],
            "updatedAt": now,
            "endedAt": now,
        }
        ended["totalExecutionDurationSeconds"] = round(now - kept["startedAt"])
        self._keep(ended)

    def _keep(self, kept: Mapping[str, Any]) -> None:
        self._cloud.documents.put(_KIND, f"{kept['applicationId']}/{kept['jobRunId']}", kept)


def _state(outcome: Outcome) -> tuple[str, str]:
    """The state that a process's end means, and what a person reads of it."""
    if outcome.ending is Ending.STOPPED:
        return "CANCELLED", ""
    if outcome.ending is Ending.TIMED_OUT:
        return "FAILED", "The job ran longer than its executionTimeoutMinutes."
    if outcome.exit_code == 0:
        return "SUCCESS", ""
    last = next(
        (line for line in reversed(outcome.last_lines) if line.strip()), f"exit code {outcome.exit_code}"
    )
    hint = _NO_SPARK if "No module named 'pyspark'" in last else ""
    return "FAILED", f"Job failed, please check complete logs. {hint}{last}"


def _log_group(document: Mapping[str, Any]) -> str:
    """The log group that a request or an application asks for; empty where there is none."""
    holder = document.get("configurationOverrides") or document
    watched = (holder.get("monitoringConfiguration") or {}).get("cloudWatchLoggingConfiguration") or {}
    return str(watched.get("logGroupName") or "") if watched.get("enabled") else ""


def _shown(kept: Mapping[str, Any]) -> Params:
    """A run as an answer has it."""
    return {
        name: datetime.fromtimestamp(value, UTC) if name in _MOMENTS else value
        for name, value in kept.items()
        if not name.startswith("$") and value is not None
    }
