"""Asynchronous inference: requests that lie in S3, answered there, and told of on topics.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.host.clients import access_key_for
from sandbox.runtime.overlay import Caller, Cloud, ServiceError
from sandbox.runtime.sagemaker.surroundings import split_s3_uri

INTERNAL = "x-sandbox-asynchronous"
"""Header of the sandbox's own invocations: an asynchronous endpoint takes no others."""
_KIND = "sagemaker-async"
_AT_ONCE = 4
_SECONDS = 900.0
"""How long a model may take at most, the service's own limit being an hour."""
_log = logging.getLogger(__name__)


class AsynchronousInference:
    """Requests under way. They are on disk before they are answered, so that a restart goes on with them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Goes on with what a stop cut off."""
        with self._lock:
            self._pool = ThreadPoolExecutor(_AT_ONCE, "async-inference")
        for kept in self._cloud.documents.all(_KIND):
            self._submit(kept)

    def stop(self) -> None:
        """Begins nothing more."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    async def accept(
        self, endpoint: str, config: Mapping[str, Any], headers: Mapping[str, str], caller: Caller
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Takes a request; returns the answer's body and its headers. Raises ServiceError for one without an
        input."""
        source = headers.get("x-amzn-sagemaker-inputlocation", "")
        split_s3_uri(source)
        output = config["OutputConfig"]
        identity = headers.get("x-amzn-sagemaker-inference-id") or str(uuid.uuid4())
        target = f"{output['S3OutputPath'].rstrip('/')}/{uuid.uuid4()}.out"
        failure = (output.get("S3FailurePath") or output["S3OutputPath"]).rstrip("/")
        key = str(uuid.uuid4())
        failed = f"{failure}/{uuid.uuid4()}-error.out"
        kept: dict[str, Any] = {
            "id": key,
            "endpoint": endpoint,
            "account": caller.account_id,
            "region": caller.region,
            "inference": identity,
            "source": source,
            "target": target,
            "failure": failed,
            "topics": dict(output.get("NotificationConfig") or {}),
            "key": output.get("KmsKeyId") or "",
            "received": _now(),
            "headers": {
                name: headers[wire]
                for name, wire in (
                    ("content-type", "x-amzn-sagemaker-content-type"),
                    ("accept", "x-amzn-sagemaker-accept"),
                    ("x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-custom-attributes"),
                )
                if wire in headers
            },
        }
        await asyncio.to_thread(self._cloud.documents.put, _KIND, key, kept)
        self._submit(kept)
        locations = {
            "x-amzn-sagemaker-outputlocation": target,
            "x-amzn-sagemaker-failurelocation": failed,
        }
        return {"InferenceId": identity}, locations

    def _submit(self, kept: Mapping[str, Any]) -> None:
        with self._lock:
            if self._pool is not None:
                self._pool.submit(self._answer, kept)

    def _answer(self, kept: Mapping[str, Any]) -> None:
        caller = Caller(kept["account"], kept["region"])
        try:
            s3 = self._cloud.client("s3", caller)
            bucket, key = split_s3_uri(kept["source"])
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            status, kind, answer = self._invoke(kept, body)
            good = status < 400
            self._put(kept["target"] if good else kept["failure"], answer, kept["key"], caller)
            self._tell(kept, good, kind, "" if good else answer.decode("utf-8", "replace"), caller)
        except (ClientError, BotoCoreError, OSError, http.client.HTTPException) as failed:
            _log.warning("asynchronous inference %s failed: %s", kept["inference"], failed)
            self._tell(kept, False, "", str(failed), caller)
        self._cloud.documents.delete(_KIND, kept["id"])

    def _invoke(self, kept: Mapping[str, Any], body: bytes) -> tuple[int, str, bytes]:
        place = urlsplit(self._cloud.endpoint_url)
        connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=_SECONDS)
        try:
            key = access_key_for(kept["account"])
            scope = f"Credential={key}/x/{kept['region']}/sagemaker/aws4_request"
            headers = {INTERNAL: "1", "authorization": scope, **kept["headers"]}
            connection.request("POST", f"/endpoints/{kept['endpoint']}/invocations", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("content-type", ""), answer.read()
        finally:
            connection.close()

    def _put(self, uri: str, body: bytes, kms_key: str, caller: Caller) -> None:
        bucket, key = split_s3_uri(uri)
        more = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        self._cloud.client("s3", caller).put_object(Bucket=bucket, Key=key, Body=body, **more)

    def _tell(self, kept: Mapping[str, Any], good: bool, kind: str, reason: str, caller: Caller) -> None:
        topic = kept["topics"].get("SuccessTopic" if good else "ErrorTopic")
        if not topic:
            return
        notice: dict[str, Any] = {
            "awsRegion": kept["region"],
            "eventTime": _now(),
            "receivedTime": kept["received"],
            "invocationStatus": "Completed" if good else "Failed",
            "requestParameters": {"endpointName": kept["endpoint"], "inputLocation": kept["source"]},
            "inferenceId": kept["inference"],
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }
        if good:
            notice["responseParameters"] = {"contentType": kind, "outputLocation": kept["target"]}
        else:
            notice["failureReason"] = reason[:1024]
        try:
            message = {"TopicArn": topic, "Message": json.dumps(notice)}
            self._cloud.emulate("sns", "Publish", message, caller)
        except ServiceError as refused:
            _log.warning("the notice of %s is lost: %s", kept["inference"], refused)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
