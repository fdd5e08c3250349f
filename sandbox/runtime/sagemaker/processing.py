"""Processing jobs: the operations on them, and how one runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.images.building import Image
from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.container import Containers, read_reason, resource_config, write_json
from sandbox.runtime.sagemaker.images import UnknownImageError
from sandbox.runtime.sagemaker.logs import LogStream
from sandbox.runtime.sagemaker.process import Command, Ending, Limits, Orders, Outcome, run
from sandbox.runtime.sagemaker.records import Record, Shelf, now
from sandbox.runtime.sagemaker.shelves import Shelves
from sandbox.runtime.sagemaker.surroundings import require_role
from sandbox.runtime.sagemaker.transfer import FolderMirror, TransferError, Transfers

Operation = Callable[[Params, Caller], Params]
_DAY = 86400
_MIRROR_SECONDS = 2.0
_SHOWN = (
    "ProcessingJobName",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
)
_log = logging.getLogger(__name__)


class ProcessingJobs:
    """Create, Describe, List, Stop and Delete for processing jobs."""

    def __init__(self, cloud: Cloud, shelves: Shelves, board: Board, containers: Containers) -> None:
        self._cloud = cloud
        self._shelf = shelves.processing_jobs
        self._tags = shelves.tags
        self._board = board
        self._containers = containers
        self.operations: Mapping[str, Operation] = {
            "CreateProcessingJob": self.create,
            "DescribeProcessingJob": self.describe,
            "ListProcessingJobs": self._list,
            "StopProcessingJob": self.stop,
            "DeleteProcessingJob": self._delete,
        }

    def create(self, params: Params, caller: Caller) -> Params:
        count = params["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
        if count != 1:
            raise ServiceError(
                "ValidationException",
                f"The sandbox runs a processing job on one instance; ClusterConfig.InstanceCount is {count}.",
            )
        require_role(self._cloud, params["RoleArn"], caller)
        fields: dict[str, Any] = {key: value for key, value in params.items() if key != "Tags"}
        created = now()
        fields |= {
            "ProcessingJobStatus": "InProgress",
            "CreationTime": created,
            "LastModifiedTime": created,
        }
        fields.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": _DAY})
        record = self._shelf.create(params["ProcessingJobName"], caller, fields)
        self._tags.add(record.arn, params.get("Tags") or [])
        self._board.start(record.arn, lambda orders: self._run(record, orders))
        return {"ProcessingJobArn": record.arn}

    def describe(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["ProcessingJobName"], caller)
        return {**record.fields, "ProcessingJobArn": record.arn}

    def stop(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["ProcessingJobName"], caller)
        status = record.fields["ProcessingJobStatus"]
        if status not in {"InProgress", "Stopping"}:
            raise ServiceError(
                "ValidationException",
                f"The request was rejected because the processing job is in status {status}.",
            )
        self._shelf.update(record, {"ProcessingJobStatus": "Stopping", "LastModifiedTime": now()})
        if not self._board.order(record.arn, Ending.STOPPED):
            self._end(record, {"ProcessingJobStatus": "Stopped"})
        return {}

    def settle(self) -> None:
        """Fails the jobs that a kill of the sandbox cut off."""
        for record in self._shelf.all():
            if record.fields["ProcessingJobStatus"] in {"InProgress", "Stopping"}:
                reason = "InternalServerError: the sandbox was stopped while the job ran; start it again"
                self._end(record, {"ProcessingJobStatus": "Failed", "FailureReason": reason})

    def _end(self, record: Record, fields: Mapping[str, Any]) -> None:
        at = now()
        self._shelf.update(record, {**fields, "ProcessingEndTime": at, "LastModifiedTime": at})

    def _run(self, record: Record, orders: Orders) -> None:
        fields = _ProcessingRun(self._cloud, self._shelf, self._containers, record, orders).run()
        if orders.ending is not Ending.ABANDONED:
            self._end(record, fields)

    def _list(self, params: Params, caller: Caller) -> Params:
        records = listing.choose(self._shelf.all(caller), params, ("StatusEquals", "ProcessingJobStatus"))
        items = [{**listing.summary(r, _SHOWN), "ProcessingJobArn": r.arn} for r in records]
        return listing.page(items, params, "ProcessingJobSummaries")

    def _delete(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["ProcessingJobName"], caller)
        if record.fields["ProcessingJobStatus"] in {"InProgress", "Stopping"}:
            raise ServiceError(
                "ResourceInUse", f"Processing job {record.arn} is still running; stop it first."
            )
        self._shelf.delete(record.name, caller)
        self._tags.forget(record.arn)
        return {}


class _ProcessingRun:
    """One processing job, from its inputs to its outputs."""

    def __init__(
        self, cloud: Cloud, shelf: Shelf, containers: Containers, record: Record, orders: Orders
    ) -> None:
        caller = record.caller
        self._cloud = cloud
        self._shelf = shelf
        self._containers = containers
        self._zone = ""
        self._record = record
        self._job = record.fields
        self._orders = orders
        self._folder = containers.folder("processing", caller.account_id, caller.region, record.name)
        self._transfers = Transfers(cloud.client("s3", caller))
        stream = f"{record.name}/algo-1-{int(time.time())}"
        self._logs = LogStream(cloud, "/aws/sagemaker/ProcessingJobs", stream, caller)
        self._mirrors: list[FolderMirror] = []
        self._mirrored = 0.0

    def run(self) -> dict[str, Any]:
        """Runs the job; answers the members that its end sets."""
        try:
            image = self._containers.image(self._job["AppSpecification"]["ImageUri"], self._record.caller)
            command = self._prepare(image)
            self._shelf.update(self._record, {"ProcessingStartTime": now(), "LastModifiedTime": now()})
            place = self._job.get("NetworkConfig") or {}
            self._zone = self._containers.zones.of_job(
                place, self._record.name, self._record.caller, self._orders
            )
            outcome = run(
                command,
                orders=self._orders,
                limits=Limits(run=self._job["StoppingCondition"]["MaxRuntimeInSeconds"]),
                on_line=self._logs.write,
                on_tick=self._on_tick,
            )
            return self._ended(outcome)
        except (TransferError, UnknownImageError, ServiceError) as error:
            return _failed(f"ClientError: {error}")
        except (ClientError, BotoCoreError, OSError) as error:
            _log.exception("processing job %s", self._record.name)
            return _failed(f"InternalServerError: {error}")
        finally:
            self._logs.close()
            self._folder.remove()

    def _prepare(self, image: Image | None) -> Command:
        job, folder = self._job, self._folder
        folder.make("config", "output", "processing")
        if image is not None:
            folder.place(image)
        cluster = job["ProcessingResources"]["ClusterConfig"]
        write_json(folder.root / "config" / "resourceconfig.json", resource_config(cluster["InstanceType"]))
        described = {"ProcessingJobArn": self._record.arn, **job}
        write_json(folder.root / "config" / "processingjobconfig.json", described)
        for entry in job.get("ProcessingInputs") or []:
            source = entry.get("S3Input")
            if source is None or source.get("S3DataType", "S3Prefix") != "S3Prefix":
                raise TransferError(
                    f"input {entry['InputName']!r}: the sandbox reads S3Input with S3DataType S3Prefix"
                )
            self._transfers.fetch_prefix(source["S3Uri"], self._local(source, entry["InputName"]))
        for output in self._outputs():
            local = self._local(output["S3Output"], output["OutputName"])
            local.mkdir(parents=True, exist_ok=True)
            if output["S3Output"].get("S3UploadMode") == "Continuous":
                self._mirrors.append(FolderMirror(self._transfers, local, output["S3Output"]["S3Uri"]))
        specification = job["AppSpecification"]
        started = specification.get("ContainerEntrypoint") or (image.entrypoint if image is not None else ())
        given = specification.get("ContainerArguments") or ()
        if image is not None and not specification.get("ContainerEntrypoint"):
            given = given or image.command
        if not started:
            raise TransferError(
                f"the image {specification['ImageUri']} starts nothing of itself here: name what to run in "
                "AppSpecification.ContainerEntrypoint"
            )
        arguments = folder.rewrite_all([*started, *given])
        own = {
            "PROCESSING_JOB_NAME": self._record.name,
            "PROCESSING_JOB_ARN": self._record.arn,
            "SM_OUTPUT_DIR": str(folder.root / "output"),
            **folder.rewrite_values(job.get("Environment") or {}),
        }
        environment = folder.surroundings(self._containers.environment(self._record.caller, {}))
        return Command(arguments, {**environment, **own}, folder.working())

    def _local(self, place: Mapping[str, str], name: str) -> Any:
        path = place.get("LocalPath") or f"/opt/ml/processing/{name}"
        if not path.startswith("/opt/ml/processing"):
            raise TransferError(f"LocalPath {path!r} of {name!r} must be below /opt/ml/processing")
        return self._folder.path(path)

    def _outputs(self) -> list[Mapping[str, Any]]:
        outputs = (self._job.get("ProcessingOutputConfig") or {}).get("Outputs") or []
        return [output for output in outputs if output.get("S3Output")]

    def _on_tick(self) -> Ending | None:
        if self._mirrors and time.monotonic() - self._mirrored >= _MIRROR_SECONDS:
            for mirror in self._mirrors:
                mirror.save()
            self._mirrored = time.monotonic()
        gone = self._containers.zones.lost(self._zone)
        if gone or self._cloud.fault("instance-killed", self._record.name):
            return Ending.LOST
        return None

    def _ended(self, outcome: Outcome) -> dict[str, Any]:
        message = read_reason(self._folder.root / "output" / "message")
        fields: dict[str, Any] = {"ExitMessage": message} if message else {}
        if outcome.ending is Ending.ABANDONED:
            return fields
        if outcome.ending is Ending.LOST:
            return fields | _failed(
                "InternalServerError: We encountered an internal error. Please try again."
            )
        if outcome.ending is Ending.TIMED_OUT:
            return fields | _failed("ClientError: Job exceeded MaxRuntimeInSeconds provided")
        if outcome.ending is Ending.EXITED and outcome.exit_code != 0:
            words = [line for line in outcome.last_lines if line.strip()]
            reason = message or (words[-1][:800] if words else "See job logs for more information")
            return fields | _failed(f"AlgorithmError: {reason}, exit code: {outcome.exit_code}")
        key = (self._job.get("ProcessingOutputConfig") or {}).get("KmsKeyId") or None
        for output in self._outputs():
            place = output["S3Output"]
            self._transfers.send_folder(self._local(place, output["OutputName"]), place["S3Uri"], key)
        stopped = outcome.ending is Ending.STOPPED
        return fields | {"ProcessingJobStatus": "Stopped" if stopped else "Completed"}


def _failed(reason: str) -> dict[str, Any]:
    return {"ProcessingJobStatus": "Failed", "FailureReason": reason[:1024]}
