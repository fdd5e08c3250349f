"""Where does a channel take messages, and did it take this one?"""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import boto3

_TIMEOUT_SECONDS = 8


class WebhookUnusableError(Exception):
    """The secret holds no webhook. The text never shows what it holds."""

    def __init__(self, secret: str, problem: str) -> None:
        super().__init__(
            f"The secret {secret} {problem}. Allowed: a URL that begins with https:// (http:// for this "
            f"machine). Put the channel's webhook: aws secretsmanager put-secret-value --secret-id {secret} "
            "--secret-string URL"
        )


class NotTakenError(Exception):
    """The channel did not take a message. The text names no URL: whoever knows it can post."""

    def __init__(self, secret: str, reason: str) -> None:
        super().__init__(f"The channel whose webhook stands in {secret} did not take the message: {reason}")


def webhook(secret: str) -> str:
    """The URL that a secret holds. Raises WebhookUnusableError."""
    client = boto3.client("secretsmanager")
    try:
        url = str(client.get_secret_value(SecretId=secret)["SecretString"]).strip()
    except client.exceptions.ResourceNotFoundException:
        raise WebhookUnusableError(secret, "has no value yet") from None
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    if not (local or parts.scheme == "https") or not parts.hostname:
        raise WebhookUnusableError(secret, "holds no URL of a webhook")
    return url


def post(secret: str, message: dict[str, Any]) -> None:
    """Posts to the webhook that a secret holds. Raises WebhookUnusableError and NotTakenError."""
    request = urllib.request.Request(  # noqa: S310 - webhook() has looked at the scheme
        webhook(secret),
        data=json.dumps(message).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError as refused:
        said = refused.read(200).decode(errors="replace").strip()
        raise NotTakenError(secret, f"HTTP {refused.code} {said}".rstrip()) from None
    except urllib.error.URLError as unreachable:
        raise NotTakenError(secret, str(unreachable.reason)) from None
