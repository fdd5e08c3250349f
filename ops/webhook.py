"""The chat webhook of a sandboxed stack: its secret points to the sandbox's own channel."""

from __future__ import annotations

import re
from typing import Any, Final

from ops.outputs import StackOutputs
from ops.progress import Step
from ops.session import Session

_CHANNEL: Final = re.compile(r"(?P<base>http://127\.0\.0\.1:\d+)(?P<path>/_sandbox/chat/.+)")


def connect_channel(session: Session, outputs: StackOutputs, step: Step) -> None:
    """Puts the local channel's URL into the webhook secret, unless one stands there already."""
    from botocore.exceptions import ClientError

    url = f"{session.target.endpoint_url}/_sandbox/chat/{session.stack}"
    secrets = session.client("secretsmanager")
    try:
        there = secrets.get_secret_value(SecretId=outputs.webhook_secret)["SecretString"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        there = None
    if there == url:
        step.done("the team's channel is connected", idle=True)
        return
    secrets.put_secret_value(SecretId=outputs.webhook_secret, SecretString=url)
    step.done("the team's channel is the sandbox's own: groundplan sandbox channel shows it")


def follow_the_sandbox(secrets: Any, endpoint: str) -> list[str]:
    """Turns webhooks that point to where the sandbox ran before to where it runs now; their secrets' names.

    The port that it keeps may have been taken while it was stopped. `secrets` is boto3's client of Secrets
    Manager.
    """
    turned = []
    for page in secrets.get_paginator("list_secrets").paginate():
        for entry in page["SecretList"]:
            try:
                value = secrets.get_secret_value(SecretId=entry["ARN"]).get("SecretString", "")
            except secrets.exceptions.ResourceNotFoundException:
                # One without a value yet.
                continue
            found = _CHANNEL.fullmatch(value)
            if found and found["base"] != endpoint:
                secrets.put_secret_value(SecretId=entry["ARN"], SecretString=f"{endpoint}{found['path']}")
                turned.append(str(entry["Name"]))
    return turned
