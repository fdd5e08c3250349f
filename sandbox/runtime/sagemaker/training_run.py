"""How does a training job run? From input to model archive, with spot interruptions and checkpoints."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.images.building import Image
from sandbox.runtime.overlay import Cloud, ServiceError
from sandbox.runtime.sagemaker import toolkit
from sandbox.runtime.sagemaker.container import Containers, read_reason, resource_config, write_json
from sandbox.runtime.sagemaker.images import UnknownImageError, command_of
from sandbox.runtime.sagemaker.logs import LogStream
from sandbox.runtime.sagemaker.metrics import JobMetrics
from sandbox.runtime.sagemaker.process import Command, Ending, Limits, Orders, Outcome, run
from sandbox.runtime.sagemaker.records import Record, Shelf, now
from sandbox.runtime.sagemaker.transfer import FolderMirror, TransferError, Transfers, pack, unpack
from sandbox.runtime.sagemaker.transitions import move

_DAY = 86400
_CHECKPOINT_SECONDS = 1.0
_log = logging.getLogger(__name__)


class _FailedError(Exception):
    """The job fails; the text is its FailureReason."""


class TrainingRun:
    """One training job, from `Starting` to its end."""

    def __init__(
        self, cloud: Cloud, shelf: Shelf, containers: Containers, record: Record, orders: Orders
    ) -> None:
        self._cloud = cloud
        self._shelf = shelf
        self._containers = containers
        self._record = record
        self._job = record.fields
        self._orders = orders
        caller = record.caller
        self._folder = containers.folder("training", caller.account_id, caller.region, record.name)
        self._transfers = Transfers(cloud.client("s3", caller))
        stream = f"{record.name}/algo-1-{int(time.time())}"
        self._logs = LogStream(cloud, "/aws/sagemaker/TrainingJobs", stream, caller)
        definitions = self._job["AlgorithmSpecification"].get("MetricDefinitions") or []
        self._metrics = JobMetrics(cloud, record, definitions)
        self._trained = 0.0
        self._checked = 0.0
        self._restarts = 0
        self._zones, self._zone = containers.zones, ""
        self._mirror = self._checkpoints()
        self._image: Image | None = None

    def run(self) -> None:
        try:
            status, fields = self._through()
        except _FailedError as error:
            status, fields = "Failed", {"FailureReason": str(error)[:1024]}
        except (TransferError, UnknownImageError, ServiceError) as error:
            status, fields = "Failed", {"FailureReason": f"ClientError: {error}"[:1024]}
        except (ClientError, BotoCoreError, OSError) as error:
            _log.exception("training job %s", self._record.name)
            status, fields = "Failed", {"FailureReason": f"InternalServerError: {error}"[:1024]}
        finally:
            self._logs.close()
        if self._orders.ending is Ending.ABANDONED:
            return
        ended: dict[str, Any] = {**fields, "TrainingEndTime": now()}
        primary = "Stopped" if status.startswith(("Max", "Stopped")) else status
        if self._trained:
            seconds = max(1, round(self._trained))
            ended |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        self._show_progress()
        if final := self._metrics.final():
            ended["FinalMetricDataList"] = final
        self._folder.remove()
        self._move(status, {**ended, "TrainingJobStatus": primary})

    def _through(self) -> tuple[str, dict[str, Any]]:
        uri = self._job["AlgorithmSpecification"]["TrainingImage"]
        self._image = self._containers.image(uri, self._record.caller)
        stopping = self._job.get("StoppingCondition") or {}
        wait_until = time.monotonic() + stopping.get("MaxWaitTimeInSeconds", 30 * _DAY)
        while True:
            self._move("Downloading")
            command = self._prepare()
            self._move("Training", {"TrainingStartTime": self._job.get("TrainingStartTime") or now()})
            outcome = self._train(command, stopping)
            if self._mirror is not None and outcome.ending not in {Ending.ABANDONED, Ending.LOST}:
                self._mirror.save()
            if outcome.ending not in {Ending.INTERRUPTED, Ending.LOST}:
                return self._ended(outcome)
            if not self._job["EnableManagedSpotTraining"]:
                self._restart()
                continue
            self._move("Interrupted")
            if time.monotonic() >= wait_until:
                return "MaxWaitTimeExceeded", {}
            self._move("Starting")

    def _restart(self) -> None:
        """A job whose instance is gone is tried again as often as it asks to be: without asking, it fails."""
        tries = (self._job.get("RetryStrategy") or {}).get("MaximumRetryAttempts", 0)
        if self._restarts >= tries:
            raise _FailedError("InternalServerError: We encountered an internal error. Please try again.")
        self._restarts += 1
        self._move("Restarting")

    def _prepare(self) -> Command:
        folder, job = self._folder, self._job
        folder.make("model", "output/data", "output/intermediate", "input/data", "code", "checkpoints")
        if self._image is not None:
            folder.place(self._image)
        # What the paths of the container are called here, they are called in what the job reads, too.
        given = folder.rewrite_values(job.get("HyperParameters") or {})
        channels = job.get("InputDataConfig") or []
        config = folder.root / "input" / "config"
        resources = resource_config((job.get("ResourceConfig") or {}).get("InstanceType", "ml.m5.large"))
        write_json(config / "hyperparameters.json", given)
        write_json(config / "resourceconfig.json", resources)
        write_json(config / "inputdataconfig.json", {c["ChannelName"]: _channel(c) for c in channels})
        for channel in channels:
            source = channel["DataSource"].get("S3DataSource")
            if source is None or source.get("S3DataType", "S3Prefix") != "S3Prefix":
                raise _FailedError(
                    f"ClientError: channel {channel['ChannelName']!r}: the sandbox reads S3DataSource with "
                    f"S3DataType S3Prefix; it has {channel['DataSource']}"
                )
            target = folder.root / "input" / "data" / channel["ChannelName"]
            self._transfers.fetch_prefix(source["S3Uri"], target)
        if self._mirror is not None:
            self._mirror.restore()
        names = [channel["ChannelName"] for channel in channels]
        return self._command(given, names, resources)

    def _command(self, given: Mapping[str, str], channels: list[str], resources: dict[str, Any]) -> Command:
        algorithm = self._job["AlgorithmSpecification"]
        folder = self._folder
        own = {"TRAINING_JOB_NAME": self._record.name, "TRAINING_JOB_ARN": self._record.arn}
        job_environment = folder.rewrite_values(self._job.get("Environment") or {})
        script = toolkit.script_of(given)
        if algorithm.get("ContainerEntrypoint"):
            arguments = folder.rewrite_all(
                [*algorithm["ContainerEntrypoint"], *(algorithm.get("ContainerArguments") or [])]
            )
            where = folder.working()
            # A command that counts for itself would find a laptop's GPU, which jobs here do not have.
            own["SM_NUM_GPUS"] = "0"
        elif self._image is not None:
            arguments, where = folder.rewrite_all(command_of(self._image, "train")), folder.working()
            # Programs of an image name /opt/ml by themselves; these say where it is here.
            own |= {f"SM_CHANNEL_{name.upper()}": f"{folder.root}/input/data/{name}" for name in channels}
            own |= {"SM_MODEL_DIR": f"{folder.root}/model", "SM_OUTPUT_DIR": f"{folder.root}/output"}
            own["SM_INPUT_CONFIG_DIR"] = f"{folder.root}/input/config"
        elif script is not None:
            arguments, where = toolkit.arguments(script), folder.root / "code"
            self._fetch_code(script)
            own |= toolkit.environment(script, folder, channels, resources)
        else:
            raise _FailedError(
                f"ClientError: the sandbox has no algorithm of {algorithm['TrainingImage']} itself: give "
                "hyperparameters sagemaker_program and sagemaker_submit_directory (script mode), or "
                "AlgorithmSpecification.ContainerEntrypoint"
            )
        environment = folder.surroundings(self._containers.environment(self._record.caller, {}))
        return Command(arguments, {**environment, **own, **job_environment}, where)

    def _fetch_code(self, script: toolkit.Script) -> None:
        code = self._folder.root / "code"
        if script.archive.startswith("s3://"):
            archive = self._folder.root / "sourcedir.tar.gz"
            self._transfers.fetch(script.archive, archive)
            unpack(archive, code)
        elif Path(script.archive).is_file():
            unpack(Path(script.archive), code)
        if not (code / script.program).is_file():
            raise _FailedError(f"ClientError: the archive {script.archive} holds no {script.program}")
        if (code / "requirements.txt").is_file():
            self._logs.write("the sandbox installs no requirements.txt: it runs with the packages it has")

    def _train(self, command: Command, stopping: Mapping[str, int]) -> Outcome:
        left = stopping.get("MaxRuntimeInSeconds", _DAY) - self._trained
        self._zone = self._zones.of_job(self._job, self._record.name, self._record.caller, self._orders)
        began = time.monotonic()
        outcome = run(
            command,
            orders=self._orders,
            limits=Limits(run=left),
            on_line=self._on_line,
            on_tick=self._on_tick,
        )
        self._trained += time.monotonic() - began
        return outcome

    def _on_line(self, line: str) -> None:
        self._logs.write(line)
        self._metrics.read(line)

    def _on_tick(self) -> Ending | None:
        if self._mirror is not None and time.monotonic() - self._checked >= _CHECKPOINT_SECONDS:
            self._mirror.save()
            self._checked = time.monotonic()
        name = self._record.name
        self._show_progress()
        if self._zones.lost(self._zone) or self._cloud.fault("instance-killed", name):
            return Ending.LOST
        spot = self._job["EnableManagedSpotTraining"]
        if spot and self._cloud.fault("spot-interruption", name):
            return Ending.INTERRUPTED
        return None

    def _show_progress(self) -> None:
        """A tuning job judges its trainings by how they go."""
        if "tuning" not in self._record.private:
            return
        progress = self._metrics.progress()
        if progress != self._record.private.get("progress"):
            self._record = self._shelf.update(self._record, private={"progress": progress})

    def _ended(self, outcome: Outcome) -> tuple[str, dict[str, Any]]:
        if outcome.ending is Ending.ABANDONED:
            return "Failed", {}
        root = self._folder.root
        if outcome.ending is Ending.EXITED and outcome.exit_code != 0:
            self._upload_output()
            raise _FailedError(self._failure(outcome))
        if outcome.ending is Ending.EXITED:
            self._move("Uploading")
        target = self._job["ModelArtifacts"]["S3ModelArtifacts"]
        # A job that was stopped keeps what it had made: its model folder is uploaded as it stands.
        if outcome.ending is Ending.EXITED or any((root / "model").iterdir()):
            pack(root / "model", root / "model.tar.gz")
            self._transfers.send(root / "model.tar.gz", target, self._kms_key)
        self._upload_output()
        status = {Ending.STOPPED: "Stopped", Ending.TIMED_OUT: "MaxRuntimeExceeded"}
        return status.get(outcome.ending, "Completed"), {}

    def _failure(self, outcome: Outcome) -> str:
        reason = read_reason(self._folder.root / "output" / "failure")
        if not reason:
            words = [line for line in outcome.last_lines if line.strip()]
            reason = words[-1][:800] if words else "the job said nothing"
        return f"AlgorithmError: {reason}, exit code: {outcome.exit_code}"

    def _upload_output(self) -> None:
        data = self._folder.root / "output" / "data"
        if data.is_dir() and any(data.iterdir()):
            archive = self._folder.root / "output.tar.gz"
            pack(data, archive)
            uri = re.sub(r"model\.tar\.gz$", "output.tar.gz", self._job["ModelArtifacts"]["S3ModelArtifacts"])
            self._transfers.send(archive, uri, self._kms_key)

    def _checkpoints(self) -> FolderMirror | None:
        config = self._job.get("CheckpointConfig")
        if not config:
            return None
        local = self._folder.path(config.get("LocalPath") or "/opt/ml/checkpoints")
        return FolderMirror(self._transfers, local, config["S3Uri"])

    @property
    def _kms_key(self) -> str | None:
        return self._job["OutputDataConfig"].get("KmsKeyId") or None

    def _move(self, status: str, fields: Mapping[str, Any] | None = None) -> None:
        if self._orders.ending is Ending.STOPPED and status in {"Downloading", "Training", "Uploading"}:
            return
        self._record = move(self._shelf, self._record, status, fields)
        self._job = self._record.fields


def _channel(channel: Mapping[str, Any]) -> dict[str, str]:
    source = channel["DataSource"].get("S3DataSource", {})
    return {
        "TrainingInputMode": channel.get("InputMode", "File"),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
    }
