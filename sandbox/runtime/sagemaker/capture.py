"""How are requests and answers kept? Sampled, as AWS's JSON lines in S3, off the path of the request.

Source: "Capture data from real-time endpoint" in the SageMaker developer guide.
"""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.sagemaker.surroundings import split_s3_uri

_INTERVAL_SECONDS = 2.0
_LARGEST_FILE = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Captured:
    """One request and its answer."""

    variant: str
    body: bytes
    content_type: str
    answer: bytes
    answer_type: str
    attributes: str
    inference_id: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Capture:
    """Writes an endpoint's captured traffic about every two seconds. `put` never waits."""

    def __init__(self, cloud: Cloud, endpoint: str, config: Mapping[str, Any], caller: Caller) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._caller = caller
        self._uri = str(config["DestinationS3Uri"]).rstrip("/")
        self._kms_key = config.get("KmsKeyId") or None
        self._share: float = config["InitialSamplingPercentage"] / 100
        self._modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        headers = config.get("CaptureContentTypeHeader") or {}
        self._csv = set(headers.get("CsvContentTypes") or ())
        self._json = set(headers.get("JsonContentTypes") or ())
        self._waiting: list[Captured] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._write_often, name=f"capture {endpoint}", daemon=True)
        self._thread.start()

    def sampled(self) -> bool:
        return self._share >= 1 or random.random() < self._share  # noqa: S311 - samples, keeps no secret

    def put(self, captured: Captured) -> None:
        with self._lock:
            self._waiting.append(captured)

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _write_often(self) -> None:
        while not self._closed.wait(_INTERVAL_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        files: dict[tuple[str, str], list[Captured]] = {}
        for captured in waiting:
            files.setdefault((captured.variant, f"{captured.at:%Y/%m/%d/%H}"), []).append(captured)
        for (variant, hour), items in files.items():
            for start in range(0, len(items), _LARGEST_FILE):
                self._write_file(variant, hour, items[start : start + _LARGEST_FILE])

    def _write_file(self, variant: str, hour: str, items: Sequence[Captured]) -> None:
        name = f"{items[0].at:%M-%S}-{items[0].at.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        bucket, key = split_s3_uri(f"{self._uri}/{self._endpoint}/{variant}/{hour}/{name}")
        body = "".join(json.dumps(self._line(item)) + "\n" for item in items).encode()
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._kms_key} if self._kms_key else {}
        try:
            client = self._cloud.client("s3", self._caller)
            client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/jsonl", **extra)
        except (ClientError, BotoCoreError) as error:
            _log.warning("%d captures of %s are lost: %s", len(items), self._endpoint, error)

    def _line(self, item: Captured) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if self._modes & {"Input", "InputAndOutput"}:
            data["endpointInput"] = self._part("INPUT", item.body, item.content_type)
        if self._modes & {"Output", "InputAndOutput"}:
            data["endpointOutput"] = self._part("OUTPUT", item.answer, item.answer_type)
        metadata = {
            "eventId": str(uuid.uuid4()),
            "inferenceTime": item.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if item.attributes:
            metadata["customAttributes"] = [item.attributes]  # type: ignore[assignment]
        if item.inference_id:
            metadata["inferenceId"] = item.inference_id
        return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}

    def _part(self, mode: str, body: bytes, content_type: str) -> dict[str, str]:
        """Text only for content types that the configuration names, as the service: else Base64."""
        kind = content_type.partition(";")[0].strip()
        encoding = "CSV" if kind in self._csv else "JSON" if kind in self._json else "BASE64"
        text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", "replace")
        return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}
