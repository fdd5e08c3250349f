"""CodeBuild's builds for the host: a build of an S3 source, or of none, runs its buildspec as a process.

The projects are recorded. A build of any other source (a repository of code) the emulator answers for.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.builds.build import Build
from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError, TableOverlay
from sandbox.runtime.recorded.kinds.codebuild import PROJECT
from sandbox.runtime.recorded.shelf import Shelf
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.process import Ending, Orders

_KIND = "codebuild-build"
_RUN_HERE = frozenset({"S3", "NO_SOURCE"})
_TOKEN_SECONDS = 300.0
_AT_ONCE = 2
"""Builds that run together: each may keep a core busy."""
_MOMENTS = ("startTime", "endTime")
_OVERRIDES = {
    "sourceTypeOverride": ("source", "type"),
    "sourceLocationOverride": ("source", "location"),
    "buildspecOverride": ("source", "buildspec"),
    "privilegedModeOverride": ("environment", "privilegedMode"),
    "imageOverride": ("environment", "image"),
    "timeoutInMinutesOverride": ("timeoutInMinutes",),
    "logsConfigOverride": ("logsConfig",),
    "serviceRoleOverride": ("serviceRole",),
}


class BuildsOverlay(TableOverlay):
    """Answers the operations on builds."""

    service = "codebuild"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(
            {
                "StartBuild": self._start,
                "StopBuild": self._stop,
                "BatchGetBuilds": self._get,
                "ListBuilds": self._list,
                "ListBuildsForProject": self._list_of_project,
            }
        )
        self._cloud = cloud
        self._projects = Shelf(PROJECT, cloud.documents)
        self._board = Board()
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_AT_ONCE)

    def start(self) -> None:
        """Begins again with the builds that a stop cut off."""
        for kept in self._cloud.documents.all(_KIND):
            if kept["buildStatus"] == "IN_PROGRESS":
                self._begin({**kept, "phases": []})

    def stop(self) -> None:
        """Ends every build's process; the next start begins them again."""
        self._board.close()

    def _start(self, params: Params, caller: Caller) -> Params:
        project = self._projects.find({"name": params["projectName"]}, caller)
        if project is None:
            raise ServiceError(
                "ResourceNotFoundException", f"Project cannot be found: {params['projectName']}"
            )
        project = _overridden(project, params)
        if project["source"].get("type") not in _RUN_HERE:
            return self._cloud.emulate("codebuild", "StartBuild", params, caller)
        with self._lock:
            before = [one for one in self._all(caller) if one["projectName"] == project["name"]]
            repeated = _repeated(before, params.get("idempotencyToken"), project)
            if repeated is not None:
                return {"build": _shown(repeated)}
            limit = project.get("concurrentBuildLimit")
            under_way = sum(one["buildStatus"] == "IN_PROGRESS" for one in before)
            if limit and under_way >= limit:
                raise ServiceError(
                    "AccountLimitExceededException",
                    f"Cannot have more than {limit} builds in queue for the project {project['name']}",
                )
            kept = _document(
                project, params, caller, 1 + max((one["buildNumber"] for one in before), default=0)
            )
            self._keep(kept)
        self._begin(kept)
        return {"build": _shown(kept)}

    def _begin(self, kept: dict[str, Any]) -> None:
        self._board.start(kept["id"], lambda orders: self._run(kept, orders))

    def _run(self, kept: dict[str, Any], orders: Orders) -> None:
        while not self._places.acquire(timeout=0.2):
            if orders.ending is not None:
                break
        else:
            try:
                Build(self._cloud, kept, orders, self._keep).run()
            finally:
                self._places.release()
            return
        if orders.ending is Ending.STOPPED:
            self._keep({**kept, "buildStatus": "STOPPED", "buildComplete": True, "endTime": time.time()})

    def _stop(self, params: Params, caller: Caller) -> Params:
        kept = self._cloud.documents.get(_KIND, params["id"])
        if kept is None:
            return self._cloud.emulate("codebuild", "StopBuild", params, caller)
        if self._board.order(kept["id"], Ending.STOPPED):
            self._board.wait(kept["id"], 40)
        return {"build": _shown(self._cloud.documents.get(_KIND, params["id"]) or kept)}

    def _get(self, params: Params, caller: Caller) -> Params:
        found, elsewhere = [], []
        for identity in params["ids"]:
            kept = self._cloud.documents.get(_KIND, _identity(identity))
            if kept is not None and kept["$caller"] == [caller.account_id, caller.region]:
                found.append(_shown(kept))
            else:
                elsewhere.append(identity)
        if elsewhere:
            answer = self._cloud.emulate("codebuild", "BatchGetBuilds", {"ids": elsewhere}, caller)
            found += answer["builds"]
        known = {build[name] for build in found for name in ("id", "arn")}
        return {"builds": found, "buildsNotFound": [one for one in params["ids"] if one not in known]}

    def _list(self, params: Params, caller: Caller) -> Params:
        others = self._cloud.emulate("codebuild", "ListBuilds", {}, caller)["ids"]
        return {"ids": _ordered([*others, *(one["id"] for one in self._all(caller))], params)}

    def _list_of_project(self, params: Params, caller: Caller) -> Params:
        name = params["projectName"]
        others = self._cloud.emulate("codebuild", "ListBuildsForProject", {"projectName": name}, caller)[
            "ids"
        ]
        ours = [one["id"] for one in self._all(caller) if one["projectName"] == name]
        return {"ids": _ordered([*others, *ours], params)}

    def _all(self, caller: Caller) -> list[dict[str, Any]]:
        place = [caller.account_id, caller.region]
        return [one for one in self._cloud.documents.all(_KIND) if one["$caller"] == place]

    def _keep(self, kept: Mapping[str, Any]) -> None:
        self._cloud.documents.put(_KIND, kept["id"], kept)


def _overridden(project: Params, params: Params) -> Params:
    """The project as one build has it."""
    made = {
        **project,
        "source": dict(project["source"]),
        "environment": dict(project["environment"]),
    }
    for name, path in _OVERRIDES.items():
        if name in params:
            holder = made if len(path) == 1 else made[path[0]]
            holder[path[-1]] = params[name]
    given = {one["name"]: one for one in made["environment"].get("environmentVariables") or ()}
    given |= {one["name"]: one for one in params.get("environmentVariablesOverride") or ()}
    made["environment"]["environmentVariables"] = list(given.values())
    return made


def _document(project: Params, params: Params, caller: Caller, number: int) -> dict[str, Any]:
    identity = f"{project['name']}:{uuid.uuid4()}"
    place = f"{caller.region}:{caller.account_id}"
    logs = (project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
    group = logs.get("groupName") or f"/aws/codebuild/{project['name']}"
    stream = "/".join(part for part in (logs.get("streamName"), identity.rpartition(":")[2]) if part)
    watched = logs.get("status") != "DISABLED"
    stream_arn = f"arn:aws:logs:{place}:log-group:{group}:log-stream:{stream}"
    now = time.time()
    return {
        "id": identity,
        "arn": f"arn:aws:codebuild:{place}:build/{identity}",
        "buildNumber": number,
        "startTime": now,
        "currentPhase": "QUEUED",
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "sourceVersion": params.get("sourceVersion") or project.get("sourceVersion"),
        "projectName": project["name"],
        "phases": [],
        "source": project["source"],
        "artifacts": {"location": ""},
        "cache": project.get("cache"),
        "environment": project["environment"],
        "serviceRole": project.get("serviceRole"),
        "timeoutInMinutes": project.get("timeoutInMinutes") or 60,
        "queuedTimeoutInMinutes": project.get("queuedTimeoutInMinutes") or 480,
        "encryptionKey": project.get("encryptionKey"),
        "initiator": "sandbox",
        "logs": {
            "groupName": group if watched else None,
            "streamName": stream if watched else None,
            "cloudWatchLogs": {**logs, "status": "ENABLED" if watched else "DISABLED"},
            "cloudWatchLogsArn": stream_arn if watched else None,
        },
        "$caller": [caller.account_id, caller.region],
        "$token": params.get("idempotencyToken"),
    }


def _repeated(before: list[dict[str, Any]], token: str | None, project: Params) -> dict[str, Any] | None:
    """The build that the same token started in the last five minutes, of this project and no former one."""
    created = project.get("created")
    since = max(time.time() - _TOKEN_SECONDS, created.timestamp() if isinstance(created, datetime) else 0.0)
    fresh = [one for one in before if token and one["$token"] == token and one["startTime"] >= since]
    return fresh[-1] if fresh else None


def _identity(name: str) -> str:
    """A build's id; requests may give its ARN."""
    return name.partition(":build/")[2] if name.startswith("arn:") else name


def _ordered(ids: list[str], params: Params) -> list[str]:
    return ids if params.get("sortOrder") == "ASCENDING" else ids[::-1]


def _shown(kept: Mapping[str, Any]) -> Params:
    """A build as an answer has it."""
    shown = {name: value for name, value in kept.items() if not name.startswith("$") and value is not None}
    phases = [_timed(phase) for phase in kept["phases"]]
    return {**_timed(shown), "phases": phases}


def _timed(document: Mapping[str, Any]) -> Params:
    return {
        name: datetime.fromtimestamp(value, UTC) if name in _MOMENTS else value
        for name, value in document.items()
    }
