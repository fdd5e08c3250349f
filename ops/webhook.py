"""The chat webhooks of a sandboxed stack: their secrets point to the sandbox's own channels."""

from __future__ import annotations

import re
from typing import Any, Final

from ops.outputs import StackOutputs
from ops.progress import Step
from ops.session import Session

_CHANNELS: Final = {"slack": "", "teams": "-teams"}
"""Channel → how the name of its local one ends."""

_CHANNEL: Final = re.compile(r"(?P<base>http://127\.0\.0\.1:\d+)(?P<path>/_sandbox/chat/.+)")


def connect_channel(session: Session, outputs: StackOutputs, step: Step) -> None:
    """Puts the URLs of the local channels into the webhooks' secrets, unless they stand there already:
    `<stack>` takes what Slack would get, `<stack>-teams` what Teams would."""
    secrets = session.client("secretsmanager")
    connected = [
        _connect(secrets, secret, f"{session.target.endpoint_url}/_sandbox/chat/{session.stack}{ending}")
        for channel, ending in _CHANNELS.items()
        if (secret := outputs.webhook_secrets.get(channel))
    ]
    if not connected:
        step.done("the stack posts to no chat channel", idle=True)
    elif not any(connected):
        step.done("the team's channel is connected", idle=True)
    else:
        step.done("the team's channel is the sandbox's own: groundplan sandbox channel shows it")


def _connect(secrets: Any, secret: str, url: str) -> bool:
    """Whether the secret had to be changed."""
    from botocore.exceptions import ClientError

    try:
        there = secrets.get_secret_value(SecretId=secret)["SecretString"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        there = None
    if there == url:
        return False
    secrets.put_secret_value(SecretId=secret, SecretString=url)
    return True


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
