"""Where do the keys of the pseudonyms come from? From Secrets Manager, by the secret's name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ml.container import JobFailed
from ml.privacy.pseudonyms import KeyRing

VARIABLE = "PSEUDONYM_KEYS"
"""Names the secret; `file:<path>` names a file instead, for a machine of one's own."""

_SECONDS = 10


class NoKeys(JobFailed):
    """Identifiers have to be replaced, and there is nothing to replace them by."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The contract marks identifiers that go on, but {why}. Set `groundplan:privacy` "
            "`pseudonyms: true` and bring the stack up, which makes the secret and hands its name to the "
            f"job as {VARIABLE}; on a machine of your own {VARIABLE}=file:PATH takes its text from a file."
        )


def read(environment: Mapping[str, str] = os.environ) -> KeyRing:
    """The key ring. Raises NoKeys or UnsoundKeys."""
    named = environment.get(VARIABLE, "")
    if not named:
        raise NoKeys(f"{VARIABLE} names no secret")
    if named.startswith("file:"):
        path = Path(named.removeprefix("file:"))
        if not path.is_file():
            raise NoKeys(f"there is no file {path}")
        return KeyRing.parse(path.read_text())
    return KeyRing.parse(_secret(named))


def _secret(name: str) -> str:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    # A job in isolation would wait for the network until its own time is up.
    config = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 3})
    # SageMaker tells a job its region as AWS_REGION, which boto3 does not read.
    region = os.environ.get("AWS_REGION") or None
    try:
        client = boto3.client("secretsmanager", region_name=region, config=config)
        answer = client.get_secret_value(SecretId=name)
    except ClientError as error:
        raise NoKeys(f"the secret {name} cannot be read ({error.response['Error']['Code']})") from None
    except BotoCoreError as error:
        raise NoKeys(f"the secret {name} cannot be reached ({type(error).__name__})") from None
    return str(answer["SecretString"])
