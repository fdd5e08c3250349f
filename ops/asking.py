"""How is an endpoint asked? At once, or through S3 where it answers later."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from ops.errors import CommandError
from ops.outputs import StackOutputs
from ops.parking import describe, gone
from ops.session import Session

_REQUESTS: Final = "requests"
_LONGEST_SECONDS: Final = 900.0
"""For a first instance that has yet to start."""
_PAUSE_SECONDS: Final = 0.2


class AskingFailedError(CommandError):
    """An asynchronous request that failed, or was not answered in time."""


@dataclass(frozen=True)
class Asked:
    """What came of a request. `seconds` is the whole call, as a client sees it."""

    scores: Sequence[float]
    seconds: float
    variant: str


class Endpoint:
    """The stack's endpoint, asked in the way of its mode."""

    def __init__(self, session: Session, outputs: StackOutputs) -> None:
        self.name, self._intended = outputs.released
        self._session = session
        self._bucket = outputs.zones.get("captures", "")
        self._runtime = session.client("sagemaker-runtime")

    def ask(self, requests: Sequence[Mapping[str, Any]]) -> Asked:
        """Asks about several cases at once. Raises `ParkedError` for a parked endpoint."""
        body = json.dumps({"instances": [dict(one) for one in requests]})
        began = time.perf_counter()
        if self._intended.mode == "asynchronous":
            content, variant = self._later(body), self._intended.variant
        else:
            content, variant = self._at_once(body)
        seconds = time.perf_counter() - began
        return Asked([float(one["probability"]) for one in content["predictions"]], seconds, variant)

    def _at_once(self, body: str) -> tuple[Any, str]:
        from botocore.exceptions import ClientError

        try:
            answer = self._runtime.invoke_endpoint(
                EndpointName=self.name, ContentType="application/json", Accept="application/json", Body=body
            )
        except ClientError:
            if describe(self._session, self.name) is None:
                raise gone(self._session, self.name) from None
            raise
        return json.loads(answer["Body"].read()), answer.get("InvokedProductionVariant", "")

    def _later(self, body: str) -> Any:
        if describe(self._session, self.name) is None:
            raise gone(self._session, self.name)
        s3 = self._session.client("s3")
        key = f"{self.name}/{_REQUESTS}/{hashlib.sha256(body.encode()).hexdigest()[:16]}.json"
        s3.put_object(Bucket=self._bucket, Key=key, Body=body.encode(), ContentType="application/json")
        accepted = self._runtime.invoke_endpoint_async(
            EndpointName=self.name,
            ContentType="application/json",
            Accept="application/json",
            InputLocation=f"s3://{self._bucket}/{key}",
        )
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            answered = _read(s3, accepted["OutputLocation"])
            if answered is not None:
                return json.loads(answered)
            failed = _read(s3, accepted.get("FailureLocation", ""))
            if failed is not None:
                raise AskingFailedError(f"the endpoint '{self.name}' could not answer: {failed}")
            time.sleep(_PAUSE_SECONDS)
        raise AskingFailedError(
            f"the endpoint '{self.name}' has not answered within {_LONGEST_SECONDS:.0f} s",
            f"its answer will lie in {accepted['OutputLocation']}",
        )


def _read(s3: Any, uri: str) -> str | None:
    place = urlsplit(uri)
    if not uri:
        return None
    try:
        answer = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    except s3.exceptions.NoSuchKey:
        return None
    return str(answer["Body"].read().decode("utf-8"))
