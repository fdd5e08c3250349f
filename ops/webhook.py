"""The chat webhook of a sandboxed stack: its secret points to the sandbox's own channel."""

from __future__ import annotations

from ops.outputs import StackOutputs
from ops.progress import Step
from ops.session import Session


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
