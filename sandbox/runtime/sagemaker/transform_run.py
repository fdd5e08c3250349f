"""How does a transform job run? The model's server, asked for each batch of each object of the input."""

from __future__ import annotations

import gzip
import http.client
import json
import logging
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.overlay import Cloud, ServiceError
from sandbox.runtime.sagemaker.batches import MEGABYTE, Cutting, RecordTooLargeError, assembled
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.images import UnknownImageError
from sandbox.runtime.sagemaker.instance import Instance
from sandbox.runtime.sagemaker.logs import LogStream
from sandbox.runtime.sagemaker.plans import container_of
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, Shelf, now
from sandbox.runtime.sagemaker.transfer import TransferError, Transfers

_START_SECONDS = 120.0
_PAYLOAD_MEGABYTES = 6
_STRATEGIES = {"MULTI_RECORD": "MultiRecord", "SINGLE_RECORD": "SingleRecord"}
_INVOCATION_SECONDS = 3600.0
_PARAMETERS_SECONDS = 10.0
_AT_ONCE = 16
"""Requests of one job that this machine has under way at most."""
_STATUS = "TransformJobStatus"
_log = logging.getLogger(__name__)


class _FailedError(Exception):
    """The job fails; the text is its FailureReason."""


class TransformRun:
    """One transform job, from its server's start to its last object."""

    def __init__(
        self, cloud: Cloud, shelf: Shelf, containers: Containers, record: Record, orders: Orders
    ) -> None:
        caller = record.caller
        self._cloud = cloud
        self._shelf = shelf
        self._containers = containers
        self._record = record
        self._job = record.fields
        self._orders = orders
        self._transfers = Transfers(cloud.client("s3", caller))
        self._scratch = containers.folder("transform", caller.account_id, caller.region, record.name, "data")
        self._proposed: Mapping[str, Any] = {}
        self._zone = containers.zones.of_job({}, record.name, caller, orders)

    def run(self) -> dict[str, Any]:
        """Runs the job; answers the members that its end sets."""
        instance = self._instance()
        try:
            self._scratch.make("input", "output")
            container = container_of(self._record.private["container"])
            own = {**self._batch(), **container.environment, **(self._job.get("Environment") or {})}
            environment = self._containers.environment(self._record.caller, {})
            image = self._containers.serving_image(container.image, self._record.caller)
            instance.launch(replace(container, environment=own), environment, self._transfers, image)
            self._await(instance)
            self._proposed = _execution_parameters(instance) if self._orders.ending is None else {}
            self._shelf.update(self._record, {"TransformStartTime": now()})
            self._transform_all(instance)
        except _FailedError as error:
            return self._ended("Failed", str(error))
        except (TransferError, UnknownImageError, ServiceError, RecordTooLargeError) as error:
            return self._ended("Failed", f"ClientError: {error}")
        except (ClientError, BotoCoreError, OSError, http.client.HTTPException) as error:
            _log.exception("transform job %s", self._record.name)
            return self._ended("Failed", f"InternalServerError: {error}")
        finally:
            instance.terminate()
            self._scratch.remove()
        return self._ended("Stopped" if self._orders.ending is Ending.STOPPED else "Completed", "")

    def _batch(self) -> dict[str, str]:
        """What tells a container that it serves a job (SageMaker guide, "Use your own inference code with
        batch transform")."""
        job = self._job
        given = {
            "SAGEMAKER_BATCH_STRATEGY": job.get("BatchStrategy"),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": job.get("MaxConcurrentTransforms"),
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": job.get("MaxPayloadInMB"),
        }
        return {"SAGEMAKER_BATCH": "true", **{name: str(one) for name, one in given.items() if one}}

    def _instance(self) -> Instance:
        caller, name = self._record.caller, self._record.name
        identity = f"i-{secrets.token_hex(8)}"
        folder = self._containers.folder("transform", caller.account_id, caller.region, name, identity)
        logs = LogStream(self._cloud, "/aws/sagemaker/TransformJobs", f"{name}/{identity}", caller)
        return Instance(identity, "transform", self._zone, folder, logs)

    def _await(self, instance: Instance) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not instance.ready():
            if not instance.alive():
                time.sleep(0.1)
                raise _FailedError(f"AlgorithmError: the model did not start: {instance.last_words()}")
            if time.monotonic() > deadline:
                raise _FailedError("AlgorithmError: the model did not pass the ping health check")
            if self._orders.ending is not None:
                return
            time.sleep(0.03)

    def _transform_all(self, instance: Instance) -> None:
        source = self._job["TransformInput"]
        prefix = source["DataSource"]["S3DataSource"]["S3Uri"]
        folder = self._scratch.root / "input"
        self._transfers.fetch_prefix(prefix, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for file in files:
            if self._orders.ending is not None:
                return
            content = file.read_bytes()
            if source.get("CompressionType") == "Gzip":
                content = gzip.decompress(content)
            bodies = self._cutting().requests(content)
            with ThreadPoolExecutor(self._at_once()) as pool:
                answers = list(pool.map(lambda body: self._ask(instance, body), bodies))
            if self._orders.ending is not None:
                return
            self._send(file.relative_to(folder), answers)

    def _cutting(self) -> Cutting:
        proposed = self._proposed
        most = self._job.get("MaxPayloadInMB")
        if most is None:
            most = proposed.get("MaxPayloadInMB")
        split = self._job["TransformInput"].get("SplitType", "None")
        strategy = _STRATEGIES.get(str(proposed.get("BatchStrategy")), "MultiRecord")
        return Cutting(
            split,
            self._job.get("BatchStrategy") or (strategy if split != "None" else "MultiRecord"),
            (_PAYLOAD_MEGABYTES if most is None else most or 100) * MEGABYTE,
        )

    def _at_once(self) -> int:
        """Requests at once: the job's number, else the container's own, else one."""
        wanted = self._job.get("MaxConcurrentTransforms") or self._proposed.get("MaxConcurrentTransforms")
        return min(max(1, int(wanted or 1)), _AT_ONCE)

    def _ask(self, instance: Instance, body: bytes) -> bytes:
        if self._orders.ending is not None:
            return b""
        gone = self._containers.zones.lost(self._zone)
        if gone or self._cloud.fault("instance-killed", self._record.name):
            raise _FailedError("InternalServerError: We encountered an internal error. Please try again.")
        headers = {
            "content-type": self._job["TransformInput"].get("ContentType") or "application/octet-stream"
        }
        if accept := self._job["TransformOutput"].get("Accept"):
            headers["accept"] = accept
        connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=_INVOCATION_SECONDS)
        try:
            connection.request("POST", "/invocations", body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            text = content.decode("utf-8", "replace")[:500]
            kind = "ClientError" if answer.status < 500 else "AlgorithmError"
            raise _FailedError(f"{kind}: the model answered {answer.status}: {text}")
        return content

    def _send(self, name: Path, answers: list[bytes]) -> None:
        output = self._job["TransformOutput"]
        local = self._scratch.root / "output" / "answer.out"
        local.write_bytes(assembled(answers, output.get("AssembleWith", "None")))
        target = f"{output['S3OutputPath'].rstrip('/')}/{name.as_posix()}.out"
        self._transfers.send(local, target, output.get("KmsKeyId") or None)

    def _ended(self, status: str, reason: str) -> dict[str, Any]:
        fields: dict[str, Any] = {_STATUS: status}
        if reason:
            fields["FailureReason"] = reason[:1024]
        return fields


def _execution_parameters(instance: Instance) -> Mapping[str, Any]:
    """What the container proposes where the job says nothing; nothing, where it has no such path."""
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=_PARAMETERS_SECONDS)
    try:
        connection.request("GET", "/execution-parameters")
        answer = connection.getresponse()
        content = answer.read()
        found = json.loads(content) if answer.status == 200 else {}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return found if isinstance(found, dict) else {}
