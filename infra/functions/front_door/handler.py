"""Hands a caller's request on to the endpoint, where the API before it cannot: an HTTP API with tokens.

The API has checked the token. What the endpoint says against a request (4XX) reaches the caller; what is the
endpoint's own fault raises, which the caller sees as 500 and the log in full.
"""

import base64
import json
import os
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_JSON = {"content-type": "application/json"}
_runtime = None


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """`event` is API Gateway's, payload format 2.0; so is the answer."""
    global _runtime
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    fault = fault_of(body, int(os.environ["MOST_INSTANCES"]))
    if fault:
        return _refused(400, fault)
    _runtime = _runtime or boto3.client(
        "sagemaker-runtime", config=Config(read_timeout=25, retries={"max_attempts": 1})
    )
    try:
        answer = _runtime.invoke_endpoint(
            EndpointName=os.environ["ENDPOINT"],
            ContentType="application/json",
            Accept="application/json",
            Body=body,
        )
    except ClientError as error:
        status = int(str(error.response.get("OriginalStatusCode", 500)))
        if not 400 <= status < 500:
            raise
        return _refused(400, str(error.response.get("OriginalMessage", "the model refuses the request")))
    return {"statusCode": 200, "headers": _JSON, "body": answer["Body"].read().decode()}


def fault_of(body: bytes, most: int) -> str:
    """What is wrong with a request, or the empty string. `most` rows may be asked about."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return "The body is not JSON."
    instances: list[Any] = document.get("instances", []) if isinstance(document, dict) else []
    if not isinstance(instances, list) or not 1 <= len(instances) <= most:
        return f'The body must be {{"instances": […]}} with 1 to {most} rows.'
    return ""


def _refused(status: int, told: str) -> dict[str, Any]:
    return {"statusCode": status, "headers": _JSON, "body": json.dumps({"message": told})}
